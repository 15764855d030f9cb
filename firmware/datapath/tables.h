// Workers read one immutable Tables an epoch, which the agent makes and publishes by pointer.
//
// An epoch is what the agent published; a generation, which workers do not know, is what an operator committed. The
// agent publishes a generation again, under the next epoch, whenever the world changes under it.
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

// State of a copy stream that outlives epochs: the ERSPAN sequence of one (session, target member).
struct Stream {
  std::atomic<std::uint32_t> next_sequence{0};
};

// One way to a receiver: a target, or a group's member.
struct Member {
  encap::Template header;
  std::uint16_t egress = 0;             // port
  bool resolved = false;                // false: no next hop; `header` is empty
  bool withdrawn = false;               // not resolved, since it may not be used any more: it counts as down
  std::uint8_t tagged_extra_bytes = 0;  // so many more when the original has an 0x8100 tag; for plain copies
  std::uint32_t max_inner_bytes = 0;    // so much of an original fits the MTU and the port
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

// The entries of the hit shards that count the rules of one filter and direction, by rule.
using HitEntries = std::vector<std::uint32_t>;

// A policy, and what its slots stand for at this source.
struct TierTable {
  std::shared_ptr<const rules::Policy> policy;
  std::vector<std::shared_ptr<const std::uint32_t>> hits;  // by slot: the first of its filter's HitEntries
  std::vector<CopyPlan> plans;                             // by slot; an excluded filter has none
};

// The tables that judge frames at one (interface, direction). Epochs share them as long as nothing in them changes.
struct SourceTable {
  std::uint16_t port = 0;
  config::Direction direction = config::Direction::kInbound;
  std::optional<TierTable> excluded;  // asked first: what it accepts no tier sees
  std::vector<TierTable> tiers;       // ascending, only those with a session; each is judged by itself
};

struct PortTables {
  std::array<std::shared_ptr<const SourceTable>, 2> directions;  // by config::Direction; null: not a source
};

struct Tables {
  std::uint64_t epoch = 0;
  std::shared_ptr<const rules::LoopGuard> guard;  // never null where a port is a source
  FlowSampler flow_sampler{0};
  std::vector<PortTables> ports;  // by port number as the worker knows it
};

// The pointer that workers read once a pass.
using TablesPointer = std::atomic<const Tables*>;

}  // namespace heliostat::datapath
