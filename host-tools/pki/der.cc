#include "pki/der.h"

#include <ctime>

namespace heliostat::pki::der {
namespace {

constexpr std::uint8_t kBooleanTag = 0x01;
constexpr std::uint8_t kIntegerTag = 0x02;
constexpr std::uint8_t kBitStringTag = 0x03;
constexpr std::uint8_t kOidTag = 0x06;
constexpr std::uint8_t kEnumeratedTag = 0x0a;
constexpr std::uint8_t kUtcTimeTag = 0x17;
constexpr std::uint8_t kGeneralizedTimeTag = 0x18;

std::string BigEndian(std::uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xffU);
  return bytes;
}

std::string WithoutLeadingZeros(std::string_view bytes) {
  const auto first = bytes.find_first_not_of('\0');
  return first == std::string_view::npos ? std::string() : std::string(bytes.substr(first));
}

}  // namespace

std::string Element(std::uint8_t tag, std::string_view content) {
  std::string element(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    element += static_cast<char>(content.size());
  } else {
    const std::string length = WithoutLeadingZeros(BigEndian(content.size()));
    element += static_cast<char>(0x80U | length.size());
    element += length;
  }
  return element.append(content);
}

std::string Sequence(std::initializer_list<std::string_view> elements) {
  std::string content;
  for (const std::string_view element : elements) content += element;
  return Element(kSequence, content);
}

std::string Integer(std::string_view big_endian) {
  std::string bytes = WithoutLeadingZeros(big_endian);
  if (bytes.empty() || (static_cast<std::uint8_t>(bytes[0]) & 0x80U) != 0) bytes.insert(bytes.begin(), '\0');
  return Element(kIntegerTag, bytes);
}

std::string Integer(std::uint64_t value) { return Integer(BigEndian(value)); }

std::string Enumerated(std::uint8_t value) { return Element(kEnumeratedTag, std::string(1, static_cast<char>(value))); }

std::string Boolean(bool value) { return Element(kBooleanTag, std::string(1, value ? '\xff' : '\0')); }

std::string Oid(std::string_view encoded) { return Element(kOidTag, encoded); }

std::string BitString(std::string_view bytes, std::uint8_t unused_bits) {
  return Element(kBitStringTag, std::string(1, static_cast<char>(unused_bits)).append(bytes));
}

std::string Time(std::uint64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  const bool utc_time = parts.tm_year < 150;
  char text[32];
  const std::size_t length = std::strftime(text, sizeof text, utc_time ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &parts);
  return Element(utc_time ? kUtcTimeTag : kGeneralizedTimeTag, std::string_view(text, length));
}

}  // namespace heliostat::pki::der
