// Rules and the flows that meet them, as a network's access lists look: seeded, the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config/config.h"
#include "support/frame_builder.h"

namespace heliostat::bench {

struct Flow {
  std::uint32_t source = 0;  // IPv4, host order
  std::uint32_t destination = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 6;  // TCP or UDP
};

// Prefixes of all lengths, TCP, UDP and both, single ports and ranges; one rule in ten rejects. Numbered from 1.
std::vector<config::Rule> MakeRules(std::size_t count, std::uint64_t seed);

// Flows whose first match is an accept rule. Each is drawn from a rule at random, so first matches lie at any depth.
std::vector<Flow> FlowsThatMatch(const std::vector<config::Rule>& rules, std::size_t count, std::uint64_t seed);

// Flows that no rule matches: half of them would, but for the destination port.
std::vector<Flow> FlowsThatMiss(const std::vector<config::Rule>& rules, std::size_t count, std::uint64_t seed);

// Index of the first rule that matches, read off the rules; rules.size() when none does.
std::size_t FirstMatch(const std::vector<config::Rule>& rules, const Flow& flow);

// A frame of the flow, `bytes` >= 64 long without FCS.
support::Bytes FrameOf(const Flow& flow, std::size_t bytes);

// Of such a frame. Any port from 0x8000 on leaves it with the same first match.
void SetSourcePort(std::uint8_t* frame, std::uint16_t port);

}  // namespace heliostat::bench
