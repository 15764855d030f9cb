// index.yaml of a PkiFolder: what was issued, as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "helioctl/pki/pki_folder.h"

namespace heliostat::helioctl {

struct PkiIndex {
  std::uint64_t list_number = 0;  // of the newest revocation list
  std::vector<IssuedCertificate> issued{};
};

std::string PkiIndexText(const PkiIndex& index);
// kDataLoss: the first error, at its place in `path`.
[[nodiscard]] Result<PkiIndex> ParsePkiIndex(const std::string& path, const std::string& text);

}  // namespace heliostat::helioctl
