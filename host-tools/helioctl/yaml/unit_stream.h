// Length-delimited messages: each preceded by its length as a varint.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "helioctl/yaml/mirror_yaml.h"

namespace heliostat::helioctl {

void AppendDelimited(const google::protobuf::MessageLite& message, std::string& stream);

// A whole configuration: the header, then the units of the resources in their order. The same resources give the
// same bytes.
std::string ConfigurationBytes(const std::vector<Resource>& resources);

// Takes the next message off the front of `stream`. kDataLoss when it is cut short or damaged.
[[nodiscard]] Status TakeDelimited(std::string_view& stream, google::protobuf::MessageLite& message);

}  // namespace heliostat::helioctl
