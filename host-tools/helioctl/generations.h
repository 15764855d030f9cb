// `generations`, `rollback` and `confirm`: what a card had, and back to it.
#pragma once

#include <cstdint>

#include "helioctl/change_report.h"
#include "helioctl/run.h"

namespace heliostat::helioctl {

struct GenerationsOptions {
  OutputOptions output{};
  CardOptions card{};
};

struct RollbackOptions {
  std::uint64_t generation = 0;  // 0: the one before the current one
  ChangeOptions change{};
};

struct ConfirmOptions {
  std::uint64_t generation = 0;  // 0: the current one
  CardOptions card{};
};

int ListGenerations(const GenerationsOptions& options, Streams streams);
int Rollback(const RollbackOptions& options, Streams streams);
int Confirm(const ConfirmOptions& options, Streams streams);

}  // namespace heliostat::helioctl
