#include "support/unity_listener.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

namespace heliostat::support {
namespace {

std::string UnityName(std::string_view suite, std::string_view name) {
  std::string result = std::string(suite) + '_' + std::string(name);
  std::replace_if(
      result.begin(), result.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return result;
}

// Puts the text on one line, with single spaces, and ';' for ':'.
std::string UnityMessage(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += c == ':' ? ';' : c;
    }
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

void PrintLine(const char* file, int line, const std::string& name, const char* verdict, const std::string& message) {
  std::printf("%s:%d:%s:%s%s%s\n", file, std::max(line, 0), name.c_str(), verdict, message.empty() ? "" : ": ",
              message.c_str());
  std::fflush(stdout);
}

}  // namespace

void UnityListener::InstallIfAsked(int argc, const char* const* argv) {
  if (std::none_of(argv + 1, argv + argc, [](std::string_view argument) { return argument == "--unity"; })) return;
  testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new UnityListener);
}

void UnityListener::OnTestIterationStart(const testing::UnitTest&, int) { tests_ = failures_ = ignored_ = 0; }

void UnityListener::OnTestDisabled(const testing::TestInfo& test) {
  ++tests_;
  ++ignored_;
  PrintLine(test.file(), test.line(), UnityName(test.test_suite_name(), test.name()), "IGNORE", "disabled");
}

void UnityListener::OnTestEnd(const testing::TestInfo& test) {
  const testing::TestResult& result = *test.result();
  const std::string name = UnityName(test.test_suite_name(), test.name());
  if (result.Failed()) return Fail(result, test.file(), test.line(), name);
  ++tests_;
  if (!result.Skipped()) return PrintLine(test.file(), test.line(), name, "PASS", {});
  ++ignored_;
  std::string reason;
  for (int i = 0; i < result.total_part_count() && reason.empty(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (part.skipped()) reason = UnityMessage(part.message());
  }
  PrintLine(test.file(), test.line(), name, "IGNORE", reason);
}

void UnityListener::OnTestSuiteEnd(const testing::TestSuite& suite) {
  ReportOutsideTests(suite.ad_hoc_test_result(), suite.name());
}

void UnityListener::OnTestIterationEnd(const testing::UnitTest& unit_test, int) {
  ReportOutsideTests(unit_test.ad_hoc_test_result(), "Program");
  std::printf("\n-----------------------\n%d Tests %d Failures %d Ignored\n%s\n", tests_, failures_, ignored_,
              failures_ == 0 ? "OK" : "FAIL");
  std::fflush(stdout);
}

void UnityListener::ReportOutsideTests(const testing::TestResult& result, std::string_view name) {
  if (result.Failed()) Fail(result, "", 0, UnityName(name, "outside_tests"));
}

void UnityListener::Fail(const testing::TestResult& result, const char* file, int line, const std::string& name) {
  ++tests_;
  ++failures_;
  std::string message;
  int more = 0;
  for (int i = 0; i < result.total_part_count(); ++i) {
    const testing::TestPartResult& part = result.GetTestPartResult(i);
    if (!part.failed()) continue;
    if (!message.empty()) {
      ++more;
      continue;
    }
    message = UnityMessage(part.message());
    if (message.empty()) message = "failed";
    if (part.file_name() != nullptr) {  // an exception that nobody caught has none
      file = part.file_name();
      line = part.line_number();
    }
  }
  if (more > 0) message += " (and " + std::to_string(more) + " more)";
  PrintLine(file, line, name, "FAIL", message);
}

}  // namespace heliostat::support
