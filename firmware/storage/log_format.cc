#include "storage/log_format.h"

#include "storage/crc32c.h"

namespace heliostat::storage {

std::uint32_t CrcOf(const AreaHeader& header) { return Crc32c(BytesOf(header).first(offsetof(AreaHeader, crc))); }

std::uint32_t CrcOf(const RecordHeader& header, std::uint32_t offset) {
  return Crc32c(BytesOf(header).first(offsetof(RecordHeader, crc)), Crc32c(BytesOf(Be32(offset))));
}

}  // namespace heliostat::storage
