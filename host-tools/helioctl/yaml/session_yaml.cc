#include "helioctl/yaml/session_yaml.h"

#include <limits>
#include <set>

#include "config/config.h"
#include "helioctl/yaml/filter_yaml.h"

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kMostSources = 65'536;
constexpr std::uint64_t kLargestVni = 0xffffff;
constexpr std::uint64_t kLargestSessionId = 1023;
constexpr std::uint64_t kSmallestPacketLength = 35;

constexpr std::array<Choice, 3> kDirections{{{"all", v1::ALL}, {"inbound", v1::INBOUND}, {"outbound", v1::OUTBOUND}}};
constexpr std::array<Choice, 2> kSamplingModes{{{"packets", v1::PACKETS}, {"flows", v1::FLOWS}}};

void ReadTunnelId(const Mapping& spec, v1::Session& session) {
  const auto vni = spec.Find("vni");
  const auto session_id = spec.Find("sessionId");
  if (vni && session_id) {
    spec.ReportField("sessionId", "is given beside vni",
                     "keep vni for vxlan and geneve, sessionId for erspan2 and erspan3");
    return;
  }
  if (vni) {
    if (const auto id = vni->Integer(0, kLargestVni)) session.set_tunnel_id(static_cast<std::uint32_t>(*id));
  }
  if (session_id) {
    if (const auto id = session_id->Integer(0, kLargestSessionId)) {
      session.set_tunnel_id(static_cast<std::uint32_t>(*id));
    }
  }
}

void ReadRateLimit(const Value& value, v1::Session& session) {
  static constexpr std::array<std::string_view, 3> kFields{"packetsPerSecond", "bitsPerSecond", "burst"};
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const Mapping mapping(value, kFields);
  if (!value.node().IsMap()) return;
  v1::RateLimit& limit = *session.mutable_rate_limit();
  const auto packets = mapping.Find("packetsPerSecond");
  const auto bits = mapping.Find("bitsPerSecond");
  if (packets.has_value() == bits.has_value()) {
    value.Report(packets ? "limits packets and bits at once" : "has no rate",
                 "give packetsPerSecond or bitsPerSecond, one of the two");
  }
  if (packets) limit.set_packets_per_second(packets->Integer(1, kMost).value_or(0));
  if (bits) limit.set_bits_per_second(bits->Integer(1, kMost).value_or(0));
  if (const auto burst = mapping.Find("burst")) limit.set_burst(burst->Integer(0, kMost).value_or(0));
}

void ReadSources(const Mapping& spec, const std::string& session, std::vector<v1::Unit>& units) {
  const auto list = spec.Require("sources", "name the interfaces to mirror");
  if (!list) return;
  if (list->node().IsSequence() && list->node().size() == 0) {
    list->Report("is empty", "name at least one interface, or set enabled: false");
  }
  std::set<std::string> sources;
  for (const Value& item : list->List(kMostSources)) {
    const auto name = item.Name();
    if (name && !sources.insert(*name).second) item.Report(*name + " is given twice", "keep one of them");
  }
  v1::SourceChunk* chunk = nullptr;
  std::uint32_t index = 0;
  for (const std::string& source : sources) {
    if (chunk == nullptr || chunk->interfaces_size() == kItemsPerChunk) {
      chunk = units.emplace_back().mutable_sources();
      chunk->set_session(session);
      chunk->set_index(index++);
    }
    chunk->add_interfaces(source);
  }
}

// What a copy holds and which packets are taken.
void ReadSelection(const Mapping& spec, v1::Session& session) {
  if (const auto value = spec.Find("packetLength")) {
    session.set_packet_length(static_cast<std::uint32_t>(value->Integer(kSmallestPacketLength, 65535).value_or(0)));
  }
  if (const auto value = spec.Find("percent")) {
    if (const auto hundredths = value->PercentHundredths()) session.set_sample_hundredths(*hundredths);
  }
  if (const auto value = spec.Find("sampling")) {
    session.set_sampling(static_cast<v1::SamplingMode>(value->OneOf(kSamplingModes).value_or(0)));
  }
  if (const auto value = spec.Find("rateLimit")) ReadRateLimit(*value, session);
  if (const auto value = spec.Find("forwardedOnly")) session.set_forwarded_only(value->Boolean().value_or(false));
}

}  // namespace

void ReadSession(const Mapping& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units) {
  v1::Session session;
  *session.mutable_metadata() = metadata;
  if (const auto value = spec.Require("number", "give 1..32766, smaller is first")) {
    session.set_number(static_cast<std::uint32_t>(value->Integer(1, 32766).value_or(0)));
  }
  if (const auto value = spec.Find("tier")) {
    session.set_tier(static_cast<std::uint32_t>(value->Integer(0, config::kTiers - 1).value_or(0)));
  }
  if (const auto value = spec.Find("enabled")) session.set_disabled(!value->Boolean().value_or(true));
  if (const auto value = spec.Require("filter", "name a filter")) session.set_filter(value->Name().value_or(""));
  if (const auto value = spec.Require("target", "name a target")) session.set_target(value->Name().value_or(""));
  if (const auto value = spec.Find("direction")) {
    session.set_direction(static_cast<v1::Direction>(value->OneOf(kDirections).value_or(0)));
  }
  ReadTunnelId(spec, session);
  ReadSelection(spec, session);
  *units.emplace_back().mutable_session() = session;
  ReadSources(spec, metadata.name(), units);
}

}  // namespace heliostat::helioctl
