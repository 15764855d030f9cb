// `trust show` and `trust set`: whom a card lets in, and by which certificate it is known.
#pragma once

#include <control.pb.h>

#include <string>

#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct TrustOptions {
  CardOptions card{};
  OutputOptions output{};
};

struct TrustFiles {
  CardOptions card{};
  // Paths; empty: what the card has stays.
  std::string ca{}, certificate{}, private_key{}, crl{};
  bool allow_lockout = false;
};

int ShowTrust(const TrustOptions& options, Streams streams);
// Files are looked at before anything is sent: they parse, and the key is the certificate's.
int SetTrust(const TrustFiles& files, Streams streams);

// Pure. `now_ns`: dates that have passed are marked.
std::string TrustText(const v1::TrustInfo& trust, std::uint64_t now_ns, const TableStyle& style);
Json TrustJson(const v1::TrustInfo& trust);

}  // namespace heliostat::helioctl
