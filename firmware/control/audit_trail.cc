#include "control/audit_trail.h"

#include <utility>

#include "base/out_of_memory.h"
#include "base/utf8.h"

namespace heliostat::control {

storage::Provenance ProvenanceOf(const Identity* by, std::uint64_t time_ns, std::string_view action,
                                 std::string_view summary, std::string_view comment) {
  storage::Provenance made;
  made.time_ns = time_ns;
  made.user = "card";
  if (by != nullptr) {
    made.role = static_cast<std::uint8_t>(by->role);
    made.user = CutText(by->user, storage::kMaxNameBytes);
    made.owner = CutText(by->owner, storage::kMaxNameBytes);
    made.address = CutText(by->address, storage::kMaxNameBytes);
  }
  made.action = CutText(action, storage::kMaxNameBytes);
  made.summary = CutText(summary, storage::kMaxTextBytes);
  made.comment = CutText(comment, storage::kMaxTextBytes);
  return made;
}

bool AuditTrail::WriteDue() {
  due_ = CatchOutOfMemory([this]() -> Status {
    for (const storage::GenerationInfo& info : store_.generations()) {
      if (info.number > log_.newest().generation) HELIOSTAT_RETURN_IF_ERROR(Append(info, info.number));
    }
    return {};
  });
  return due_.ok();
}

Status AuditTrail::Record(const storage::Provenance& made) {
  if (!WriteDue()) return due_;
  return Append(made, store_.current());
}

Status AuditTrail::Append(const storage::Provenance& made, std::uint64_t generation) {
  storage::AuditRecord record{made};
  record.generation = generation;
  return log_.Append(std::move(record)).Within("audit log:");
}

}  // namespace heliostat::control
