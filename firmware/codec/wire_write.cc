#include "codec/wire_write.h"

#include <pb_encode.h>

#include <cassert>

namespace heliostat::codec {

void AppendVarint(std::uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>((value & 0x7f) | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendNumber(std::uint32_t tag, std::uint64_t value, std::string* out) {
  if (value == 0) return;
  AppendVarint(std::uint64_t{tag} << 3 | PB_WT_VARINT, out);
  AppendVarint(value, out);
}

void AppendBytes(std::uint32_t tag, std::string_view bytes, std::string* out) {
  AppendVarint(std::uint64_t{tag} << 3 | PB_WT_STRING, out);
  AppendVarint(bytes.size(), out);
  out->append(bytes);
}

void AppendMessage(const pb_msgdesc_t* descriptor, const void* message, std::string* out) {
  // The message is sized first: a string that grows may throw, and must not do so through nanopb's frames.
  std::size_t size = 0;
  [[maybe_unused]] bool encoded = pb_get_encoded_size(&size, descriptor, message);
  assert(encoded);
  const std::size_t begin = out->size();
  out->resize(begin + size);
  pb_ostream_t stream = pb_ostream_from_buffer(reinterpret_cast<pb_byte_t*>(out->data() + begin), size);
  // Fails only for a text without NUL or a count past its array: every writer here holds to both.
  encoded = pb_encode(&stream, descriptor, message);
  assert(encoded);
}

}  // namespace heliostat::codec
