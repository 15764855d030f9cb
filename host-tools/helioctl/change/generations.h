// `generations`, `rollback` and `confirm`: what a card had, and back to it.
#pragma once

#include <cstdint>

#include "helioctl/change/change_report.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct GenerationsOptions {
  OutputOptions output{};
  CardOptions card{};
};

struct RollbackOptions {
  std::uint64_t generation = 0;  // 0: the one before the current one, unless that goes back itself
  ChangeOptions change{};
};

struct ConfirmOptions {
  std::uint64_t generation = 0;  // 0: the current one
  CardOptions card{};
};

struct RolledBack {
  CommitAnswer answer{};
  std::uint64_t content_of = 0;
  bool same = false;  // as what was current: the card made nothing
};

// `generation` as in RollbackOptions. kNotFound: not kept; kFailedPrecondition: the number has to be given.
[[nodiscard]] Result<RolledBack> RollBack(CardClient& client, std::uint64_t generation, const CommitOptions& options,
                                          std::ostream& err);

int ListGenerations(const GenerationsOptions& options, Streams streams);
int Rollback(const RollbackOptions& options, Streams streams);
int Confirm(const ConfirmOptions& options, Streams streams);

}  // namespace heliostat::helioctl
