// helioctl in a folder of its own, gone with the test: its contexts are there too, and nothing of the caller's counts.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "helioctl/run.h"

namespace heliostat::helioctl {

class InFolder : public testing::Test {
 protected:
  struct Outcome {
    int code;
    std::string out;
    std::string err;
  };

  void SetUp() override {
    std::string pattern = (std::filesystem::path(testing::TempDir()) / "helioctl-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    for (const char* name : {"CONTEXT", "CARD", "SERVER_NAME", "CA", "CERTIFICATE", "KEY", "PKI"}) {
      unsetenv((std::string("HELIOSTAT_") + name).c_str());
    }
    setenv("HELIOSTAT_CONFIG", Path("config.yaml").c_str(), 1);
  }
  void TearDown() override {
    for (auto set = set_.rbegin(); set != set_.rend(); ++set) {
      const auto& [name, kept] = *set;
      kept ? setenv(name.c_str(), kept->c_str(), 1) : unsetenv(name.c_str());
    }
    unsetenv("HELIOSTAT_CONFIG");
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  // Until the test's end.
  void Set(const std::string& name, const std::string& value) {
    const char* before = std::getenv(name.c_str());
    const std::optional<std::string> kept = before == nullptr ? std::nullopt : std::optional<std::string>(before);
    setenv(name.c_str(), value.c_str(), 1);
    set_.emplace_back(name, kept);
  }
  [[nodiscard]] std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::string Read(const std::string& name) const {
    std::ifstream stream(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static Outcome Helioctl(const std::vector<std::string>& arguments, const std::string& in = {}) {
    std::istringstream in_stream(in);
    std::ostringstream out;
    std::ostringstream err;
    const int code = helioctl::Run(arguments, {in_stream, out, err});
    return {code, out.str(), err.str()};
  }
  // One that must work.
  static std::string Done(const std::vector<std::string>& arguments) {
    const Outcome outcome = Helioctl(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  }

  std::filesystem::path folder_;

 private:
  std::filesystem::path before_;
  std::vector<std::pair<std::string, std::optional<std::string>>> set_;  // with what it was
};

}  // namespace heliostat::helioctl
