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
  std::string reason;                   // why not, or, of an active one, which part of it makes no copies and why
  std::vector<std::uint16_t> egresses;  // ports that its copies leave by, each once
};

struct TargetReport {
  std::string name;
  bool up = false;     // copies can be delivered; of a group: to one member at least
  std::string reason;  // why not; of a group that is up too, the first member that is not, and why
};

// What was really applied.
struct Applied {
  std::uint64_t generation = 0;
  std::size_t policies = 0;
  std::vector<SessionReport> sessions;  // by name
  std::vector<TargetReport> targets;    // by name
};

}  // namespace heliostat::agent
