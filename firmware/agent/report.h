// What the agent says of what it has applied: plain values, for any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace heliostat::agent {

struct SessionReport {
  std::string name;
  std::uint32_t tunnel_id = 0;
  bool active = false;
  std::string reason;  // why it is inactive, or why a part of an active session makes no copies
};

struct TargetReport {
  std::string name;
  bool up = false;     // copies can be delivered: for a group, to at least one member
  std::string reason;  // why it is down; for a group that is up, which member is down first, and why
};

// What was really applied.
struct Applied {
  std::uint64_t generation = 0;
  std::size_t policies = 0;
  std::vector<SessionReport> sessions;  // by name
  std::vector<TargetReport> targets;    // by name
};

}  // namespace heliostat::agent
