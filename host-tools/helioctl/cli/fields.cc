#include "helioctl/cli/fields.h"

namespace heliostat::helioctl {

void Fields::Add(std::string name, std::string value, Tone tone) {
  fields_.emplace_back(std::move(name), Cell(std::move(value), tone));
}

void Fields::AddIf(std::string name, const std::string& value) {
  if (!value.empty()) Add(std::move(name), value);
}

std::string Fields::Render(const TableStyle& style) const {
  Table table({{"NAME"}, {"VALUE"}});
  for (const auto& [name, value] : fields_) table.Add({name.empty() ? "" : name + ":", value});
  return table.Render({.headers = false, .color = style.color, .indent = style.indent});
}

}  // namespace heliostat::helioctl
