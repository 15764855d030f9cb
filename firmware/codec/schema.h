// What nanopb's descriptors leave out: the names of fields, and the values of enums. Made from the generated field
// lists, so that it can't fall behind the contract.
#pragma once

#include <pb.h>

#include <cstdint>
#include <span>

namespace heliostat::codec {

struct FieldName {
  std::uint32_t tag;
  const char* name;
  bool is_enum;
  std::uint32_t enum_max;  // enums count from 0 without gaps
};

struct MessageSchema {
  const char* name;
  const pb_msgdesc_t* descriptor;
  std::span<const FieldName> fields;
};

std::span<const MessageSchema> Messages();

// Null when the message has no such field.
const FieldName* FindField(const pb_msgdesc_t* descriptor, std::uint32_t tag);

}  // namespace heliostat::codec
