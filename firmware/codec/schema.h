// What nanopb's descriptors leave out: the names of fields, and the values of enums. Made from the generated field
// lists, so that it can't fall behind the contract.
#pragma once

#include <pb.h>

#include <cstdint>
#include <span>

namespace heliostat::codec {

struct FieldName {
  std::uint32_t tag = 0;
  const char* name = nullptr;
  bool is_enum = false;
  std::uint32_t enum_max = 0;  // enums count from 0 without gaps
};

struct MessageSchema {
  const char* name;
  const pb_msgdesc_t* descriptor;
  std::span<const FieldName> fields;

  // Null when the message has no such field.
  [[nodiscard]] const FieldName* Find(std::uint32_t tag) const;
};

std::span<const MessageSchema> Messages();

// Null when the contract has no such message.
const MessageSchema* FindMessage(const pb_msgdesc_t* descriptor);

}  // namespace heliostat::codec
