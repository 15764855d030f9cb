// helioctl's folders: each includes itself and those below it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;

// Files beside the folders are on top, and may include all.
const std::map<std::string, std::set<std::string>> kMayInclude{
    {"cli", {"cli"}},
    {"yaml", {"cli", "yaml"}},
    {"card", {"cli", "yaml", "card"}},
    {"change", {"cli", "yaml", "card", "change"}},
    {"show", {"cli", "yaml", "card", "show"}},
    {"pki", {"cli", "yaml", "card", "pki"}},
};

TEST(Layers, LookDownwardsOnly) {
  const std::regex include("#include \"helioctl/(?:(\\w+)/)?(\\w+)\\.h\"");
  std::size_t seen = 0;
  for (const auto& [folder, allowed] : kMayInclude) {
    for (const auto& entry : fs::directory_iterator(fs::path(HELIOSTAT_EXAMPLES) / "../helioctl" / folder)) {
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, include)) continue;
        const bool generated = match[1].length() == 0 && match[2] == "version";
        EXPECT_TRUE(generated || allowed.contains(match[1])) << entry.path() << ": " << line;
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 200U);
}

}  // namespace
}  // namespace heliostat::helioctl
