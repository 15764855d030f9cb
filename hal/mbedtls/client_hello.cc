#include "mbedtls/client_hello.h"

#include <cstddef>

#include "mbedtls/message_reader.h"

namespace heliostat::hal::mbedtls {
namespace {

constexpr std::size_t kSupportedVersions = 43;
constexpr std::size_t kTls12 = 0x0303;

}  // namespace

bool LeavesOutTls12(std::span<const std::uint8_t> message) {
  MessageReader hello(message);
  (void)hello.Take(1 + 3 + 2 + 32);  // type, length, version, random
  (void)hello.Vector(1);             // session
  (void)hello.Vector(2);             // cipher suites
  (void)hello.Vector(1);             // compression methods
  MessageReader extensions(hello.Vector(2));
  while (!extensions.empty()) {
    const std::size_t type = extensions.Number(2);
    MessageReader extension(extensions.Vector(2));
    if (type != kSupportedVersions) continue;
    MessageReader versions(extension.Vector(1));
    bool any = false;
    while (!versions.empty()) {
      if (versions.Number(2) == kTls12) return false;
      any = true;
    }
    return any;
  }
  return false;
}

}  // namespace heliostat::hal::mbedtls
