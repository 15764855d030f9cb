#include "helioctl/man_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "in_folder.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Manual : public InFolder {};

TEST_F(Manual, HasEveryCommandWithItsOptions) {
  const std::string page = Done({"man"});
  EXPECT_THAT(page, StartsWith(".TH HELIOCTL 1 "));
  for (const char* part : {".SS \\fBhelioctl pki issue card\\fR", ".SS \\fBhelioctl compile\\fR",
                           "\\fB\\-f\\fR, \\fB\\-\\-file\\fR", ".SH EXIT STATUS", ".SH ENVIRONMENT", ".SH FILES"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, Not(HasSubstr("__")));
}

TEST(ManPage, TakesTextForTextAndNotForRequests) {
  CommandText program;
  program.name = program.path = "helioctl";
  program.footer = "Example:\n.so /etc/passwd\n'br\na\\fBb --x\n\n\nExit codes: 0";
  const std::string page = ManPage(program);
  EXPECT_THAT(page, HasSubstr("\n\\&.so /etc/passwd\n\\&'br\na\\efBb \\-\\-x\n"));
  EXPECT_THAT(page, Not(HasSubstr("Exit codes:")));
}

}  // namespace
}  // namespace heliostat::helioctl
