#include "config/check.h"

#include "config/bounds.h"

namespace heliostat::config {
namespace {

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

IpPrefix WithoutHostBits(IpPrefix prefix) {
  for (unsigned bit = prefix.length; bit < prefix.address.Bits(); ++bit) {
    prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return prefix;
}

}  // namespace

std::string Quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string quoted = "\"";
  for (const char c : text.substr(0, kShown)) quoted += c > 0x1f && c < 0x7f && c != '"' ? c : '?';
  if (text.size() > kShown) quoted += "...";
  return quoted + "\"";
}

std::string Named(std::string_view kind, std::string_view name) { return std::string(kind) + " " + Quoted(name); }

Status Invalid(std::string subject, std::string reason, std::string fix) {
  return {Code::kInvalidArgument, std::move(subject), std::move(reason), std::move(fix)};
}

Status OverLimit(std::string subject, std::string_view limit, std::uint64_t maximum, std::uint64_t value) {
  return {Code::kResourceExhausted, std::move(subject),
          "there are " + std::to_string(value) + ", above the limit `" + std::string(limit) + "` of " +
              std::to_string(maximum),
          "use fewer, or raise the limit in the board's description"};
}

bool IsName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  if (!IsLetterOrDigit(name.front()) || !IsLetterOrDigit(name.back())) return false;
  for (const char c : name) {
    if (!IsLetterOrDigit(c) && c != '.' && c != '_' && c != '-') return false;
  }
  return true;
}

Status CheckName(std::string_view field, std::string_view name) {
  if (IsName(name)) return {};
  return Invalid(std::string(field), name.empty() ? "there is none" : Quoted(name) + " is not a name",
                 "use 1 to 63 of a-z A-Z 0-9 . _ - that start and end with a letter or digit");
}

Status CheckText(std::string_view field, std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Invalid(std::string(field), "it has " + std::to_string(text.size()) + " bytes",
                   "use at most " + std::to_string(max_bytes) + " bytes");
  }
  for (const char c : text) {
    if (IsControl(c)) return Invalid(std::string(field), "it has a control character", "use plain text in one line");
  }
  return {};
}

Status CheckTags(const std::vector<Tag>& tags) {
  if (tags.size() > kMaxTags) {
    return Invalid("tags", "there are " + std::to_string(tags.size()), "use at most " + std::to_string(kMaxTags));
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    if (tags[i].key.empty()) return Invalid("tags", "a key is empty", "give every tag a key");
    const std::string subject = Named("tag", tags[i].key);
    HELIOSTAT_RETURN_IF_ERROR(CheckText("key", tags[i].key, kMaxTagKeyBytes).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckText("value", tags[i].value, kMaxTagValueBytes).Within(subject));
    for (std::size_t j = 0; j < i; ++j) {
      if (tags[j].key != tags[i].key) continue;
      return {Code::kAlreadyExists, subject, "the key is there twice", "give each key once"};
    }
  }
  return {};
}

Status CheckMetadata(const Metadata& metadata) {
  HELIOSTAT_RETURN_IF_ERROR(CheckName("name", metadata.name));
  HELIOSTAT_RETURN_IF_ERROR(CheckText("description", metadata.description, kMaxDescriptionBytes));
  HELIOSTAT_RETURN_IF_ERROR(CheckText("owner", metadata.owner, kMaxNameBytes));
  return CheckTags(metadata.tags);
}

Status CheckHostAddress(std::string_view field, const IpAddress& address) {
  const bool broadcast = address.family == IpFamily::kIpv4 && address.bytes[0] == 255 && address.bytes[1] == 255 &&
                         address.bytes[2] == 255 && address.bytes[3] == 255;
  if (address.family != IpFamily::kNone && !address.IsMulticast() && !address.IsUnspecified() && !broadcast) return {};
  return Invalid(std::string(field), address.ToString() + " is not the address of one host",
                 "give a unicast IPv4 or IPv6 address");
}

Status CheckPrefixLength(std::string_view field, const IpPrefix& prefix) {
  if (prefix.address.family == IpFamily::kNone) {
    return Invalid(std::string(field), "it has no address", "give an IPv4 or IPv6 network");
  }
  if (prefix.length <= prefix.address.Bits()) return {};
  return Invalid(std::string(field), "the prefix length is " + std::to_string(prefix.length),
                 "use at most " + std::to_string(prefix.address.Bits()));
}

Status CheckNetwork(std::string_view field, const IpPrefix& prefix) {
  HELIOSTAT_RETURN_IF_ERROR(CheckPrefixLength(field, prefix));
  if (!prefix.HasHostBits()) return {};
  return Invalid(std::string(field), prefix.ToString() + " has host bits set",
                 "use " + WithoutHostBits(prefix).ToString());
}

Status CheckMtu(std::string_view field, std::uint32_t mtu) {
  if (mtu == 0 || (mtu >= kMinMtu && mtu <= 65535)) return {};
  return Invalid(std::string(field), "it is " + std::to_string(mtu), "use 68 to 65535, or leave it out");
}

Status CheckOuterVlan(std::string_view field, const std::optional<std::uint16_t>& vlan_id) {
  if (!vlan_id || (*vlan_id >= 1 && *vlan_id <= 4094)) return {};
  return Invalid(std::string(field), "it is " + std::to_string(*vlan_id), "use 1 to 4094");
}

}  // namespace heliostat::config
