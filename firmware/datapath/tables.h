// What workers read: one immutable Tables a generation, made by the agent and published by pointer.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "config/config.h"
#include "datapath/rate_limiter.h"
#include "datapath/sampler.h"
#include "encap/encap.h"
#include "rules/classifier.h"
#include "rules/loop_guard.h"

namespace heliostat::datapath {

// State of a copy stream that outlives generations: the ERSPAN sequence of one (session, target member).
struct Stream {
  std::atomic<std::uint32_t> next_sequence{0};
};

// One way to a receiver: a target, or a group's member.
struct Member {
  encap::Template header;
  std::uint16_t egress = 0;             // port
  bool resolved = false;                // false: no next hop; `header` is empty
  bool withdrawn = false;               // not resolved, for its use is not allowed any more: the target is down
  std::uint8_t tagged_extra_bytes = 0;  // so many more, of an original with an 0x8100 tag: plain copies
  std::uint32_t max_inner_bytes = 0;    // of an original that fit the MTU
  std::shared_ptr<Stream> stream;       // when `header` has a sequence
};

// What to do with a frame that one session accepts at one (source interface, direction).
struct CopyPlan {
  std::uint32_t ledger_entry = 0;
  std::uint16_t packet_length = 0;  // 0: whole
  SampleShare share{10'000};
  bool sample_flows = false;
  bool forwarded_only = false;
  std::shared_ptr<RateLimiter> limiter;  // null: none
  std::vector<Member> members;           // flows are spread over them; at least one
};

// One (interface, direction).
struct SourceTable {
  std::shared_ptr<const rules::Policy> policy;  // null: not a source in this direction
  std::vector<CopyPlan> plans;                  // by the policy's slots
};

struct PortTables {
  std::array<SourceTable, 2> directions;  // by config::Direction
};

struct Tables {
  std::uint64_t generation = 0;
  rules::LoopGuard guard;
  FlowSampler flow_sampler{0};
  std::vector<PortTables> ports;  // by port number as the worker knows it
};

// The pointer that workers read once a pass.
using Published = std::atomic<const Tables*>;

}  // namespace heliostat::datapath
