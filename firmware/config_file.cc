#include "config_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "codec/codec.h"
#include "config/tunnel_ids.h"

namespace heliostat {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{256} << 20U;

// An encoded configuration has the number of a field or a small length among its first bytes, which no text has.
bool IsText(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, 256);
  return !start.empty() && std::none_of(start.begin(), start.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x7f || (byte < 0x20 && c != '\n' && c != '\r' && c != '\t');
  });
}

}  // namespace

Status NotDecoded(Status error, const std::string& path, std::string_view bytes, std::string_view command) {
  if (!IsText(bytes)) return std::move(error).Within(path);
  return {Code::kInvalidArgument, path, "it is text", "encode it: helioctl " + std::string(command)};
}

ConfigFile::Stamp ConfigFile::Look() const {
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_mtim.tv_sec, info.st_mtim.tv_nsec, info.st_size};
}

bool ConfigFile::Changed() const {
  const Stamp now = Look();
  return now.inode != 0 && now != stamp_;
}

Result<std::shared_ptr<const config::Config>> ConfigFile::Read() {
  // The file is looked at before it is read, so that a change meanwhile is read again.
  stamp_ = Look();
  Result<std::string> bytes = ReadFile(path_, kMaxConfigBytes);
  if (!bytes.ok()) return bytes.status();
  Result<config::Config> config =
      codec::DecodeConfig({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()}, limits_);
  if (!config.ok()) return NotDecoded(config.status(), path_, *bytes, "compile -f FILE -o CONFIG.bin");
  config->picked_ids = picked_ids_;
  Status picked = config::PickTunnelIds(*config);
  if (!picked.ok()) return std::move(picked).Within(path_);
  picked_ids_ = config->picked_ids;
  return std::make_shared<const config::Config>(std::move(*config));
}

}  // namespace heliostat
