#include "helioctl/problem.h"

namespace heliostat::helioctl {

std::string Place::ToString() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

std::string Problem::ToString() const {
  const std::string where = place.ToString();
  return where.empty() ? status.ToString() : where + ": " + status.ToString();
}

}  // namespace heliostat::helioctl
