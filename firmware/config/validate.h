// Is this configuration one that a card can run? Pure; the card and the host tool call the same function. Who may use
// what is another question: config/use.h.
#pragma once

#include <vector>

#include "base/status.h"
#include "config/config.h"

namespace heliostat::config {

// What a configuration is checked against. A host tool without a card at hand passes `interfaces_known = false`,
// and what depends on the card's interfaces is not checked.
struct Card {
  bool interfaces_known = true;
  std::vector<Interface> interfaces;
  Limits limits;
};

// kInvalidArgument, kNotFound, kAlreadyExists, kFailedPrecondition or kResourceExhausted, with the field path, the
// reason and the fix of the first error in the order of the Config's members, limits first. Expects names and rules
// sorted. Time grows with the number of rules, of members, of session-source pairs and of members of the groups that
// sessions name, counted for each of these sessions.
[[nodiscard]] Status Validate(const Config& config, const Card& card);

}  // namespace heliostat::config
