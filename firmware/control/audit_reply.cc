#include "control/audit_reply.h"

#include <utility>

namespace heliostat::control {
namespace {

codec::AuditLine ToLine(const storage::AuditRecord& record) {
  return {.sequence = record.sequence,
          .time_ns = record.time_ns,
          .generation = record.generation,
          .role = static_cast<codec::Role>(record.role),
          .user = record.user,
          .owner = record.owner,
          .address = record.address,
          .action = record.action,
          .summary = record.summary,
          .comment = record.comment,
          .hash = record.hash};
}

}  // namespace

AuditReply::Page AuditReply::Read(storage::AuditLog& log, std::uint64_t id, const codec::GetAudit& query) {
  Page page;
  codec::FrameWriter writer(codec::FrameWriter::Kind::kAudit, id);
  const Status read = log.Read(query.after, query.limit, [&](const storage::AuditRecord& record) {
    page.more = !writer.Add(ToLine(record));
    if (page.more) return false;
    page.last = record.sequence;
    ++page.count;
    return true;
  });
  if (!read.ok()) {
    page.more = false;
    codec::AppendError(id, read, 0, &page.frame);
    return page;
  }
  // A record alone always fits; if none did, going on would never end.
  page.more = page.more && page.count != 0;
  writer.Finish(page.more, false, &page.frame);
  return page;
}

AuditReply::Progress AuditReply::Next(std::uint64_t /*now_ns*/, std::string* out) {
  if (!failed_.ok()) {
    codec::AppendError(id_, failed_, 0, out);
    return Progress::kDone;
  }
  if (ready_) {
    asked_ = ready_ = false;
    out->append(page_.frame);
    page_.frame.clear();
    query_.after = page_.last;
    // With a limit, `more` says that records are left of it: it is never 0 again.
    if (query_.limit != 0) query_.limit -= page_.count;
    return page_.more ? Progress::kMore : Progress::kDone;
  }
  if (!asked_) {
    calls_.Call(
        [&log = log_, id = id_, query = query_, weak = weak_from_this()]() -> Result<Page> {
          if (weak.expired()) return Status(Code::kAborted, "audit", "nobody waits for it");
          return Read(log, id, query);
        },
        [weak = weak_from_this()](Result<Page> page) {
          const std::shared_ptr<AuditReply> self = weak.lock();
          if (self == nullptr) return;
          if (page.ok()) {
            self->page_ = std::move(*page);
          } else {
            self->failed_ = page.status();
          }
          self->ready_ = true;
        });
    asked_ = true;
  }
  return Progress::kWaiting;
}

}  // namespace heliostat::control
