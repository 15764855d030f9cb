#include "helioctl/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "helioctl/card/context.h"

namespace heliostat::helioctl {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// A tree with one command of each shape that helioctl has.
class Completing : public testing::Test {
 protected:
  Completing() : app_("a program", "helioctl") {
    CLI::App* get = app_.add_subcommand("get", "show resources");
    get->add_option("kind", text_, "")->type_name("KIND")->required();
    get->add_option("name", texts_, "")->type_name("NAME");
    get->add_option("-o,--output", text_, "how")->check(CLI::IsMember({"table", "json", "jsonl"}))->type_name("FORMAT");
    get->add_flag("--wide", flag_, "more");
    AddCardOptions(*get, card_);
    CLI::App* remove = app_.add_subcommand("delete", "delete resources");
    remove->add_option("resource", texts_, "")->type_name("RESOURCE");
    remove->add_option("-f,--file,files", texts_, "")->type_name("PATH")->take_all();
    CLI::App* context = app_.add_subcommand("context", "contexts");
    context->add_subcommand("use", "")->add_option("name", text_, "")->type_name("CONTEXT");
    context->add_subcommand("secret", "")->group("");
    CLI::App* set = app_.add_subcommand("set", "");
    CLI::App* set_session = set->add_subcommand("session", "");
    set_session->add_option("name", text_, "")->type_name("NAME");
    set_session->add_option("--target", text_, "")->type_name("TARGET");
    set_session->add_option("--source", text_, "")->type_name("INTERFACE,...");
    set_session->add_option("--direction", text_, "")->type_name("all|inbound|outbound");
    set_session->add_option("--unset", texts_, "")->type_name("FIELD");
    set_session->add_option("--service", text_, "")->type_name("dns|dhcp,...");
    app_.add_subcommand("explain", "")->add_option("field", text_, "")->type_name("KIND.FIELD");
    app_.add_subcommand("disable", "")->add_option("session", texts_, "")->type_name("RESOURCE");
    CLI::App* board = app_.add_subcommand("board", "");
    board->add_option("file", text_, "")->type_name("FILE");
    board->add_option("--dir", text_, "")->type_name("DIR");
    app_.add_subcommand("__names", "")->group("");
  }

  Completion At(const std::vector<std::string>& words) {
    const CompletionSources sources{[this](std::string_view kind, const std::vector<std::string>& options) {
                                      asked_.emplace_back(kind);
                                      options_ = options;
                                      return std::vector<std::string>{"dns", "web", "$(reboot)", "web-2"};
                                    },
                                    [] {
                                      return std::vector<std::string>{"edge", "lab"};
                                    }};
    return Complete(DescribeCommands(app_), words, sources);
  }
  std::vector<std::string> Words(const std::vector<std::string>& words) {
    std::vector<std::string> found;
    for (const Candidate& candidate : At(words).candidates) found.push_back(candidate.word);
    return found;
  }

  CLI::App app_;
  std::string text_;
  std::vector<std::string> texts_;
  bool flag_ = false;
  CardOptions card_;
  std::vector<std::string> asked_;
  std::vector<std::string> options_;
};

TEST_F(Completing, OffersCommandsButNoHiddenOnes) {
  EXPECT_THAT(Words({""}), ElementsAre("get", "delete", "context", "set", "explain", "disable", "board"));
  EXPECT_THAT(Words({"context", ""}), ElementsAre("use"));
  EXPECT_THAT(Words({"de"}), ElementsAre("delete"));
  EXPECT_THAT(Words({}), Contains("get"));
  EXPECT_THAT(Words({"nothing", ""}), IsEmpty());
}

TEST_F(Completing, OffersOptionsUntilTheyAreUsed) {
  EXPECT_THAT(Words({"get", "--o"}), ElementsAre("--output"));
  EXPECT_THAT(Words({"get", "-o", "json", "--o"}), IsEmpty());
  EXPECT_THAT(Words({"get", "--c"}), ElementsAre("--context", "--card", "--ca", "--certificate"));
  EXPECT_THAT(Words({"get", "--", "--o"}), IsEmpty());
}

TEST_F(Completing, OffersTheChoicesOfAnOptionHoweverItIsWritten) {
  EXPECT_THAT(Words({"get", "-o", "j"}), ElementsAre("json", "jsonl"));
  EXPECT_THAT(Words({"get", "--output=j"}), ElementsAre("--output=json", "--output=jsonl"));
  EXPECT_THAT(Words({"get", "--output", "=", "j"}), ElementsAre("json", "jsonl")) << "as bash splits";
  EXPECT_THAT(Words({"get", "--output", "="}), ElementsAre("table", "json", "jsonl"));
}

TEST_F(Completing, OffersKindsThenTheirNames) {
  EXPECT_THAT(Words({"get", "se"}), ElementsAre("sessions"));
  EXPECT_THAT(Words({"get", "sessions", "w"}), ElementsAre("web", "web-2"));
  EXPECT_THAT(Words({"get", "sessions", "web", ""}), ElementsAre("dns", "web-2"));
  EXPECT_THAT(Words({"set", "session", "d"}), ElementsAre("dns"));
  EXPECT_THAT(asked_, testing::Each(testing::Eq("session")));
}

TEST_F(Completing, OffersTheValuesThatATypeNames) {
  EXPECT_THAT(Words({"set", "session", "web", "--direction", ""}), ElementsAre("all", "inbound", "outbound"));
  EXPECT_THAT(Words({"set", "session", "web", "--direction=in"}), ElementsAre("--direction=inbound"));
  EXPECT_THAT(Words({"set", "session", "web", "--target", "w"}), ElementsAre("web", "web-2"));
  EXPECT_THAT(Words({"set", "session", "web", "--source", "dns,w"}), ElementsAre("dns,web", "dns,web-2"));
  EXPECT_THAT(Words({"set", "session", "web", "--service", "dns,dh"}), ElementsAre("dns,dhcp"));
  EXPECT_THAT(asked_, ElementsAre("target", "interface"));
}

TEST_F(Completing, OffersAllBesideTheKinds) { EXPECT_THAT(Words({"get", "a"}), ElementsAre("all")); }

TEST_F(Completing, OffersRulesByTheirFilters) {
  EXPECT_THAT(Words({"get", "ru"}), ElementsAre("rules"));
  EXPECT_THAT(Words({"get", "rules", "w"}), ElementsAre("web", "web-2"));
  EXPECT_EQ(asked_.back(), "filter");
}

TEST_F(Completing, OffersFieldsToExplain) {
  EXPECT_THAT(Words({"explain", "se"}), ElementsAre("session"));
  EXPECT_THAT(Words({"explain", "session.ti"}), ElementsAre("session.tier"));
  EXPECT_THAT(Words({"explain", "rule.tcpFlags."}), ElementsAre("rule.tcpFlags.value", "rule.tcpFlags.mask"));
}

TEST_F(Completing, OffersTheKindsFieldsToUnset) {
  EXPECT_THAT(Words({"set", "session", "web", "--unset", "p"}), ElementsAre("packetLength", "percent"));
  EXPECT_THAT(Words({"set", "session", "web", "--unset", "percent,desc"}), ElementsAre("percent,description"));
  EXPECT_THAT(Words({"set", "session", "web", "--unset", "na"}), IsEmpty());
}

TEST_F(Completing, OffersOnlySessionsToSwitch) {
  EXPECT_THAT(Words({"disable", ""}), ElementsAre("session"));
  EXPECT_THAT(Words({"disable", "session/web", ""}), ElementsAre("session/"));
}

TEST_F(Completing, OffersResourcesInBothSpellings) {
  EXPECT_THAT(Words({"delete", "fil"}), ElementsAre("filter"));
  EXPECT_THAT(Words({"delete", "filter", "d"}), ElementsAre("dns"));
  EXPECT_THAT(Words({"delete", "filter/w"}), ElementsAre("filter/web", "filter/web-2"));
  EXPECT_THAT(Words({"delete", "filter/web", "filter/w"}), ElementsAre("filter/web-2"));
  EXPECT_THAT(Words({"delete", "filter/web", "sess"}), ElementsAre("session/"));
}

TEST_F(Completing, TakesNamesFromTheCardThatTheLineMeans) {
  Words({"get", "--context", "lab", "--card=192.0.2.1", "--timeout", "9m", "sessions", ""});
  EXPECT_THAT(options_, ElementsAre("--context", "lab", "--card", "192.0.2.1"));
}

TEST_F(Completing, LetsNoCardWriteCommandsOfTheShell) {
  EXPECT_THAT(Words({"get", "sessions", ""}), Not(Contains("$(reboot)")));
}

TEST_F(Completing, LeavesPathsToTheShell) {
  EXPECT_EQ(At({"board", ""}).paths, Paths::kFiles);
  EXPECT_EQ(At({"board", "--dir", ""}).paths, Paths::kFolders);
  EXPECT_EQ(At({"delete", "-f", ""}).paths, Paths::kFiles);
  EXPECT_EQ(At({"board", "a", ""}).paths, Paths::kNone);
}

TEST_F(Completing, OffersContexts) {
  EXPECT_THAT(Words({"context", "use", ""}), ElementsAre("edge", "lab"));
  EXPECT_THAT(Words({"get", "--context", "l"}), ElementsAre("lab"));
}

TEST_F(Completing, IsToldInLines) {
  EXPECT_EQ(CompletionLines(At({"del"})), "delete\tdelete resources\n");
  EXPECT_EQ(CompletionLines(At({"board", "x"})), ":files\n");
}

}  // namespace
}  // namespace heliostat::helioctl
