// A card at the other end of a stream, in the same thread: its transactions are the card's own editor, its troubles are
// made to order.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "control.pb.h"
#include "hal/byte_stream.h"

namespace heliostat::helioctl {

struct ScriptedCard {
  config::Config config{};
  std::uint64_t generation = 1;
  // Given in the place of an answer to Begin, first come first served.
  std::deque<v1::Error> begin_errors{};
  std::deque<v1::Error> commit_errors{};
  std::deque<v1::Error> rollback_errors{};
  // What somebody else does to the card just before the next Begin.
  std::deque<config::Config> overtakers{};
  // The answers to so many changes are lost: they are done, and the connection closes. Or they are not.
  int lost_answers = 0;
  bool does_what_is_lost = true;
  std::string made_when_lost{};  // summary of what another job of ada's does in the place of a rollback; empty: nothing
  std::vector<v1::Generation> generations{};  // oldest first; each commit and rollback adds one, of the user ada
  std::vector<v1::RuleHits> hits{};           // of its rules
  std::vector<v1::Request> requests{};

  // A connection to it. The card outlives it.
  [[nodiscard]] std::unique_ptr<hal::ByteStream> Connect();
  [[nodiscard]] int Count(v1::Request::CallCase call) const;
};

}  // namespace heliostat::helioctl
