// Does the chain of audit records hold?
//
// hash(n) = SHA-256(hash(n-1) || record n without its hash), hash(0) = 32 zero bytes. The record is, integers in
// network order: sequence 8, generation 8, time_ns 8, role 1, then user, owner, address, action, summary and comment,
// each behind its length in one byte (firmware/storage/FORMAT.md). Pure.
#pragma once

#include <control.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hal/secure_channel.h"

namespace heliostat::helioctl {

struct ChainProblem {
  std::uint64_t sequence = 0;  // of the record that does not follow on the one before
  std::string reason{};
};

struct ChainReport {
  // The hash of the first record is that of record 1, or follows on a record that the card has dropped or that was not
  // read: then nothing can be said of what came before it.
  bool from_the_start = false;
  std::uint64_t checked = 0;  // records whose hash was computed and compared
  std::vector<ChainProblem> problems{};
};

// `records` oldest first. Each record is checked against the hash that the one before says, so that one that was
// altered shows once, and what follows is judged by itself.
[[nodiscard]] ChainReport VerifyChain(const std::vector<v1::AuditRecord>& records, hal::Sha256Function sha256);

}  // namespace heliostat::helioctl
