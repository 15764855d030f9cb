// Test results in the format of the Unity test framework, for rigs that read that one.
//
//   file:line:Suite_Name:PASS | FAIL: message | IGNORE: message     one line a test
//   -----------------------
//   N Tests N Failures N Ignored
//   OK | FAIL
//
// Names are letters, digits and '_' only. Messages are one line without ':', because readers split at it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace heliostat::support {

class UnityListener : public testing::EmptyTestEventListener {
 public:
  // Replaces GoogleTest's own printer when `--unity` is among the arguments. Call after InitGoogleTest.
  static void InstallIfAsked(int argc, const char* const* argv);

  void OnTestIterationStart(const testing::UnitTest& unit_test, int iteration) override;
  void OnTestDisabled(const testing::TestInfo& test) override;
  void OnTestEnd(const testing::TestInfo& test) override;
  void OnTestSuiteEnd(const testing::TestSuite& suite) override;
  void OnTestIterationEnd(const testing::UnitTest& unit_test, int iteration) override;

 private:
  // Reports what failed outside any one test: in a suite's or the program's own set-up or tear-down.
  void ReportOutsideTests(const testing::TestResult& result, std::string_view name);
  void Fail(const testing::TestResult& result, const char* file, int line, const std::string& name);

  int tests_ = 0;
  int failures_ = 0;
  int ignored_ = 0;
};

}  // namespace heliostat::support
