// Configurations of generations that are kept on flash, decoded. Holds the one that was read last, since it is often
// asked for again, until it is told to forget it. The agent's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "config/config.h"
#include "storage/generation_store.h"

namespace heliostat::control {

class GenerationReader {
 public:
  using Configuration = std::shared_ptr<const config::Config>;
  // `store` outlives this.
  explicit GenerationReader(storage::GenerationStore& store) : store_(store) {}

  // Of generation 0 the empty one. kNotFound, kDataLoss, kUnavailable; memory that runs out is thrown.
  [[nodiscard]] Result<Configuration> Read(std::uint64_t generation);
  // Its memory is wanted.
  void Forget() { last_ = {}; }

 private:
  struct Last {
    std::uint64_t generation = 0;
    Configuration config;
  };
  storage::GenerationStore& store_;
  Last last_;
};

}  // namespace heliostat::control
