// Fields of a message -> bytes, appended to a string: what is written around nanopb's messages, and their texts.
#pragma once

#include <pb.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace heliostat::codec {

void AppendVarint(std::uint64_t value, std::string* out);
// A number that is 0 is left out: it is the default.
void AppendNumber(std::uint32_t tag, std::uint64_t value, std::string* out);
void AppendBytes(std::uint32_t tag, std::string_view bytes, std::string* out);
// `message` is of the type that `descriptor` describes, and has no callbacks.
void AppendMessage(const pb_msgdesc_t* descriptor, const void* message, std::string* out);

// Copies as much of the text as goes into the array with its NUL.
template <std::size_t kSize>
void CutText(std::string_view text, char (&out)[kSize]) {
  out[heliostat::CutText(text, std::span(out).template first<kSize - 1>())] = '\0';
}

}  // namespace heliostat::codec
