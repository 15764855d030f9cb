// Looks at the bytes of a message before nanopb decodes them: nanopb drops unknown fields, cuts what is too long with
// an error that names no path, and does not check UTF-8.
#pragma once

#include <pb.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/status.h"

namespace heliostat::codec {

// Reads varints and lengths from a span, and nothing behind it.
class WireReader {
 public:
  explicit WireReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  [[nodiscard]] bool AtEnd() const { return bytes_.empty(); }
  bool Varint(std::uint64_t* value);                 // false: cut short, or more than 64 bits
  bool Bytes(std::span<const std::uint8_t>* bytes);  // a length and that many bytes

 private:
  std::span<const std::uint8_t> bytes_;
};

// The first field of that tag that is a number, or has content, in a message that may be damaged behind it; nothing
// when there is none.
[[nodiscard]] std::optional<std::uint64_t> FindNumber(std::span<const std::uint8_t> bytes, std::uint32_t tag);
[[nodiscard]] std::optional<std::span<const std::uint8_t>> FindContent(std::span<const std::uint8_t> bytes,
                                                                       std::uint32_t tag);

// Ok when `bytes` is a message of this type within its bounds: every field is known, of the right wire type, not
// repeated beyond its count, every number fits, every enum value exists, every string is UTF-8 without NUL. A field
// that is not repeated may be given once. Recursion is as deep as the contract's messages nest. A field that is
// FT_CALLBACK in the bounds must be known and whole, but is not looked into: whoever reads it piece by piece does that.
[[nodiscard]] Status ScanMessage(std::span<const std::uint8_t> bytes, const pb_msgdesc_t* descriptor);

}  // namespace heliostat::codec
