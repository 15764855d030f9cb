#include "support/traffic/conversations.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include "support/traffic/payloads.h"

namespace heliostat::traffic {
namespace {

constexpr std::uint64_t kStart_ns = 1'700'000'000ULL * 1'000'000'000ULL;
constexpr std::uint64_t kMicrosecond_ns = 1'000;
constexpr std::size_t kSegmentBytes = 1440;  // fits a 1500-byte MTU over IPv6 too
constexpr std::size_t kShortestWireFrame = 60;

struct Guest {
  std::string_view mac;
  std::string_view ipv4;
  std::string_view ipv6;
};
constexpr std::array<Guest, 3> kGuests{{
    {"02:00:00:00:10:11", "10.1.0.11", "fd00:1::11"},
    {"02:00:00:00:10:12", "10.1.0.12", "fd00:1::12"},
    {"02:00:00:00:10:13", "10.1.0.13", "fd00:1::13"},
}};
// All that lies behind the wire is reached through one router.
constexpr Guest kRouter{"02:00:00:00:20:fe", "10.1.0.254", "fd00:1::fe"};

struct Site {
  std::string_view name;
  std::string_view ipv4;
  std::string_view ipv6;
};
constexpr std::array<Site, 4> kSites{{
    {"www.example.com", "198.51.100.10", "2001:db8:10::10"},
    {"api.example.net", "198.51.100.77", "2001:db8:10::77"},
    {"cdn.example.org", "203.0.113.5", "2001:db8:20::5"},
    {"mail.example.com", "203.0.113.25", "2001:db8:20::25"},
}};
constexpr Site kResolver{"resolver", "192.0.2.53", "2001:db8::53"};
constexpr Site kTimeServer{"time", "192.0.2.123", "2001:db8::123"};
constexpr std::uint16_t kVlan = 100;

struct Endpoint {
  MacAddress mac;
  IpAddress ip;
  std::uint8_t ttl = 64;
};

IpAddress Address(std::string_view text) { return IpAddress::Parse(text).value_or(IpAddress{}); }
MacAddress Mac(std::string_view text) { return MacAddress::Parse(text).value_or(MacAddress{}); }

// One conversation as it is written: each Send moves the clock on.
class Script {
 public:
  Script(Random& random, std::uint64_t start_ns, IpFamily family, const Site& site)
      : random_(random), now_ns_(start_ns), family_(family) {
    const Guest& guest = kGuests[random.Between(0, kGuests.size() - 1)];
    const bool ipv4 = family == IpFamily::kIpv4;
    ends_[0] = {Mac(guest.mac), Address(ipv4 ? guest.ipv4 : guest.ipv6), 64};
    ends_[1] = {Mac(kRouter.mac), Address(ipv4 ? site.ipv4 : site.ipv6), 57};
    half_trip_ns_ = random.Between(200, 9000) * kMicrosecond_ns;
    identification_ = random.Word();
  }

  Random& random() { return random_; }
  [[nodiscard]] IpFamily family() const { return family_; }
  [[nodiscard]] const IpAddress& Ip(Side side) const { return At(side).ip; }
  void UseVlan(std::uint16_t id) { vlan_id_ = id; }
  void UseDscp(std::uint8_t dscp) { dscp_ = dscp; }
  void TalkToRouter() { ends_[1].ip = Address(family_ == IpFamily::kIpv4 ? kRouter.ipv4 : kRouter.ipv6); }

  // The answer to something from the other end takes the way there and back.
  void WaitForPeer() { now_ns_ += 2 * half_trip_ns_ + random_.Between(10, 400) * kMicrosecond_ns; }

  void Send(Side from, const Transport& transport, std::uint8_t ttl = 0) {
    const IpOptions options{.ttl = ttl == 0 ? At(from).ttl : ttl, .dscp = dscp_, .identification = identification_++};
    const auto type = family_ == IpFamily::kIpv4 ? kIpv4Type : kIpv6Type;
    for (const Bytes& packet : traffic::Ip(Ip(from), Ip(Other(from)), transport, options)) {
      SendFrame(from, At(Other(from)).mac, type, packet);
    }
  }

  void SendFrame(Side from, const MacAddress& to, std::uint16_t type, std::span<const std::uint8_t> payload) {
    Bytes frame = Ethernet(At(from).mac, to, vlan_id_, type, payload);
    // A frame that comes over a real wire was padded by the sending NIC; one that a guest hands over was not.
    if (from == Side::kWire) frame.resize(std::max(frame.size(), kShortestWireFrame));
    // A full frame at 1 Gbit/s takes 12 us.
    now_ns_ += 700 + frame.size() * 8 + random_.Between(0, 2000);
    frames_.push_back({now_ns_, from, std::move(frame)});
  }

  static Side Other(Side side) { return side == Side::kGuest ? Side::kWire : Side::kGuest; }
  [[nodiscard]] const Endpoint& At(Side side) const { return ends_[static_cast<std::size_t>(side)]; }
  std::vector<TimedFrame>& frames() { return frames_; }

 private:
  Random& random_;
  std::uint64_t now_ns_;
  std::uint64_t half_trip_ns_ = 0;
  IpFamily family_;
  std::array<Endpoint, 2> ends_;
  std::optional<std::uint16_t> vlan_id_;
  std::uint8_t dscp_ = 0;
  std::uint32_t identification_ = 0;
  std::vector<TimedFrame> frames_;
};

// A TCP connection whose numbers add up: the guest opens it, each end acknowledges what it got.
class Connection {
 public:
  Connection(Script& script, std::uint16_t server_port) : script_(script) {
    ports_[0] = static_cast<std::uint16_t>(script.random().Between(32768, 60999));
    ports_[1] = server_port;
    next_[0] = script.random().Word();
    next_[1] = script.random().Word();
    const Bytes options{2, 4, kSegmentBytes >> 8, kSegmentBytes & 0xff, 1, 3, 3, 7};  // MSS, window scale
    Segment(Side::kGuest, kSyn, {}, options);
    script_.WaitForPeer();
    Segment(Side::kWire, kSyn | kAck, {}, options);
    Segment(Side::kGuest, kAck, {});
  }

  // Sends `message` in full segments; the peer acknowledges every second one and the last.
  void Say(Side from, std::span<const std::uint8_t> message) {
    script_.WaitForPeer();
    for (std::size_t sent = 0, segments = 0; sent < message.size();) {
      const auto part = message.subspan(sent, std::min(kSegmentBytes, message.size() - sent));
      sent += part.size();
      const bool last = sent == message.size();
      Segment(from, last ? kPush | kAck : kAck, part);
      if (++segments % 2 == 0 || last) Segment(Script::Other(from), kAck, {});
    }
  }

  void Finish() {
    Segment(Side::kGuest, kFin | kAck, {});
    script_.WaitForPeer();
    Segment(Side::kWire, kFin | kAck, {});
    Segment(Side::kGuest, kAck, {});
  }

 private:
  void Segment(Side from, int flags, std::span<const std::uint8_t> payload, const Bytes& options = {}) {
    const auto me = static_cast<std::size_t>(from);
    const std::size_t peer = 1 - me;
    const TcpHeader header{.source_port = ports_[me],
                           .destination_port = ports_[peer],
                           .sequence = next_[me],
                           .acknowledgement = (flags & kAck) != 0 ? next_[peer] : 0,
                           .flags = static_cast<std::uint8_t>(flags),
                           .options = options};
    script_.Send(from, Tcp(script_.Ip(from), script_.Ip(Script::Other(from)), header, payload));
    next_[me] += static_cast<std::uint32_t>(payload.size()) + ((flags & (kSyn | kFin)) != 0 ? 1U : 0U);
  }

  Script& script_;
  std::array<std::uint16_t, 2> ports_{};
  std::array<std::uint32_t, 2> next_{};
};

// Most answers are small, a few are long.
std::size_t AnswerBytes(Random& random) {
  const std::uint64_t kind = random.Between(0, 9);
  if (kind < 5) return random.Between(120, 1200);
  if (kind < 9) return random.Between(1200, 15'000);
  return random.Between(15'000, 90'000);
}

void Http(Script& script, const Site& site) {
  Connection connection(script, 80);
  for (std::uint64_t requests = script.random().Between(1, 3); requests > 0; --requests) {
    connection.Say(Side::kGuest, HttpRequest(site.name, "/page/" + std::to_string(script.random().Between(1, 99))));
    connection.Say(Side::kWire, HttpResponse(script.random(), AnswerBytes(script.random())));
  }
  connection.Finish();
}

void Https(Script& script, const Site& site) {
  Connection connection(script, 443);
  connection.Say(Side::kGuest, TlsClientHello(script.random(), site.name));
  Bytes hello = TlsServerHello(script.random());
  AppendBytes(hello, TlsApplicationData(script.random(), script.random().Between(1800, 3600)));  // certificate
  connection.Say(Side::kWire, hello);
  connection.Say(Side::kGuest, TlsApplicationData(script.random(), script.random().Between(53, 700)));
  connection.Say(Side::kWire, TlsApplicationData(script.random(), AnswerBytes(script.random())));
  connection.Finish();
}

void Ssh(Script& script, const Site&) {
  Connection connection(script, 22);
  script.UseDscp(18);
  connection.Say(Side::kGuest, SshBanner("OpenSSH_9.2"));
  connection.Say(Side::kWire, SshBanner("OpenSSH_9.6"));
  connection.Say(Side::kGuest, SshKeyExchange(script.random()));
  connection.Say(Side::kWire, SshKeyExchange(script.random()));
  connection.Say(Side::kGuest, SshNewKeys());
  connection.Say(Side::kWire, SshNewKeys());
  for (std::uint64_t keys = script.random().Between(4, 20); keys > 0; --keys) {
    connection.Say(Side::kGuest, script.random().Noise(36));
    connection.Say(Side::kWire, script.random().Noise(36 + 8 * script.random().Between(0, 40)));
  }
  connection.Finish();
}

void Smtp(Script& script, const Site& site) {
  Connection connection(script, 25);
  const auto say = [&](Side side, std::string_view line) {
    Bytes bytes;
    AppendText(bytes, line);
    AppendText(bytes, "\r\n");
    connection.Say(side, bytes);
  };
  say(Side::kWire, std::string("220 ") + std::string(site.name) + " ESMTP");
  say(Side::kGuest, "HELO guest.example");
  say(Side::kWire, "250 hello");
  say(Side::kGuest, "MAIL FROM:<alice@guest.example>");
  say(Side::kWire, "250 ok");
  say(Side::kGuest, "RCPT TO:<bob@example.com>");
  say(Side::kWire, "250 ok");
  say(Side::kGuest, "DATA");
  say(Side::kWire, "354 go on");
  std::string text = "From: alice@guest.example\r\nTo: bob@example.com\r\nSubject: report\r\n";
  for (std::uint64_t lines = script.random().Between(10, 120); lines > 0; --lines) {
    text += "\r\nAll is well at the mirror, and the sun is shining.";
  }
  say(Side::kGuest, text + "\r\n.");
  say(Side::kWire, "250 taken");
  say(Side::kGuest, "QUIT");
  say(Side::kWire, "221 bye");
  connection.Finish();
}

void Dns(Script& script, const Site& asked) {
  const auto port = static_cast<std::uint16_t>(script.random().Between(32768, 60999));
  for (const IpFamily family : {IpFamily::kIpv4, IpFamily::kIpv6}) {
    const auto id = static_cast<std::uint16_t>(script.random().Between(0, 65535));
    const IpAddress answer = Address(family == IpFamily::kIpv4 ? asked.ipv4 : asked.ipv6);
    const IpAddress& guest = script.Ip(Side::kGuest);
    const IpAddress& resolver = script.Ip(Side::kWire);
    script.Send(Side::kGuest, Udp(guest, resolver, port, 53, DnsQuery(id, asked.name, family)));
    script.WaitForPeer();
    script.Send(Side::kWire, Udp(resolver, guest, 53, port, DnsResponse(id, asked.name, answer)));
  }
}

void Ntp(Script& script, const Site&) {
  const IpAddress& guest = script.Ip(Side::kGuest);
  const IpAddress& server = script.Ip(Side::kWire);
  const auto port = static_cast<std::uint16_t>(script.random().Between(32768, 60999));
  script.Send(Side::kGuest, Udp(guest, server, port, 123, NtpMessage(script.random(), false)));
  script.WaitForPeer();
  script.Send(Side::kWire, Udp(server, guest, 123, port, NtpMessage(script.random(), true)));
}

// `bytes` above the MTU makes fragments, in both directions.
void Ping(Script& script, std::size_t bytes) {
  const bool ipv4 = script.family() == IpFamily::kIpv4;
  const std::uint32_t identifier = script.random().Word() & 0xffff;
  for (std::uint32_t sequence = 1; sequence <= 3; ++sequence) {
    Bytes payload(bytes);
    for (std::size_t i = 0; i < bytes; ++i) payload[i] = static_cast<std::uint8_t>(i);
    const std::uint32_t rest = identifier << 16 | sequence;
    const IpAddress& guest = script.Ip(Side::kGuest);
    const IpAddress& remote = script.Ip(Side::kWire);
    script.Send(Side::kGuest, Icmp(guest, remote, ipv4 ? 8 : 128, 0, rest, payload));
    script.WaitForPeer();
    script.Send(Side::kWire, Icmp(remote, guest, ipv4 ? 0 : 129, 0, rest, payload));
  }
}

void SmallPing(Script& script, const Site&) { Ping(script, 56); }
void LargePing(Script& script, const Site&) { Ping(script, 4000); }

// RFC 4861: who has the router's address, and the router says.
void NeighbourDiscovery(Script& script, const Site&) {
  script.TalkToRouter();
  const IpAddress& guest = script.Ip(Side::kGuest);
  const IpAddress& router = script.Ip(Side::kWire);
  IpAddress group = Address("ff02::1:ff00:0");
  std::copy_n(router.bytes.end() - 3, 3, group.bytes.end() - 3);
  MacAddress group_mac = Mac("33:33:00:00:00:00");
  std::copy_n(group.bytes.end() - 4, 4, group_mac.bytes.end() - 4);
  const auto ask = [&](const IpAddress& to) {
    Bytes body(router.bytes.begin(), router.bytes.end());
    AppendBytes(body, Bytes{1, 1});
    AppendBytes(body, script.At(Side::kGuest).mac.bytes);
    return Ip(guest, to, Icmp(guest, to, 135, 0, 0, body), {.ttl = 255});
  };
  script.SendFrame(Side::kGuest, group_mac, kIpv6Type, ask(group).front());
  script.WaitForPeer();
  Bytes body(router.bytes.begin(), router.bytes.end());
  AppendBytes(body, Bytes{2, 1});
  AppendBytes(body, script.At(Side::kWire).mac.bytes);
  script.Send(Side::kWire, Icmp(router, guest, 136, 0, 0xe0000000U, body), 255);
}

void Arp(Script& script, const Site&) {
  script.TalkToRouter();
  const auto message = [&](Side from, unsigned operation, const MacAddress& target) {
    Bytes out;
    AppendBytes(out, Bytes{0, 1, 8, 0, 6, 4});
    Append16(out, operation);
    AppendBytes(out, script.At(from).mac.bytes);
    AppendBytes(out, {script.Ip(from).bytes.data(), 4});
    AppendBytes(out, target.bytes);
    AppendBytes(out, {script.Ip(Script::Other(from)).bytes.data(), 4});
    return out;
  };
  script.SendFrame(Side::kGuest, Mac("ff:ff:ff:ff:ff:ff"), kArpType, message(Side::kGuest, 1, MacAddress{}));
  script.WaitForPeer();
  const MacAddress& guest = script.At(Side::kGuest).mac;
  script.SendFrame(Side::kWire, guest, kArpType, message(Side::kWire, 2, guest));
}

enum class Reaches { kSite, kResolver, kTimeServer };

struct Kind {
  void (*play)(Script&, const Site&);
  IpFamily family;
  bool tagged;
  Reaches reaches;
  unsigned weight;  // how often, against the others
};
constexpr std::array kKinds{
    Kind{Arp, IpFamily::kIpv4, false, Reaches::kSite, 2},
    Kind{NeighbourDiscovery, IpFamily::kIpv6, false, Reaches::kSite, 2},
    Kind{Dns, IpFamily::kIpv4, false, Reaches::kResolver, 14},
    Kind{Dns, IpFamily::kIpv6, false, Reaches::kResolver, 6},
    Kind{Http, IpFamily::kIpv4, false, Reaches::kSite, 8},
    Kind{Https, IpFamily::kIpv4, false, Reaches::kSite, 14},
    Kind{Ssh, IpFamily::kIpv4, false, Reaches::kSite, 3},
    Kind{SmallPing, IpFamily::kIpv4, false, Reaches::kSite, 4},
    Kind{SmallPing, IpFamily::kIpv6, false, Reaches::kSite, 3},
    Kind{LargePing, IpFamily::kIpv4, false, Reaches::kSite, 2},
    Kind{LargePing, IpFamily::kIpv6, false, Reaches::kSite, 2},
    Kind{Https, IpFamily::kIpv6, false, Reaches::kSite, 8},
    Kind{Http, IpFamily::kIpv4, true, Reaches::kSite, 4},
    Kind{Dns, IpFamily::kIpv4, true, Reaches::kResolver, 4},
    Kind{Http, IpFamily::kIpv6, false, Reaches::kSite, 3},
    Kind{Ntp, IpFamily::kIpv4, false, Reaches::kTimeServer, 2},
    Kind{Ssh, IpFamily::kIpv6, false, Reaches::kSite, 2},
    Kind{Smtp, IpFamily::kIpv6, false, Reaches::kSite, 4},
    Kind{Ntp, IpFamily::kIpv6, false, Reaches::kTimeServer, 3},
    Kind{Smtp, IpFamily::kIpv4, false, Reaches::kSite, 2},
};

const Kind& Choose(Random& random, std::size_t conversation) {
  if (conversation < kKinds.size()) return kKinds[conversation];
  unsigned all = 0;
  for (const Kind& kind : kKinds) all += kind.weight;
  std::uint64_t left = random.Between(0, all - 1);
  for (const Kind& kind : kKinds) {
    if (left < kind.weight) return kind;
    left -= kind.weight;
  }
  return kKinds.front();
}

}  // namespace

std::vector<TimedFrame> Generate(std::uint64_t seed, std::size_t frames) {
  Random random(seed);
  std::vector<TimedFrame> all;
  std::uint64_t start_ns = kStart_ns;
  for (std::size_t conversation = 0; all.size() < frames; ++conversation) {
    const Kind& kind = Choose(random, conversation);
    const Site& site = kSites[random.Between(0, kSites.size() - 1)];
    const Site& reached = kind.reaches == Reaches::kResolver     ? kResolver
                          : kind.reaches == Reaches::kTimeServer ? kTimeServer
                                                                 : site;
    Script script(random, start_ns, kind.family, reached);
    if (kind.tagged) script.UseVlan(kVlan);
    kind.play(script, site);
    std::ranges::move(script.frames(), std::back_inserter(all));
    start_ns += random.Between(500, 20'000) * kMicrosecond_ns;
  }
  std::ranges::stable_sort(all, {}, &TimedFrame::time_ns);
  all.resize(frames);
  return all;
}

}  // namespace heliostat::traffic
