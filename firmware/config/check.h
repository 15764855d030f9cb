// What every validation shares: how an error names its resource, and checks of names, text and addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

// `text` in quotes; what a terminal could not show is shown as '?', what is overlong is cut.
std::string Quoted(std::string_view text);

// `filter "web"`.
std::string Named(std::string_view kind, std::string_view name);

// kInvalidArgument.
Status Invalid(std::string subject, std::string reason, std::string fix);

// kResourceExhausted: `value` is above the limit called `limit`.
Status OverLimit(std::string subject, std::string_view limit, std::uint64_t maximum, std::uint64_t value);

// 1..63 of a-z A-Z 0-9 . _ -, the first and last a letter or digit.
bool IsName(std::string_view name);
Status CheckName(std::string_view field, std::string_view name);

// Free text: bounded, UTF-8 is the codec's matter, no control characters.
Status CheckText(std::string_view field, std::string_view text, std::size_t max_bytes);
Status CheckTags(const std::vector<Tag>& tags);
Status CheckMetadata(const Metadata& metadata);

// Unicast and specified.
Status CheckHostAddress(std::string_view field, const IpAddress& address);
Status CheckPrefixLength(std::string_view field, const IpPrefix& prefix);
// A network: family, length, no host bits.
Status CheckNetwork(std::string_view field, const IpPrefix& prefix);
Status CheckMtu(std::string_view field, std::uint32_t mtu);
Status CheckOuterVlan(std::string_view field, const std::optional<std::uint16_t>& vlan_id);

inline constexpr std::uint32_t kMinMtu = 68;  // RFC 791: what every IPv4 link carries

}  // namespace heliostat::config
