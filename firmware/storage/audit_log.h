// Who changed what, on flash, chained: each record carries the SHA-256 of the one before, so that a record that was
// taken out or altered shows. When the region is full the oldest are dropped; the chain goes on.
//
// hash(n) = SHA-256(hash(n-1) || encoding of record n without hashes), hash(0) = 32 zero bytes; FORMAT.md has the
// encoding. One thread (the agent's).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/status.h"
#include "hal/flash.h"
#include "hal/secure_channel.h"
#include "storage/provenance.h"
#include "storage/region.h"

namespace heliostat::storage {

struct AuditRecord : Provenance {
  std::uint64_t sequence = 0;    // 1, 2, ...; given by the log
  std::uint64_t generation = 0;  // the current one after the change
  hal::Sha256Digest hash{};      // given by the log
  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

class AuditLog {
 public:
  // Returns the errors of GenerationStore::Open. `flash` must outlive the log.
  [[nodiscard]] static Result<std::unique_ptr<AuditLog>> Open(hal::Flash& flash, Region region,
                                                              hal::Sha256Function sha256);
  ~AuditLog();

  // The record is written and synced on return; the log gives it its sequence and hash. On error nothing has changed
  // (as GenerationStore::Commit): kInvalidArgument (a text is too long), kResourceExhausted (a region too small for
  // one), kUnavailable.
  [[nodiscard]] Status Append(AuditRecord record);
  // The newest; sequence 0 when there is none.
  [[nodiscard]] const AuditRecord& newest() const;
  // The highest generation of any record, also where later records have lower ones.
  [[nodiscard]] std::uint64_t highest_generation() const;
  // Reads the records behind `after`, oldest first, at most `limit` (0: all). `take` returns false to stop.
  [[nodiscard]] Status Read(std::uint64_t after, std::uint32_t limit,
                            const std::function<bool(const AuditRecord&)>& take);
  // Says where the chain does not hold, or bytes are rotten. What can still be read is read.
  [[nodiscard]] const Status& damage() const;

 private:
  struct State;
  explicit AuditLog(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace heliostat::storage
