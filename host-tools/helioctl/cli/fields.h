// `Name:  value` lines, values below each other.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "helioctl/cli/table.h"

namespace heliostat::helioctl {

class Fields {
 public:
  void Add(std::string name, std::string value, Tone tone = Tone::kPlain);
  // Not at all when it is empty.
  void AddIf(std::string name, const std::string& value);
  [[nodiscard]] std::string Render(const TableStyle& style = {}) const;

 private:
  std::vector<std::pair<std::string, Cell>> fields_;
};

}  // namespace heliostat::helioctl
