#include "helioctl/card/context_file.h"

#include <fcntl.h>
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "base/address.h"
#include "config/check.h"
#include "helioctl/card/context.h"
#include "helioctl/cli/environment.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/spelling.h"
#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kApiVersion = "heliostat/v1";
constexpr std::string_view kKind = "Config";
constexpr std::size_t kMostContexts = 10'000;
constexpr std::size_t kLongestPath = 4096;
constexpr std::size_t kLongestHost = 255;
constexpr int kMostLinks = 40;  // as Linux
constexpr std::array<std::string_view, 4> kFileFields{"apiVersion", "kind", "currentContext", "contexts"};
constexpr std::array<std::string_view, 7> kContextFields{"name",        "card",       "serverName", "ca",
                                                         "certificate", "privateKey", "crl"};

void ReadText(const Mapping& mapping, std::string_view field, std::string& text) {
  if (const auto value = mapping.Find(field)) text = value->Text(kLongestPath).value_or("");
}

ContextEntry ReadEntry(const Value& value) {
  const Mapping mapping(value, kContextFields);
  ContextEntry entry;
  entry.place = value.place();
  if (const auto name = mapping.Require("name", "give the context a name")) entry.name = name->Name().value_or("");
  ReadText(mapping, "card", entry.card);
  ReadText(mapping, "serverName", entry.server_name);
  ReadText(mapping, "ca", entry.ca);
  ReadText(mapping, "certificate", entry.certificate);
  ReadText(mapping, "privateKey", entry.private_key);
  ReadText(mapping, "crl", entry.crl);
  if (const auto card = mapping.Find("card"); card && !entry.card.empty()) {
    const auto address = ParseCardAddress(entry.card);
    if (!address.ok()) card->Report(address.status().reason(), address.status().fix());
  }
  return entry;
}

void CheckFixed(const Mapping& mapping, std::string_view field, std::string_view wanted) {
  const auto value = mapping.Require(field, "write " + std::string(field) + ": " + std::string(wanted));
  if (!value) return;
  const auto text = value->Scalar(wanted);
  if (text && *text != wanted) {
    value->Report(config::Quoted(*text) + " is not known here", "write " + std::string(wanted));
  }
}

void ReadContexts(const YAML::Node& document, const YamlSource& source, ContextFile& file) {
  const Mapping mapping(Value(&source, document, "contexts file"), kFileFields);
  CheckFixed(mapping, "apiVersion", kApiVersion);
  CheckFixed(mapping, "kind", kKind);
  ReadText(mapping, "currentContext", file.current);
  const auto contexts = mapping.Find("contexts");
  if (!contexts || contexts->node().IsNull()) return;
  for (const Value& value : contexts->List(kMostContexts)) {
    ContextEntry entry = ReadEntry(value);
    if (!entry.name.empty() && file.Find(entry.name) != nullptr) {
      value.Report("there are two contexts called " + config::Quoted(entry.name), "rename or remove one");
    }
    file.contexts.push_back(std::move(entry));
  }
}

Status AsStatus(const Problem& problem) {
  const std::string place = problem.place.ToString();
  const Status& status = problem.status;
  return Status(Code::kInvalidArgument, status.subject().empty() ? place : place + ": " + status.subject(),
                status.reason(), status.fix());
}

std::string FileText(const ContextFile& file) {
  const auto put = [](Json& json, const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  Json contexts = Json::array();
  for (const ContextEntry& entry : file.contexts) {
    Json& context = contexts.emplace_back(Json::object());
    put(context, "name", entry.name);
    put(context, "card", entry.card);
    put(context, "serverName", entry.server_name);
    put(context, "ca", entry.ca);
    put(context, "certificate", entry.certificate);
    put(context, "privateKey", entry.private_key);
    put(context, "crl", entry.crl);
  }
  Json json{{"apiVersion", kApiVersion}, {"kind", kKind}};
  put(json, "currentContext", file.current);
  json["contexts"] = contexts;
  return YamlText(json);
}

// What is put in the place of a link is not where it led.
fs::path BehindLinks(const std::string& path) {
  std::error_code error;
  fs::path target = fs::absolute(path, error);
  for (int links = 0; links < kMostLinks && fs::is_symlink(target, error); ++links) {
    target = target.parent_path() / fs::read_symlink(target, error);  // an absolute one stays
  }
  return target;
}

bool IsHostName(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_';
  };
  return !host.empty() && host.size() <= kLongestHost && std::all_of(host.begin(), host.end(), allowed);
}

// With the interface that a link-local address is on: `fe80::1%eth0`.
bool IsIpv6(std::string_view host) {
  const auto percent = host.find('%');
  const auto address = IpAddress::Parse(host.substr(0, percent));
  return address && address->family == IpFamily::kIpv6 &&
         (percent == std::string_view::npos || IsHostName(host.substr(percent + 1)));
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

const ContextEntry* ContextFile::Find(std::string_view name) const {
  const auto found = std::find_if(contexts.begin(), contexts.end(), [&](const auto& c) { return c.name == name; });
  return found == contexts.end() ? nullptr : &*found;
}

ContextEntry* ContextFile::Find(std::string_view name) {
  return const_cast<ContextEntry*>(static_cast<const ContextFile*>(this)->Find(name));
}

std::vector<std::string_view> ContextFile::Names() const {
  std::vector<std::string_view> names;
  for (const ContextEntry& entry : contexts) names.push_back(entry.name);
  return names;
}

std::string ContextFile::Resolve(const std::string& path_in_file) const {
  if (path_in_file.empty()) return path_in_file;
  return (fs::path(path).parent_path() / path_in_file).lexically_normal().string();  // an absolute one stays
}

std::string ContextFilePath() {
  if (const std::string file = Environment("HELIOSTAT_CONFIG"); !file.empty()) return file;
  if (const std::string folder = Environment("XDG_CONFIG_HOME"); !folder.empty()) {
    return folder + "/heliostat/config.yaml";
  }
  const std::string home = Environment("HOME");
  return home.empty() ? home : home + "/.config/heliostat/config.yaml";
}

Result<ContextFile> ReadContextFile() {
  ContextFile file;
  file.path = ContextFilePath();
  std::error_code error;
  if (file.path.empty() || !fs::exists(file.path, error)) return file;
  std::istringstream none;
  const auto text = ReadFile(file.path, none);
  if (!text.ok()) return text.status();
  std::vector<Problem> problems;
  const YamlSource source{file.path, &problems};
  try {
    const YAML::Node document = YAML::Load(text->text);
    if (!document.IsNull()) ReadContexts(document, source, file);
  } catch (const YAML::Exception& exception) {
    const Place place{file.path, exception.mark.line + 1, exception.mark.column + 1};
    problems.push_back({place, Status(Code::kInvalidArgument, "", exception.msg, "correct the YAML there")});
  }
  if (!problems.empty()) return AsStatus(problems.front());
  return file;
}

ContextChange::ContextChange(std::string target, FileLock lock, ContextFile file)
    : target_(std::move(target)), lock_(std::move(lock)), file_(std::move(file)) {}

Result<ContextChange> ContextChange::Begin() {
  const std::string path = ContextFilePath();
  if (path.empty()) {
    return Status(Code::kFailedPrecondition, "contexts", "there is no home folder to keep them in",
                  "set HELIOSTAT_CONFIG to a file");
  }
  const fs::path target = BehindLinks(path);
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) {
    return Status(Code::kUnavailable, target.parent_path().string(), "can't be made: " + error.message(),
                  "set HELIOSTAT_CONFIG to a file that can be written");
  }
  auto lock = FileLock::Take(target.string() + ".lock", O_RDWR | O_CREAT);
  if (!lock.ok()) return lock.status();
  auto file = ReadContextFile();
  if (!file.ok()) return file.status();
  return ContextChange(target.string(), std::move(lock).value(), std::move(file).value());
}

Status ContextChange::Write() const {
  std::ostringstream none;
  HELIOSTAT_RETURN_IF_ERROR(WriteFile(target_, FileText(file_), none));
  return KeepNameOf(target_);
}

Result<CardAddress> ParseCardAddress(const std::string& text) {
  const auto wrong = [&](std::string reason, std::string fix) {
    return Status(Code::kInvalidArgument, "card", config::Quoted(text) + std::move(reason), std::move(fix));
  };
  std::string host = text;
  std::string_view rest;
  if (text.starts_with("[")) {
    const auto bracket = text.find(']');
    if (bracket == std::string::npos) return wrong(" has no closing bracket", "write [ADDRESS] or [ADDRESS]:PORT");
    host = text.substr(1, bracket - 1);
    rest = std::string_view(text).substr(bracket + 1);
    if (!IsIpv6(host)) return wrong(" has no IPv6 address in its brackets", "write one such as [2001:db8::1]:8789");
  } else if (std::count(text.begin(), text.end(), ':') > 1) {
    return wrong(" is ambiguous: where does the port begin?", "write an IPv6 address as [ADDRESS] or [ADDRESS]:PORT");
  } else if (const auto colon = text.find(':'); colon != std::string::npos) {
    host = text.substr(0, colon);
    rest = std::string_view(text).substr(colon);
  }
  if (!text.starts_with("[") && !IsHostName(host)) {
    return wrong(" is not an address", "write HOST or HOST:PORT, such as 192.0.2.10:8789");
  }
  if (rest.empty()) return CardAddress{host, kControlPort};
  const auto port = rest.front() == ':' ? ParsePort(rest.substr(1)) : std::nullopt;
  if (!port) return wrong(" has no port 1..65535 behind its address", "write HOST:PORT, such as 192.0.2.10:8789");
  return CardAddress{host, *port};
}

std::string CardAddressText(const std::string& host, std::uint16_t port) {
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Status NoSuchContext(const ContextFile& file, const std::string& name) {
  const auto names = file.Names();
  const std::string fix = names.empty() ? "make one: helioctl pki init, or helioctl context set " + name
                                        : Suggestion(name, names, "the contexts are");
  return Status(Code::kNotFound, "context " + config::Quoted(name), "is not in " + file.path, fix);
}

}  // namespace heliostat::helioctl
