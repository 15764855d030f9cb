// The scripts of `helioctl completion`, and the manual page, by the programs that will read them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>

#include "in_folder.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;

class Shells : public InFolder {
 protected:
  struct Shown {
    int status;
    std::string text;
  };
  static Shown Shell(const std::string& command) {
    FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
    if (pipe == nullptr) return {-1, "popen"};
    Shown shown{0, {}};
    std::array<char, 4096> block{};
    while (const std::size_t count = fread(block.data(), 1, block.size(), pipe)) shown.text.append(block.data(), count);
    shown.status = pclose(pipe);
    return shown;
  }
  static bool Has(const std::string& program) { return Shell("command -v " + program).status == 0; }

  // What bash itself would put on the line `helioctl WORDS`; the last word is being written.
  std::string Bash(const std::string& words) const {
    Write("driver.bash", R"sh(eval "$("$1" completion bash)"
specification=$(complete -p helioctl) || exit 1
shift_to=("${@:2}")
COMP_WORDS=("$1" "${shift_to[@]}")
COMP_CWORD=${#shift_to[@]}
"$(sed -n 's/.*-F \([^ ]*\) .*/\1/p' <<<"$specification")" "$1" "${COMP_WORDS[COMP_CWORD]}" ''
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
)sh");
    const Shown shown = Shell("bash --norc --noprofile driver.bash " HELIOSTAT_HELIOCTL " " + words);
    EXPECT_EQ(shown.status, 0) << shown.text;
    return shown.text;
  }
};

TEST_F(Shells, BashCompletesCommandsOptionsChoicesFilesAndContexts) {
  if (Shell(HELIOSTAT_HELIOCTL " --version").status != 0) GTEST_SKIP() << "helioctl was built for another machine";
  if (!Has("bash")) GTEST_SKIP() << "bash is not installed";
  EXPECT_EQ(Bash("pki in"), "init\n");
  EXPECT_EQ(Bash("pki revoke x --rea"), "--reason\n");
  EXPECT_EQ(Bash("pki revoke x --reason key"), "keyCompromise\n");
  EXPECT_EQ(Bash("pki revoke x --reason ="), Bash("pki revoke x --reason ''"));
  Done({"context", "set", "lab", "--card", "192.0.2.1"});
  EXPECT_EQ(Bash("context use ''"), "lab\n");
  Write("folder with space/board.textproto", "x");
  EXPECT_EQ(Bash("board fold"), "folder with space\n");
  EXPECT_EQ(Bash("pki init --dir fold"), "folder with space\n");
  EXPECT_EQ(Bash("pki init --dir driver"), "") << "a file where a folder belongs";
  EXPECT_EQ(Bash("nothing ''"), "");
}

TEST_F(Shells, ZshReadsItsScript) {
  if (!Has("zsh")) GTEST_SKIP() << "zsh is not installed";
  Write("script", Done({"completion", "zsh"}));
  const Shown shown = Shell("zsh -n script");
  EXPECT_EQ(shown.status, 0) << shown.text;
}

TEST_F(Shells, FishCompletes) {
  if (Shell(HELIOSTAT_HELIOCTL " --version").status != 0) GTEST_SKIP() << "helioctl was built for another machine";
  if (!Has("fish")) GTEST_SKIP() << "fish is not installed";
  Set("HOME", folder_.string());
  Write("script", Done({"completion", "fish"}));
  Set("PATH", std::filesystem::path(HELIOSTAT_HELIOCTL).parent_path().string() + ":" + std::getenv("PATH"));
  const Shown shown = Shell("fish -N -c 'source script; complete -C \"helioctl pki in\"'");
  EXPECT_EQ(shown.status, 0);
  EXPECT_THAT(shown.text, HasSubstr("init\t"));
}

TEST_F(Shells, TheManualPageIsWellFormed) {
  Write("helioctl.1", Done({"man"}));
  const bool groff = Has("groff");
  const bool mandoc = Has("mandoc");
  if (!groff && !mandoc) GTEST_SKIP() << "neither groff nor mandoc is installed";
  if (groff) {
    EXPECT_EQ(Shell("groff -man -Tutf8 -ww -z helioctl.1").text, "");
  }
  // A date would make each build another page.
  if (mandoc) {
    EXPECT_EQ(Shell("mandoc -Tlint -Wwarning helioctl.1 | grep -v 'missing date'").text, "");
  }
}

}  // namespace
}  // namespace heliostat::helioctl
