#include "base/file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace heliostat {
namespace {

struct TempFolder {
  TempFolder() { mkdtemp(path.data()); }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::string path = "/tmp/heliostat-base-XXXXXX";
};

TEST(File, ReadsWhatWasWritten) {
  const TempFolder folder;
  const std::string content(200'000, '\x01');
  ASSERT_TRUE(WriteFileAtomically(folder.path + "/f", content).ok());
  EXPECT_EQ(*ReadFile(folder.path + "/f", 1'000'000), content);
  EXPECT_FALSE(std::filesystem::exists(folder.path + "/f.new"));
}

TEST(File, NamesThePathThatIsMissing) {
  const auto read = ReadFile("/nonexistent/f", 10);
  EXPECT_EQ(read.status().code(), Code::kNotFound);
  EXPECT_EQ(read.status().subject(), "/nonexistent/f");
}

TEST(File, RefusesMoreThanItsBound) {
  const TempFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.path + "/f", "12345678901").ok());
  EXPECT_EQ(ReadFile(folder.path + "/f", 10).status().code(), Code::kResourceExhausted);
  EXPECT_TRUE(ReadFile(folder.path + "/f", 11).ok());
}

TEST(Status, ReadsAsSubjectReasonFix) {
  EXPECT_EQ(Status(Code::kNotFound, "a", "b", "c").ToString(), "a: b; c");
  EXPECT_EQ(Status(Code::kNotFound, "a", "b").Within("outer").ToString(), "outer a: b");
  EXPECT_EQ(OkStatus().Within("outer").ToString(), "ok");
}

}  // namespace
}  // namespace heliostat
