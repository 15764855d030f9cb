// `audit`: who changed what on a card, and whether the record of it is whole.
#pragma once

#include <control.pb.h>

#include <string>
#include <vector>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct AuditOptions {
  CardOptions card{};
  OutputOptions output{};
  std::uint64_t after = 0;
  std::uint32_t limit = 0;  // the newest so many; 0: as many as there are
  bool verify = false;
};

// With `verify` the exit code is 1 when the chain does not hold.
int Audit(const AuditOptions& options, Streams streams);

Table AuditTable(const std::vector<v1::AuditRecord>& records, bool wide);
Json AuditJson(const v1::AuditRecord& record);

// `viewer`, `operator`, `flasher`, `admin`; `-` for none: the card itself.
std::string RoleWord(v1::Role role);
std::string HexText(const std::string& bytes);

}  // namespace heliostat::helioctl
