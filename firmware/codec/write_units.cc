#include <mirror.pb.h>
#include <pb_encode.h>

#include <algorithm>
#include <array>
#include <vector>

#include "codec/change.h"
#include "codec/codec.h"
#include "codec/unit_walk.h"

namespace heliostat::codec {

Status WriteUnits(const config::Config& config, config::Kind kind, std::size_t index, bool whole, std::size_t skip,
                  const UnitSink& sink) {
  const auto unit = std::make_unique<heliostat_v1_Unit>();
  std::vector<pb_byte_t> bytes(heliostat_v1_Unit_size);
  return WalkUnits(config, kind, index, whole, skip, unit.get(), [&] {
    pb_ostream_t stream = pb_ostream_from_buffer(bytes.data(), bytes.size());
    if (!pb_encode(&stream, heliostat_v1_Unit_fields, unit.get())) {
      return Status(Code::kInternal, "unit", PB_GET_ERROR(&stream), {});
    }
    return sink({bytes.data(), stream.bytes_written});
  });
}

}  // namespace heliostat::codec
