// Sampling: which share of the matched packets, or of the flows, is copied.
//
// Pure values, no clock, no entropy: the seeds come from outside, so that a run can be repeated.
#pragma once

#include <cstdint>

namespace heliostat::datapath {

// A share in hundredths of a percent, as a threshold for 32-bit draws. 0 keeps none, 10000 and above keep all.
class SampleShare {
 public:
  constexpr explicit SampleShare(std::uint16_t hundredths)
      : threshold_((std::uint64_t{hundredths < kAll ? hundredths : kAll} << 32U) / kAll) {}

  [[nodiscard]] constexpr bool KeepsNone() const { return threshold_ == 0; }
  [[nodiscard]] constexpr bool KeepsAll() const { return threshold_ == std::uint64_t{1} << 32U; }
  [[nodiscard]] constexpr bool Keeps(std::uint32_t draw) const { return draw < threshold_; }

 private:
  static constexpr std::uint16_t kAll = 10'000;
  std::uint64_t threshold_;  // 0..2^32
};

// Samples each packet by chance. Owned by one worker: no other thread may touch it. Workers of one card with the same
// seed draw different sequences.
class PacketSampler {
 public:
  PacketSampler(std::uint64_t card_seed, std::uint32_t worker);

  [[nodiscard]] bool Keep(SampleShare share) { return share.Keeps(Draw()); }

 private:
  std::uint32_t Draw();

  std::uint64_t state_;
};

// Samples whole flows: every packet with the same `flow_hash` (packet::SymmetricHash, the same for both directions) is
// judged alike, by all workers. The hash is mixed anew with the card's seed, so that the choice says nothing about what
// else is taken from it: the outer UDP source port and the member of a group. Any thread.
class FlowSampler {
 public:
  explicit FlowSampler(std::uint64_t card_seed);

  [[nodiscard]] bool Keep(SampleShare share, std::uint32_t flow_hash) const;

 private:
  std::uint64_t key_;
};

}  // namespace heliostat::datapath
