// `watch`: states and counters of sessions as they change.
#pragma once

#include <string>

#include "helioctl/card/context.h"
#include "helioctl/card/snapshot.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct SessionWatchOptions {
  CardOptions card{};
  OutputOptions output{};
  std::string session{};        // a pattern; empty: all
  std::string interval = "1s";  // 100ms..1h
  std::uint32_t count = 0;      // snapshots; 0: until stopped
};

int WatchSessions(const SessionWatchOptions& options, Streams streams);

// One line a session that is not as it was in the snapshot before. Columns are as wide as they were for the first, and
// wider where they must. Pure.
class ChangeLines {
 public:
  explicit ChangeLines(const TableStyle& style) : style_(style) {}
  std::string Take(const Snapshot& snapshot);

 private:
  struct Line {
    std::string state;
    v1::LedgerEntry total;
  };
  TableStyle style_;
  bool first_ = true;
  std::size_t name_width_ = 0;
  std::vector<std::pair<std::string, Line>> known_;  // by name
};

// A snapshot as one object.
Json SnapshotJson(const Snapshot& snapshot);

}  // namespace heliostat::helioctl
