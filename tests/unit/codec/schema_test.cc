#include "codec/schema.h"

#include <board.pb.h>
#include <control.pb.h>
#include <counters.pb.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>
#include <mirror.pb.h>
#include <pb_common.h>

#include <set>
#include <string>

#include "codec/wire_scan.h"

namespace heliostat::codec {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;

// The archive is built with allocation: a field without a bound would become a pointer, and memory unbounded. What is
// read and written piece by piece is named here.
TEST(Schema, HasNoFieldWithoutABound) {
  const std::set<std::string> in_pieces = {
      "Edit.changes", "SetTrust.ca",       "SetTrust.certificate", "SetTrust.private_key", "SetTrust.crl",
      "Items.items",  "Snapshot.readings", "Snapshot.sessions",    "Snapshot.interfaces",  "AuditRecords.records"};
  std::set<std::string> callbacks;
  for (const MessageSchema& message : Messages()) {
    pb_field_iter_t field{};
    if (!pb_field_iter_begin(&field, message.descriptor, nullptr)) continue;  // it has none
    do {
      if (PB_ATYPE(field.type) == PB_ATYPE_CALLBACK) {
        callbacks.insert(std::string(message.name) + "." + message.Find(field.tag)->name);
        continue;
      }
      EXPECT_EQ(PB_ATYPE(field.type), PB_ATYPE_STATIC) << message.name << " field " << field.tag;
    } while (pb_field_iter_next(&field));
  }
  EXPECT_EQ(callbacks, in_pieces);
}

TEST(Schema, NamesEveryMessageAndFieldAsTheContractDoes) {
  std::size_t messages = 0;
  for (const FileDescriptor* file : {v1::Unit::descriptor()->file(), v1::Board::descriptor()->file(),
                                     v1::Reading::descriptor()->file(), v1::Change::descriptor()->file()}) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      const Descriptor* descriptor = file->message_type(i);
      const MessageSchema* schema = nullptr;
      for (const MessageSchema& one : Messages()) {
        if (descriptor->name() == one.name) schema = &one;
      }
      ASSERT_NE(schema, nullptr) << descriptor->name();
      ++messages;
      EXPECT_EQ(schema->fields.size(), static_cast<std::size_t>(descriptor->field_count())) << descriptor->name();
      for (const FieldName& field : schema->fields) {
        const auto* expected = descriptor->FindFieldByNumber(static_cast<int>(field.tag));
        ASSERT_NE(expected, nullptr);
        EXPECT_EQ(expected->name(), field.name);
        EXPECT_LT(field.tag, 32U) << "the scan counts fields below this tag";
        ASSERT_EQ(field.is_enum, expected->enum_type() != nullptr);
        if (!field.is_enum) continue;
        EXPECT_EQ(static_cast<int>(field.enum_max) + 1, expected->enum_type()->value_count());
        for (int k = 0; k <= static_cast<int>(field.enum_max); ++k) {
          EXPECT_NE(expected->enum_type()->FindValueByNumber(k), nullptr)
              << "a gap in " << expected->enum_type()->name();
        }
      }
    }
  }
  EXPECT_EQ(messages, Messages().size());
}

}  // namespace
}  // namespace heliostat::codec
