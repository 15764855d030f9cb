// Frames for tests, layer by layer, with the types, lengths and checksums filled in.
//
//   auto frame = Ethernet().Vlan(100).Ipv4({.source = "10.0.0.1"}).Tcp({.destination_port = 443}).Payload(20).Build();
//   auto inner = Ethernet().Arp().Build();
//   auto copy = Ethernet().Ipv4().Udp({.destination_port = 4789}).Vxlan(7).Payload(inner).Build();
//
// A layer tells the one before what follows it; lengths and checksums are computed by Build, from the inside out.
// Set `next` (an EtherType or a protocol) or `total_length` and the like where a frame should lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.h"

namespace heliostat::support {

using Bytes = std::vector<std::uint8_t>;

// Text that can't be parsed is a broken test, so these abort.
MacAddress Mac(std::string_view text);
IpAddress Ip(std::string_view text);

struct EthernetFields {
  MacAddress destination = Mac("02:00:00:00:00:02");
  MacAddress source = Mac("02:00:00:00:00:01");
  std::optional<std::uint16_t> next{};
};

struct VlanFields {
  std::uint16_t id = 1;
  std::uint8_t priority = 0;
  std::uint16_t tpid = 0x8100;  // goes into the type field before the tag
  bool drop_eligible = false;
  std::optional<std::uint16_t> next{};
};

struct ArpFields {
  std::uint16_t operation = 1;
  MacAddress sender_mac = Mac("02:00:00:00:00:01");
  std::string_view sender_ip = "10.0.0.1";
  MacAddress target_mac{};
  std::string_view target_ip = "10.0.0.2";
};

struct Ipv4Fields {
  std::string_view source = "10.0.0.1";
  std::string_view destination = "10.0.0.2";
  std::uint8_t dscp = 0;
  std::uint8_t ttl = 64;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // in units of 8 bytes
  Bytes options{};                    // a multiple of 4 bytes
  std::optional<std::uint8_t> header_words{};
  std::optional<std::uint8_t> version{};
  std::optional<std::uint16_t> total_length{};
  std::optional<std::uint8_t> next{};
};

struct Ipv6Fields {
  std::string_view source = "2001:db8::1";
  std::string_view destination = "2001:db8::2";
  std::uint8_t dscp = 0;
  std::uint8_t hop_limit = 64;
  std::uint32_t flow_label = 0;
  std::optional<std::uint8_t> version{};
  std::optional<std::uint16_t> payload_length{};
  std::optional<std::uint8_t> next{};
};

struct Ipv6FragmentFields {
  std::uint16_t offset = 0;  // in units of 8 bytes
  bool more = false;
  std::uint32_t identification = 1;
  std::optional<std::uint8_t> next{};
};

struct TcpFields {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 80;
  std::uint8_t flags = 0x10;
  std::uint32_t sequence = 1;
};

struct UdpFields {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 53;
  std::optional<std::uint16_t> length{};
  bool checksum = true;
};

struct SctpFields {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 3868;
};

struct IcmpFields {
  std::uint8_t type = 8;
  std::uint8_t code = 0;
  std::uint16_t identifier = 1;
  std::uint16_t sequence = 1;
};

struct GreFields {
  std::uint16_t protocol = 0x6558;
  std::optional<std::uint32_t> sequence{};
};

struct Erspan2Fields {
  std::uint16_t session_id = 1;
  std::uint16_t vlan = 0;
  std::uint32_t index = 1;
};

struct Erspan3Fields {
  std::uint16_t session_id = 1;
  std::uint16_t vlan = 0;
};

class FrameBuilder {
 public:
  FrameBuilder& Ethernet(const EthernetFields& fields = {});
  FrameBuilder& Vlan(std::uint16_t id = 1, std::uint8_t priority = 0) { return Vlan({.id = id, .priority = priority}); }
  FrameBuilder& Vlan(const VlanFields& fields);
  FrameBuilder& Arp(const ArpFields& fields = {});
  FrameBuilder& Llc(std::size_t payload_bytes = 43);  // spanning tree's SAPs, then zeros; the type is the length

  FrameBuilder& Ipv4(const Ipv4Fields& fields = {});
  FrameBuilder& Ipv6(const Ipv6Fields& fields = {});
  FrameBuilder& HopByHop(std::size_t bytes = 8);  // multiples of 8
  FrameBuilder& Routing(std::size_t bytes = 8);   // segments left 0
  FrameBuilder& DestinationOptions(std::size_t bytes = 8);
  FrameBuilder& Mobility(std::size_t bytes = 8);
  FrameBuilder& Authentication(std::size_t bytes = 24);  // multiples of 4; over IPv4 too
  FrameBuilder& Fragment(const Ipv6FragmentFields& fields = {});
  FrameBuilder& NoNextHeader();

  FrameBuilder& Tcp(const TcpFields& fields = {});
  FrameBuilder& Udp(const UdpFields& fields = {});
  FrameBuilder& Sctp(const SctpFields& fields = {});
  FrameBuilder& Icmp(const IcmpFields& fields = {});
  FrameBuilder& Icmpv6(const IcmpFields& fields = {.type = 128});

  FrameBuilder& Gre(const GreFields& fields = {});
  FrameBuilder& Vxlan(std::uint32_t vni);
  FrameBuilder& Geneve(std::uint32_t vni, std::span<const std::uint8_t> options = {});
  FrameBuilder& Erspan1();  // each with its GRE header
  FrameBuilder& Erspan2(const Erspan2Fields& fields = {}, std::uint32_t sequence = 0);
  FrameBuilder& Erspan3(const Erspan3Fields& fields = {}, std::uint32_t sequence = 0);

  FrameBuilder& Payload(std::size_t bytes);  // 0, 1, 2, ...
  FrameBuilder& Payload(std::string_view text);
  FrameBuilder& Payload(std::span<const std::uint8_t> bytes);
  FrameBuilder& PadTo(std::size_t bytes);  // zeros behind everything, outside all lengths

  [[nodiscard]] Bytes Build() const;

 private:
  enum class Kind : std::uint8_t { kOther, kIpv4, kIpv6, kTcp, kUdp, kSctp, kIcmp, kIcmpv6 };
  struct Layer {
    Kind kind = Kind::kOther;
    std::size_t offset = 0;
    bool keep_length = false;
    bool checksum = true;
  };
  struct Slot {
    std::size_t offset = 0;
    std::size_t bytes = 0;  // 2: an EtherType, 1: a protocol, 0: none
  };

  void FollowAs(std::size_t slot_bytes, std::uint16_t number);
  template <typename Header>
  std::size_t Append(const Header& header);
  std::size_t AppendZeros(std::size_t bytes);
  FrameBuilder& Extension(std::uint8_t number, std::size_t bytes, std::uint8_t length);
  FrameBuilder& IcmpLayer(Kind kind, std::uint8_t protocol, const IcmpFields& fields);
  void NextSlot(std::size_t offset, std::size_t bytes, bool fixed) { next_ = {offset, fixed ? 0 : bytes}; }
  void Finish(Bytes& frame, std::size_t layer) const;
  [[nodiscard]] std::uint16_t L4Checksum(const Bytes& frame, std::size_t layer, std::uint8_t protocol) const;

  Bytes bytes_;
  std::vector<Layer> layers_;
  Slot next_;
  std::size_t padded_bytes_ = 0;
};

inline FrameBuilder Ethernet(const EthernetFields& fields = {}) { return FrameBuilder{}.Ethernet(fields); }

// The first `bytes` of a frame.
inline Bytes Cut(const Bytes& frame, std::size_t bytes) {
  return {frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(bytes < frame.size() ? bytes : frame.size())};
}

}  // namespace heliostat::support
