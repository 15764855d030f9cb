// What parsing, hashing and encapsulating one packet cost: `s` is its CPU time, `cycles` what it took of the time-stamp
// counter in the median burst, which other processes do not disturb. Bursts of 32 from 512 frames that stay in the
// cache.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "encap/encap.h"
#include "packet/parse.h"
#include "support/frame_builder.h"

namespace heliostat {
namespace {

using support::Bytes;
using support::Ethernet;

constexpr std::size_t kBurst = 32;
constexpr std::size_t kFrames = 512;
constexpr std::size_t kSamples = 100'000;

std::uint64_t Cycles() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return 0;
#endif
}

enum Traffic { kTcp4, kTaggedUdp4, kTcp6, kMix };

Bytes FrameOf(Traffic traffic, std::size_t i) {
  const auto port = static_cast<std::uint16_t>(1024 + i);
  switch (traffic) {
    case kTcp4: return Ethernet().Ipv4().Tcp({.source_port = port}).Build();
    case kTaggedUdp4: return Ethernet().Vlan(5).Ipv4().Udp({.source_port = port}).Payload(16).Build();
    case kTcp6: return Ethernet().Ipv6().Tcp({.source_port = port}).Build();
    case kMix: break;
  }
  // Without a pattern that a branch predictor could learn in a few rounds.
  switch ((i * 2654435761U >> 7) % 8) {
    case 0: return Ethernet().Arp().Build();
    case 1: return Ethernet().Vlan(5).Vlan(6).Ipv6().Udp({.source_port = port}).Build();
    case 2: return Ethernet().Ipv4().Icmp({.identifier = port}).Build();
    case 3: return FrameOf(kTcp6, i);
    case 4: return FrameOf(kTaggedUdp4, i);
    default: return FrameOf(kTcp4, i);
  }
}

std::vector<Bytes> FramesOf(Traffic traffic) {
  std::vector<Bytes> frames;
  for (std::size_t i = 0; i < kFrames; ++i) frames.push_back(FrameOf(traffic, i));
  return frames;
}

// Runs `packet(i)` for a burst an iteration and reports the cost of one.
template <typename PerPacket>
void RunBursts(benchmark::State& state, PerPacket packet) {
  std::size_t first = 0;
  std::vector<std::uint32_t> cycles;
  for (auto _ : state) {
    const std::uint64_t start = Cycles();
    for (std::size_t i = 0; i < kBurst; ++i) packet(first + i, i);
    benchmark::ClobberMemory();
    if (cycles.size() < kSamples) cycles.push_back(static_cast<std::uint32_t>(Cycles() - start));
    first = (first + kBurst) % kFrames;
  }
  std::nth_element(cycles.begin(), cycles.begin() + static_cast<std::ptrdiff_t>(cycles.size() / 2), cycles.end());
  const auto packets = static_cast<double>(state.iterations()) * kBurst;
  state.counters["cycles"] = cycles[cycles.size() / 2] / static_cast<double>(kBurst);
  state.counters["packets/s"] = benchmark::Counter(packets, benchmark::Counter::kIsRate);
  state.counters["s"] = benchmark::Counter(packets, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void Parse(benchmark::State& state, Traffic traffic) {
  const std::vector<Bytes> frames = FramesOf(traffic);
  std::array<packet::FlowKey, kBurst> keys;
  RunBursts(state, [&](std::size_t frame, std::size_t i) { packet::ParseInto(frames[frame], keys[i]); });
  benchmark::DoNotOptimize(keys);
}

void Hash(benchmark::State& state, Traffic traffic) {
  std::vector<packet::FlowKey> keys;
  for (const Bytes& frame : FramesOf(traffic)) keys.push_back(packet::Parse(frame));
  std::array<std::uint32_t, kBurst> hashes{};
  RunBursts(state, [&](std::size_t frame, std::size_t i) { hashes[i] = packet::SymmetricHash(keys[frame]); });
  benchmark::DoNotOptimize(hashes);
}

void Write(benchmark::State& state, encap::Kind kind, bool ipv6) {
  encap::TemplateSpec spec;
  spec.kind = kind;
  spec.source = support::Ip(ipv6 ? "2001:db8:1::1" : "192.0.2.1");
  spec.destination = support::Ip(ipv6 ? "2001:db8:2::2" : "198.51.100.2");
  spec.udp_checksum = ipv6;
  spec.tunnel_id = 7;
  const encap::Template t = encap::BuildTemplate(spec).value();
  std::vector<std::array<std::uint8_t, 192>> room(kFrames);
  encap::CopyInfo copy;
  copy.inner_bytes = 64;
  copy.original_bytes = 64;
  RunBursts(state, [&](std::size_t frame, std::size_t) {
    copy.flow_hash = static_cast<std::uint32_t>(frame);
    copy.sequence = static_cast<std::uint32_t>(frame);
    copy.time_ns = frame;
    encap::Write(t, copy, room[frame].data());
  });
}

void Sum(benchmark::State& state) {
  const Bytes payload(static_cast<std::size_t>(state.range(0)), 0x5a);
  RunBursts(state, [&](std::size_t, std::size_t) { benchmark::DoNotOptimize(encap::PayloadSum(payload)); });
}

BENCHMARK_CAPTURE(Parse, tcp4, kTcp4);
BENCHMARK_CAPTURE(Parse, tagged_udp4, kTaggedUdp4);
BENCHMARK_CAPTURE(Parse, tcp6, kTcp6);
BENCHMARK_CAPTURE(Parse, mix, kMix);
BENCHMARK_CAPTURE(Hash, tcp4, kTcp4);
BENCHMARK_CAPTURE(Hash, mix, kMix);
BENCHMARK_CAPTURE(Write, vxlan4, encap::Kind::kVxlan, false);
BENCHMARK_CAPTURE(Write, vxlan6, encap::Kind::kVxlan, true);
BENCHMARK_CAPTURE(Write, erspan1, encap::Kind::kErspan1, false);
BENCHMARK_CAPTURE(Write, erspan2, encap::Kind::kErspan2, false);
BENCHMARK_CAPTURE(Write, erspan3, encap::Kind::kErspan3, false);
BENCHMARK_CAPTURE(Write, geneve4, encap::Kind::kGeneve, false);
BENCHMARK_CAPTURE(Write, geneve6, encap::Kind::kGeneve, true);
BENCHMARK(Sum)->Arg(64)->Arg(512)->Arg(1500);

}  // namespace
}  // namespace heliostat
