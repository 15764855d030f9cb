// The parts of Validate, one per kind of resource, and the index by name that they share.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "config/use.h"
#include "config/validate.h"

namespace heliostat::config {

// Views into one Config and Card, which outlive it.
struct Index {
  Index(const Config& config, const Card& card);

  // Both return null for a name that is not there. FindInterface knows one only when the card's interfaces are known.
  [[nodiscard]] const Interface* FindInterface(std::string_view name) const;
  [[nodiscard]] const Target* FindTarget(std::string_view name) const;
  // The MTU of what leaves this edge interface: its underlay's, else its own; 0 when it is not known.
  [[nodiscard]] std::uint16_t EgressMtu(std::string_view interface) const;

  bool interfaces_known;
  Guests guests;  // none when interfaces are not known
  std::unordered_map<std::string_view, const Interface*> interfaces;
  std::unordered_map<std::string_view, const Underlay*> underlays;
  std::unordered_map<std::string_view, const Target*> targets;
  std::unordered_map<std::string_view, const Filter*> filters;
};

std::string_view Name(Encapsulation encapsulation);

Status ValidateUnderlays(const Config& config, const Index& index);
Status ValidateTargets(const Config& config, const Index& index, const Limits& limits);
Status ValidateFilter(const Filter& filter);
Status ValidateSessions(const Config& config, const Index& index, const Limits& limits);

}  // namespace heliostat::config
