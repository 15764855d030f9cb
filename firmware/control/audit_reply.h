// Audit records, a frame at a time: each is filled on the agent's thread, whose log it is, when the one before has gone
// out. The I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "codec/control.h"
#include "control/agent_calls.h"
#include "control/reply.h"
#include "storage/audit_log.h"

namespace heliostat::control {

class AuditReply final : public Reply, public std::enable_shared_from_this<AuditReply> {
 public:
  AuditReply(std::uint64_t id, const codec::GetAudit& query, storage::AuditLog& log, AgentCalls& calls)
      : id_(id), query_(query), log_(log), calls_(calls) {}

  Progress Next(std::uint64_t now_ns, std::string* out) override;

 private:
  struct Page {
    std::string frame;
    std::uint64_t last = 0;  // sequence number of its last record
    std::uint32_t count = 0;
    bool more = false;
  };
  static Page Read(storage::AuditLog& log, std::uint64_t id, const codec::GetAudit& query);

  std::uint64_t id_;
  codec::GetAudit query_;  // what is still to come
  storage::AuditLog& log_;
  AgentCalls& calls_;
  bool asked_ = false;
  bool ready_ = false;
  Page page_;
  Status failed_;
};

}  // namespace heliostat::control
