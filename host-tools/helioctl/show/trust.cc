#include "helioctl/show/trust.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "helioctl/card/card_change.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/fields.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/show/audit.h"
#include "pki/reading.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kMostTrustBytes = 60 * 1024;  // of a request, whose frame holds 64 KiB

std::uint64_t NowNs() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void AddCertificate(const std::string& title, const v1::CertificateInfo& certificate, std::uint64_t now_ns,
                    Fields& fields) {
  const std::uint64_t from_ns = certificate.not_before_s() * kNsPerSecond;
  const std::uint64_t to_ns = certificate.not_after_s() * kNsPerSecond;
  fields.Add(title, certificate.subject());
  fields.Add("  issuer", certificate.issuer());
  fields.Add("  serial", certificate.serial());
  const bool early = now_ns < from_ns;
  const bool late = now_ns > to_ns;
  fields.Add("  valid",
             fmt::format("{} to {}{}", LocalTime(from_ns), LocalTime(to_ns),
                         early  ? ", not yet"
                         : late ? ", no more"
                                : fmt::format(", {} left", Duration((to_ns - now_ns) / kNsPerSecond))),
             early || late ? Tone::kBad : Tone::kPlain);
  fields.Add("  SHA-256", HexText(certificate.sha256()));
}

Json CertificateJson(const v1::CertificateInfo& certificate) {
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", certificate.serial()},
          {"notBefore", Rfc3339(certificate.not_before_s() * kNsPerSecond)},
          {"notAfter", Rfc3339(certificate.not_after_s() * kNsPerSecond)},
          {"sha256", HexText(certificate.sha256())}};
}

Result<std::optional<std::string>> ReadPart(const std::string& path, Streams streams) {
  if (path.empty()) return std::optional<std::string>();
  const auto file = ReadFile(path, streams.in);
  if (!file.ok()) return file.status();
  if (file->text.empty()) {
    return Status(Code::kInvalidArgument, path, "is empty", "give a file in PEM or DER");
  }
  return std::optional(file->text);
}

struct TrustParts {
  std::optional<std::string> ca, certificate, private_key, crl;
};

Result<TrustParts> ReadParts(const TrustFiles& files, Streams streams) {
  TrustParts parts;
  for (const auto& [path, part] :
       {std::pair(&files.ca, &parts.ca), std::pair(&files.certificate, &parts.certificate),
        std::pair(&files.private_key, &parts.private_key), std::pair(&files.crl, &parts.crl)}) {
    auto read = ReadPart(*path, streams);
    if (!read.ok()) return read.status();
    *part = std::move(*read);
  }
  return parts;
}

// What the card would refuse too, but before a key has left this computer.
Status CheckParts(const TrustFiles& files, const TrustParts& parts) {
  if (parts.ca) {
    const auto ca = pki::ReadCertificate(*parts.ca);
    if (!ca.ok()) return ca.status().Within(files.ca);
    if (!ca->authority) {
      return {Code::kInvalidArgument, files.ca, "is the certificate of " + ca->subject + ", which is no authority",
              "give the authority's, such as pki/ca.pem"};
    }
  }
  if (parts.certificate) {
    const auto certificate = pki::ReadCertificate(*parts.certificate);
    if (!certificate.ok()) return certificate.status().Within(files.certificate);
    if (!certificate->server) {
      return {Code::kInvalidArgument, files.certificate, "is not for a card: " + certificate->subject,
              "give one made by `helioctl pki issue card`"};
    }
  }
  if (parts.private_key) {
    const Status key = parts.certificate ? pki::CheckKeyPair(*parts.certificate, *parts.private_key)
                                         : pki::CheckPrivateKey(*parts.private_key);
    if (!key.ok()) return Status(key).Within(files.private_key);
  }
  if (parts.crl) {
    const auto list = pki::ReadRevocationList(*parts.crl);
    if (!list.ok()) return list.status().Within(files.crl);
  }
  std::size_t bytes = 0;
  for (const auto* part : {&parts.ca, &parts.certificate, &parts.private_key, &parts.crl}) {
    bytes += *part ? (*part)->size() : 0;
  }
  if (bytes > kMostTrustBytes) {
    return {Code::kResourceExhausted, "", fmt::format("the files are {} together", ByteSize(bytes)),
            "give them in several commands, or as DER"};
  }
  return OkStatus();
}

}  // namespace

std::string TrustText(const v1::TrustInfo& trust, std::uint64_t now_ns, const TableStyle& style) {
  Fields fields;
  AddCertificate("Authority", trust.ca(), now_ns, fields);
  AddCertificate("Card", trust.certificate(), now_ns, fields);
  if (!trust.has_crl()) {
    fields.Add("Revoked", "no list");
    return fields.Render(style);
  }
  const std::uint64_t next_ns = trust.crl_next_update_s() * kNsPerSecond;
  fields.Add("Revoked",
             fmt::format("{}, by a list {}", trust.revoked(),
                         next_ns == 0 ? "without an end" : fmt::format("to be renewed by {}", LocalTime(next_ns))),
             next_ns != 0 && next_ns < now_ns ? Tone::kWarning : Tone::kPlain);
  return fields.Render(style);
}

Json TrustJson(const v1::TrustInfo& trust) {
  Json json{{"ca", CertificateJson(trust.ca())}, {"certificate", CertificateJson(trust.certificate())}};
  if (trust.has_crl()) {
    json["crl"] = {{"revoked", trust.revoked()}};
    if (trust.crl_next_update_s() != 0) {
      json["crl"]["nextUpdate"] = Rfc3339(trust.crl_next_update_s() * kNsPerSecond);
    }
  }
  return json;
}

int ShowTrust(const TrustOptions& options, Streams streams) {
  const auto card = OpenCard(options.card);
  if (!card.ok()) return Fail(card.status(), streams);
  v1::Request request;
  request.mutable_get_trust();
  const auto response = (*card)->Call(std::move(request));
  if (!response.ok()) return Fail(response.status(), streams);
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(TrustJson(response->trust())); break;
    case Format::kYaml: streams.out << YamlText(TrustJson(response->trust())); break;
    default: streams.out << TrustText(response->trust(), NowNs(), StyleOf(options.output, streams.out)); break;
  }
  return kDone;
}

int SetTrust(const TrustFiles& files, Streams streams) {
  const auto parts = ReadParts(files, streams);
  if (!parts.ok()) return Fail(parts.status(), streams);
  if (!parts->ca && !parts->certificate && !parts->private_key && !parts->crl) {
    return Fail({Code::kInvalidArgument, "", "nothing is to be set", "give --ca, --certificate, --key or --crl"},
                streams);
  }
  if (const Status good = CheckParts(files, *parts); !good.ok()) return Fail(good, streams);
  const auto card = OpenCard(files.card);
  if (!card.ok()) return Fail(card.status(), streams);
  v1::Request request;
  v1::SetTrust& trust = *request.mutable_set_trust();
  if (parts->ca) trust.set_ca(*parts->ca);
  if (parts->certificate) trust.set_certificate(*parts->certificate);
  if (parts->private_key) trust.set_private_key(*parts->private_key);
  if (parts->crl) trust.set_crl(*parts->crl);
  trust.set_allow_lockout(files.allow_lockout);
  const auto response = (*card)->Call(std::move(request));
  if (!response.ok()) return FailToSet(response.status(), (*card)->broken(), "helioctl trust show", streams);
  streams.out << "the card's trust is set; connections from now on are judged by it\n";
  return kDone;
}

}  // namespace heliostat::helioctl
