#include "helioctl/pki/pki_index.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/check.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kMostCertificates = 1'000'000;
constexpr std::size_t kLongestText = 256;
constexpr std::array<std::string_view, 4> kIndexFields{"apiVersion", "kind", "crlNumber", "certificates"};
constexpr std::array<std::string_view, 8> kCertificateFields{"serial",    "name",     "role",    "owner",
                                                             "notBefore", "notAfter", "revoked", "reason"};
constexpr std::array<std::pair<pki::Reason, std::string_view>, 6> kReasons{
    {{pki::Reason::kUnspecified, "unspecified"},
     {pki::Reason::kKeyCompromise, "keyCompromise"},
     {pki::Reason::kAffiliationChanged, "affiliationChanged"},
     {pki::Reason::kSuperseded, "superseded"},
     {pki::Reason::kCessationOfOperation, "cessationOfOperation"},
     {pki::Reason::kPrivilegeWithdrawn, "privilegeWithdrawn"}}};

constexpr const char* kFix = "restore the file from a copy: helioctl wrote it otherwise";

std::string RequireText(const Mapping& mapping, std::string_view field) {
  const auto value = mapping.Require(field, kFix);
  return value ? value->Text(kLongestText).value_or("") : "";
}

std::uint64_t ReadTime(const Value& value) {
  const auto text = value.Scalar("a time");
  if (!text) return 0;
  const auto time = ParseRfc3339(*text);
  if (!time.ok()) value.Report(time.status().reason(), kFix);
  return time.ok() ? *time / kNsPerSecond : 0;
}

std::uint64_t RequireTime(const Mapping& mapping, std::string_view field) {
  const auto value = mapping.Require(field, kFix);
  return value ? ReadTime(*value) : 0;
}

IssuedCertificate ReadCertificate(const Value& value) {
  const Mapping mapping(value, kCertificateFields);
  IssuedCertificate issued;
  issued.serial = RequireText(mapping, "serial");
  issued.name = RequireText(mapping, "name");
  issued.role = RequireText(mapping, "role");
  if (const auto owner = mapping.Find("owner")) issued.owner = owner->Text(kLongestText).value_or("");
  issued.validity = {RequireTime(mapping, "notBefore"), RequireTime(mapping, "notAfter")};
  if (const auto revoked = mapping.Find("revoked")) issued.revoked_s = ReadTime(*revoked);
  if (const auto reason = mapping.Find("reason")) {
    const auto parsed = ParseReason(reason->Text(kLongestText).value_or(""));
    if (!parsed.ok()) reason->Report(parsed.status().reason(), parsed.status().fix());
    if (parsed.ok()) issued.reason = *parsed;
  }
  return issued;
}

std::string TimeText(std::uint64_t seconds) { return Rfc3339(seconds * kNsPerSecond); }

}  // namespace

std::string PkiIndexText(const PkiIndex& index) {
  Json certificates = Json::array();
  for (const IssuedCertificate& issued : index.issued) {
    Json json{{"serial", issued.serial}, {"name", issued.name}, {"role", issued.role}};
    if (!issued.owner.empty()) json["owner"] = issued.owner;
    json["notBefore"] = TimeText(issued.validity.not_before_s);
    json["notAfter"] = TimeText(issued.validity.not_after_s);
    if (issued.revoked_s != 0) {
      json["revoked"] = TimeText(issued.revoked_s);
      json["reason"] = ReasonName(issued.reason);
    }
    certificates.push_back(std::move(json));
  }
  return YamlText(Json{{"apiVersion", "heliostat/v1"},
                       {"kind", "PkiIndex"},
                       {"crlNumber", index.list_number},
                       {"certificates", std::move(certificates)}});
}

Result<PkiIndex> ParsePkiIndex(const std::string& path, const std::string& text) {
  PkiIndex index;
  std::vector<Problem> problems;
  const YamlSource source{path, &problems};
  try {
    const Mapping mapping(Value(&source, YAML::Load(text), "index"), kIndexFields);
    if (const auto number = mapping.Require("crlNumber", kFix)) {
      index.list_number = number->Integer(0, std::numeric_limits<std::uint32_t>::max()).value_or(0);
    }
    if (const auto certificates = mapping.Require("certificates", kFix)) {
      for (const Value& value : certificates->List(kMostCertificates)) index.issued.push_back(ReadCertificate(value));
    }
  } catch (const YAML::Exception& exception) {
    const Place place{path, exception.mark.line + 1, exception.mark.column + 1};
    problems.push_back({place, Status(Code::kDataLoss, "", exception.msg, kFix)});
  }
  if (problems.empty()) return index;
  const Problem& first = problems.front();
  const std::string subject = first.status.subject();
  return Status(Code::kDataLoss, first.place.ToString() + (subject.empty() ? "" : ": " + subject),
                first.status.reason(), first.status.fix());
}

std::string_view ReasonName(pki::Reason reason) {
  for (const auto& [value, name] : kReasons) {
    if (value == reason) return name;
  }
  return "unspecified";
}

Result<pki::Reason> ParseReason(const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& [value, reason_name] : kReasons) {
    if (reason_name == name) return value;
    names.push_back(reason_name);
  }
  return Status(Code::kInvalidArgument, "reason", config::Quoted(name) + " is none", Suggestion(name, names, "give"));
}

const std::vector<std::string>& ReasonNames() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [value, name] : kReasons) all.emplace_back(name);
    return all;
  }();
  return names;
}

}  // namespace heliostat::helioctl
