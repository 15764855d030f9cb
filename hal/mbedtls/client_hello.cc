#include "mbedtls/client_hello.h"

#include <cstddef>

namespace heliostat::hal::mbedtls {
namespace {

constexpr std::size_t kSupportedVersions = 43;
constexpr std::size_t kTls12 = 0x0303;

// Takes bytes from the front; what is not there reads as nothing.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }

  std::span<const std::uint8_t> Take(std::size_t count) {
    if (count > rest_.size()) count = rest_.size();
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  std::size_t Number(std::size_t bytes) {
    std::size_t value = 0;
    for (const std::uint8_t byte : Take(bytes)) value = value << 8U | byte;
    return value;
  }

  // What a length of so many bytes stands before.
  std::span<const std::uint8_t> Vector(std::size_t length_bytes) { return Take(Number(length_bytes)); }

 private:
  std::span<const std::uint8_t> rest_;
};

}  // namespace

bool LeavesOutTls12(std::span<const std::uint8_t> message) {
  Reader hello(message);
  (void)hello.Take(1 + 3 + 2 + 32);  // type, length, version, random
  (void)hello.Vector(1);             // session
  (void)hello.Vector(2);             // cipher suites
  (void)hello.Vector(1);             // compression methods
  Reader extensions(hello.Vector(2));
  while (!extensions.empty()) {
    const std::size_t type = extensions.Number(2);
    Reader extension(extensions.Vector(2));
    if (type != kSupportedVersions) continue;
    Reader versions(extension.Vector(1));
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
