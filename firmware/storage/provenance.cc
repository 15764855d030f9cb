#include "storage/provenance.h"

namespace heliostat::storage {

Status CheckTexts(const Provenance& value) {
  const auto check = [](const char* field, const std::string& text, std::size_t max_bytes) -> Status {
    if (text.size() <= max_bytes) return OkStatus();
    return {Code::kInvalidArgument, field,
            "has " + std::to_string(text.size()) + " bytes, at most " + std::to_string(max_bytes) + " are kept",
            "make it shorter"};
  };
  HELIOSTAT_RETURN_IF_ERROR(check("user", value.user, kMaxNameBytes));
  HELIOSTAT_RETURN_IF_ERROR(check("owner", value.owner, kMaxNameBytes));
  HELIOSTAT_RETURN_IF_ERROR(check("address", value.address, kMaxNameBytes));
  HELIOSTAT_RETURN_IF_ERROR(check("action", value.action, kMaxNameBytes));
  HELIOSTAT_RETURN_IF_ERROR(check("summary", value.summary, kMaxTextBytes));
  return check("comment", value.comment, kMaxTextBytes);
}

void WriteTexts(const Provenance& value, FieldWriter& writer) {
  for (const auto* text : {&value.user, &value.owner, &value.address, &value.action, &value.summary, &value.comment}) {
    writer.Text(*text);
  }
}

void ReadTexts(FieldReader& reader, Provenance& value) {
  for (auto* text : {&value.user, &value.owner, &value.address, &value.action}) *text = reader.Text(kMaxNameBytes);
  for (auto* text : {&value.summary, &value.comment}) *text = reader.Text(kMaxTextBytes);
}

}  // namespace heliostat::storage
