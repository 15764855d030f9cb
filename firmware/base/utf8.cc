#include "base/utf8.h"

#include <algorithm>

namespace heliostat {
namespace {

// The length of the UTF-8 sequence that `lead` begins, and the range of its second byte; 0: it begins none.
struct Sequence {
  std::size_t length;
  std::uint8_t second_min;
  std::uint8_t second_max;
};

// RFC 3629, section 4: neither overlong forms, nor surrogates, nor beyond U+10FFFF.
Sequence SequenceOf(std::uint8_t lead) {
  if (lead >= 0x01 && lead <= 0x7f) return {1, 0, 0};
  if (lead >= 0xc2 && lead <= 0xdf) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead >= 0xe1 && lead <= 0xef) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead >= 0xf1 && lead <= 0xf3) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

std::size_t CharacterBytes(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return 0;
  const Sequence sequence = SequenceOf(bytes[0]);
  if (sequence.length > bytes.size()) return 0;
  for (std::size_t i = 1; i < sequence.length; ++i) {
    const std::uint8_t least = i == 1 ? sequence.second_min : std::uint8_t{0x80};
    const std::uint8_t most = i == 1 ? sequence.second_max : std::uint8_t{0xbf};
    if (bytes[i] < least || bytes[i] > most) return 0;
  }
  return sequence.length;
}

bool IsText(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const std::size_t length = CharacterBytes(bytes);
    if (length == 0) return false;
    bytes = bytes.subspan(length);
  }
  return true;
}

std::size_t CutText(std::string_view text, std::span<char> out) {
  std::span<const std::uint8_t> rest(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  std::size_t written = 0;
  while (!rest.empty()) {
    const std::size_t length = CharacterBytes(rest);
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (written + step > out.size()) break;
    if (length == 0) {
      out[written] = '?';
    } else {
      std::copy_n(rest.begin(), length, out.begin() + static_cast<std::ptrdiff_t>(written));
    }
    written += step;
    rest = rest.subspan(step);
  }
  return written;
}

std::string CutText(std::string_view text, std::size_t most_bytes) {
  std::string cut(std::min(text.size(), most_bytes), '\0');
  cut.resize(CutText(text, cut));
  return cut;
}

}  // namespace heliostat
