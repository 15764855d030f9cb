#include "datapath/sampler.h"

namespace heliostat::datapath {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15U;

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
constexpr std::uint64_t Mix(std::uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

// The seed is mixed twice: neighbouring workers must not start a few steps apart in the one sequence of SplitMix64.
PacketSampler::PacketSampler(std::uint64_t card_seed, std::uint32_t worker)
    : state_(Mix(Mix(card_seed + kGolden) + (std::uint64_t{worker} + 1) * kGolden)) {}

std::uint32_t PacketSampler::Draw() {
  state_ += kGolden;
  return static_cast<std::uint32_t>(Mix(state_) >> 32U);
}

FlowSampler::FlowSampler(std::uint64_t card_seed) : key_(Mix(card_seed ^ kGolden)) {}

bool FlowSampler::Keep(SampleShare share, std::uint32_t flow_hash) const {
  return share.Keeps(static_cast<std::uint32_t>(Mix(key_ + flow_hash * kGolden) >> 32U));
}

}  // namespace heliostat::datapath
