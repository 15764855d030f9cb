// The rate limit of one session, shared by all workers.
//
// A generic cell rate algorithm (ITU-T I.371): one theoretical arrival time, moved on by each copy that passes and
// compared with now; the same as a token bucket that starts full. Over any span of time t, however many workers ask,
// no more than burst + rate * t passes (the burst rounded up by less than one byte).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace heliostat::datapath {

struct RateLimiterSpec {
  std::uint64_t packets_per_second = 0;  // exactly one of the two rates is not 0
  std::uint64_t bits_per_second = 0;     // of encapsulated bytes
  std::uint64_t burst = 0;               // packets or bits; 0: 10 ms of the rate
  std::uint32_t largest_copy_bytes = 0;  // encapsulated; a smaller burst is raised to one such copy
};

class alignas(64) RateLimiter {
 public:
  static constexpr std::size_t kMaxBurst = 64;

  // `now_ns` here and below is of one monotonic clock. Workers may be behind each other by up to 60 s.
  RateLimiter(const RateLimiterSpec& spec, std::uint64_t now_ns);
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  // Does a copy of `bytes` (encapsulated) fit the bucket when it is full? Any thread.
  [[nodiscard]] bool HasRoomFor(std::uint32_t bytes) const { return CostTicks(bytes) <= tolerance_ticks_; }

  // May a copy of `bytes` (encapsulated) be sent now? Any thread; no lock, no division.
  [[nodiscard]] bool Take(std::uint64_t now_ns, std::uint32_t bytes) { return TakeBurst(now_ns, {&bytes, 1}) != 0; }

  // Asks for at most kMaxBurst copies in order, with one atomic update: bit i is set when copy i may be sent. A copy
  // that does not fit takes nothing, and a smaller one behind it may still fit.
  [[nodiscard]] std::uint64_t TakeBurst(std::uint64_t now_ns, std::span<const std::uint32_t> bytes);

 private:
  [[nodiscard]] std::uint64_t CostTicks(std::uint32_t bytes) const;

  // Ticks are 1/256 ns and wrap around after 2.28 years.
  std::uint64_t packet_ticks_ = 0;     // a copy's cost by packets
  std::uint64_t byte_ticks_q20_ = 0;   // a byte's cost by bits, in 2^-20 ticks
  std::uint64_t tolerance_ticks_ = 0;  // the burst: how far the arrival time may run ahead of now
  std::atomic<std::uint64_t> arrival_ticks_;
};

}  // namespace heliostat::datapath
