// What a filter's network services stand for: accept rules before all of its own, in both directions.
#pragma once

#include <vector>

#include "config/config.h"

namespace heliostat::rules {

// The accept rules of `service`, with number 0. Which of them matches makes no difference: they are one service.
[[nodiscard]] std::vector<config::Rule> ServiceRules(config::Service service);

}  // namespace heliostat::rules
