// The fields of a mapping in YAML and of a message of the contract (proto/mirror.proto), as the vocabulary ties them.
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>
#include <span>
#include <vector>

#include "helioctl/yaml/vocabulary.h"
#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {

// Every field of `fields` that `mapping` has, into `message`; what is wrong or missing becomes a problem. A field that
// the message has not, since it travels in chunks, is the caller's, and so is what several fields say together.
void ReadFields(const Mapping& mapping, std::span<const Field> fields, google::protobuf::Message& message);

// The items of a list as far as the vocabulary allows them: not none, not too many, none twice.
[[nodiscard]] std::vector<Value> ReadItems(const Value& list, const Field& field);

// The fields that say more than their absence would, in the vocabulary's order. Those that travel in chunks are taken
// from `chunked`.
[[nodiscard]] nlohmann::ordered_json WriteFields(const google::protobuf::Message& message,
                                                 std::span<const Field> fields,
                                                 const nlohmann::ordered_json& chunked = {});

}  // namespace heliostat::helioctl
