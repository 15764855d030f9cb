// DER (ITU-T X.690), written forwards: each function returns one whole element.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace heliostat::pki::der {

inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;
inline constexpr std::uint8_t kUtf8String = 0x0c;

// `[number]`, as a constructed element around others or as a primitive one with bytes of its own.
constexpr std::uint8_t Constructed(std::uint8_t number) { return static_cast<std::uint8_t>(0xa0U | number); }
constexpr std::uint8_t Primitive(std::uint8_t number) { return static_cast<std::uint8_t>(0x80U | number); }

std::string Element(std::uint8_t tag, std::string_view content);
std::string Sequence(std::initializer_list<std::string_view> elements);
// Not negative: `big_endian` may have leading zeros.
std::string Integer(std::string_view big_endian);
std::string Integer(std::uint64_t value);
std::string Enumerated(std::uint8_t value);
std::string Boolean(bool value);
// `encoded` as mbedTLS's MBEDTLS_OID_ strings: without tag and length.
std::string Oid(std::string_view encoded);
// `unused_bits` of the last byte.
std::string BitString(std::string_view bytes, std::uint8_t unused_bits = 0);
// UTCTime before 2050, GeneralizedTime from then on (RFC 5280, 4.1.2.5). Seconds since 1970-01-01 UTC, year 9999 at
// the latest.
std::string Time(std::uint64_t seconds);

}  // namespace heliostat::pki::der
