// One decoded field -> one plain value, or why it is none. Subjects are relative: the field's name.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/status.h"

namespace heliostat::codec {

// nanopb's bytes: any PB_BYTES_ARRAY_T.
template <typename Array>
std::span<const std::uint8_t> SpanOf(const Array& array) {
  return {array.bytes, array.size};
}

Status TooLarge(std::string_view field, std::uint64_t value, std::uint64_t most);
Status Missing(std::string_view field, std::string_view fix);

// `most` must fit Integer.
template <typename Integer>
Status ReadNumber(std::string_view field, std::uint32_t value, std::uint32_t most, Integer* out) {
  if (value > most) return TooLarge(field, value, most);
  *out = static_cast<Integer>(value);
  return {};
}

template <typename Integer>
Status ReadOptional(std::string_view field, bool has, std::uint32_t value, std::optional<Integer>* out) {
  if (!has) return {};
  return ReadNumber(field, value, std::numeric_limits<Integer>::max(), &out->emplace());
}

// An empty field is no address; any other must have 4 or 16 bytes.
Status ReadAddress(std::string_view field, std::span<const std::uint8_t> bytes, IpAddress* out);
// Reads an address that must be there.
Status RequireAddress(std::string_view field, std::span<const std::uint8_t> bytes, IpAddress* out);
Status ReadMac(std::string_view field, std::span<const std::uint8_t> bytes, MacAddress* out);

}  // namespace heliostat::codec
