#include "helioctl/yaml/unit_stream.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace heliostat::helioctl {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::uint32_t kLargestMessageBytes = 1U << 20;

}  // namespace

void AppendDelimited(const google::protobuf::MessageLite& message, std::string& stream) {
  google::protobuf::io::StringOutputStream output(&stream);  // appends
  google::protobuf::io::CodedOutputStream coded(&output);
  coded.WriteVarint64(message.ByteSizeLong());
  message.SerializeWithCachedSizes(&coded);
}

std::string ConfigurationBytes(const std::vector<Resource>& resources) {
  v1::Unit header;
  header.mutable_header()->set_format(kFormat);
  std::size_t units = 0;
  for (const Resource& resource : resources) units += resource.units.size();
  header.mutable_header()->set_units(static_cast<std::uint32_t>(units));
  std::string stream;
  AppendDelimited(header, stream);
  for (const Resource& resource : resources) {
    for (const v1::Unit& unit : resource.units) AppendDelimited(unit, stream);
  }
  return stream;
}

Status TakeDelimited(std::string_view& stream, google::protobuf::MessageLite& message) {
  std::uint32_t length = 0;
  std::size_t prefix = 0;
  while (true) {
    if (prefix == stream.size()) return Status(Code::kDataLoss, "", "ends within a length");
    const auto byte = static_cast<std::uint8_t>(stream[prefix]);
    length |= static_cast<std::uint32_t>(byte & 0x7fU) << (7 * prefix);
    ++prefix;
    if ((byte & 0x80U) == 0) break;
    if (prefix == 4) return Status(Code::kDataLoss, "", "holds a length past every message");
  }
  if (length > kLargestMessageBytes) return Status(Code::kDataLoss, "", "holds a length past every message");
  if (length > stream.size() - prefix) return Status(Code::kDataLoss, "", "ends within a message");
  if (!message.ParseFromArray(stream.data() + prefix, static_cast<int>(length))) {
    return Status(Code::kDataLoss, "", "holds bytes that are not such a message");
  }
  stream.remove_prefix(prefix + length);
  return OkStatus();
}

}  // namespace heliostat::helioctl
