#include "datapath/hits.h"

#include <new>

namespace heliostat::datapath {

bool HitShard::Reserve(std::uint32_t entries) {
  if (entries > kMaxEntries) return false;
  for (std::uint32_t page = 0; page * kPageEntries < entries; ++page) {
    if (pages_[page]) continue;
    pages_[page].reset(new (std::nothrow) Page());
    if (!pages_[page]) return false;
  }
  return true;
}

}  // namespace heliostat::datapath
