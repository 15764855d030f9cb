// Fields of a message -> bytes, appended to a string: what is written around nanopb's messages, and their texts.
#pragma once

#include <pb.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heliostat::codec {

void AppendVarint(std::uint64_t value, std::string* out);
// A number that is 0 is left out: it is the default.
void AppendNumber(std::uint32_t tag, std::uint64_t value, std::string* out);
void AppendBytes(std::uint32_t tag, std::string_view bytes, std::string* out);
// `message` is of the type that `descriptor` describes, and has no callbacks.
void AppendMessage(const pb_msgdesc_t* descriptor, const void* message, std::string* out);

// As much of the text as goes into `size` bytes with its NUL, cut at a character; what is not UTF-8 becomes `?`.
void CutText(std::string_view text, char* out, std::size_t size);

template <std::size_t kSize>
void CutText(std::string_view text, char (&out)[kSize]) {
  CutText(text, out, kSize);
}

}  // namespace heliostat::codec
