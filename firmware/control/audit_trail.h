// Who did what, on flash: a record for each generation and for each other change that an admin makes.
//
// A generation's record comes behind it, so a cut or a device that fails may keep it back: then it is due, and nothing
// else is recorded before it. The agent's thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "control/identity.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"

namespace heliostat::control {

// Texts are cut to what a record holds. `by` null: the card itself.
[[nodiscard]] storage::Provenance ProvenanceOf(const Identity* by, std::uint64_t time_ns, std::string_view action,
                                               std::string_view summary, std::string_view comment);

class AuditTrail {
 public:
  // Both outlive this.
  AuditTrail(storage::AuditLog& log, const storage::GenerationStore& store) : log_(log), store_(store) {}

  // Writes the records that are due, one for every generation behind the newest record's: usually none. False: due()
  // says why one still is. Throws nothing.
  bool WriteDue();
  [[nodiscard]] const Status& due() const { return due_; }
  // Of a change that makes no generation. kUnavailable, kResourceExhausted; memory that runs out is thrown.
  [[nodiscard]] Status Record(const storage::Provenance& made);

 private:
  [[nodiscard]] Status Append(const storage::Provenance& made, std::uint64_t generation);

  storage::AuditLog& log_;
  const storage::GenerationStore& store_;
  Status due_;
};

}  // namespace heliostat::control
