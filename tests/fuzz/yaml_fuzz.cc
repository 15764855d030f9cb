// Any text -> resources, or problems that say what is wrong; never an exception. Resources without problems are whole.
#include <cstdlib>

#include "helioctl/yaml/mirror_yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using heliostat::helioctl::Problem;
  using heliostat::helioctl::Resource;
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("fuzz.yaml", std::string(reinterpret_cast<const char*>(data), size), resources, problems);
  Arrange(resources, problems);
  if (!problems.empty()) return 0;
  for (const Resource& resource : resources) {
    if (resource.units.empty() || resource.name.empty()) std::abort();
  }
  return 0;
}
