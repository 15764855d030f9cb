#include "helioctl/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome Helioctl(const std::vector<std::string>& arguments, const std::string& in = {}) {
  std::istringstream in_stream(in);
  std::ostringstream out;
  std::ostringstream err;
  const int code = Run(arguments, {in_stream, out, err});
  return {code, out.str(), err.str()};
}

constexpr const char* kTarget =
    "apiVersion: heliostat/v1\nkind: Target\nmetadata: {name: t}\nspec: {remote: 10.9.0.2}\n";

// A directory of its own for each test, gone with it.
class RunInDirectory : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::path(testing::TempDir()) / "helioctl-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::string Path(const std::string& name) const { return (directory_ / name).string(); }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }
  std::string Read(const std::string& name) const {
    std::ifstream stream(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  fs::path directory_;
};

TEST(Run, TakesTheOptionsOfAllCommandsBeforeTheCommandToo) {
  setenv("HELIOSTAT_CONFIG", "/nowhere/config.yaml", 1);
  for (const auto& typed : {std::vector<std::string>{"--card", "nowhere:1", "get", "sessions"},
                            std::vector<std::string>{"--card=nowhere:1", "--no-headers", "get", "sessions"},
                            std::vector<std::string>{"get", "sessions", "--card", "nowhere:1"}}) {
    const Outcome outcome = Helioctl(typed);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, StartsWith("helioctl: context: none is chosen, and --ca is not given"));
  }
  unsetenv("HELIOSTAT_CONFIG");
}

TEST(Run, NamesTheCommandAndTheOptionThatIsWrong) {
  const auto error = [](const std::vector<std::string>& typed) { return Helioctl(typed).err; };
  EXPECT_EQ(error({"set", "session", "web", "--percnt", "3"}),
            "helioctl set session: there is no option --percnt; did you mean --percent?\n"
            "Try `helioctl set session --help`.\n");
  EXPECT_EQ(error({"--bogus", "get"}), "helioctl: there is no option --bogus\nTry `helioctl --help`.\n");
  EXPECT_THAT(error({"get", "sessions", "-x"}), StartsWith("helioctl get: there is no option -x\n"));
  EXPECT_THAT(error({"get", "--card"}), StartsWith("helioctl get: --card: "));
  EXPECT_THAT(error({"--output", "json", "pki", "ls"}), StartsWith("helioctl pki: there is no command \"ls\""));
}

TEST(Run, ShowsHelpWithExamplesAndExitCodes) {
  const Outcome help = Helioctl({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("helioctl compile -f mirror.yaml -o config.bin"));
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 done, 1 an error"));
  for (const char* command : {"validate", "compile", "counters"}) {
    const Outcome command_help = Helioctl({command, "--help"});
    EXPECT_EQ(command_help.code, 0);
    EXPECT_THAT(command_help.out, HasSubstr("Exit codes:"));
  }
}

TEST(Run, RefusesATimeToConfirmThatTheCardWouldRefuse) {
  for (const char* time : {"24h", "25h", "86400001ms"}) {
    const Outcome outcome = Helioctl({"apply", "-f", "-", "--confirm-within", time, "--context", "none"});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err.find("is out of range; give 1s to 24h") == std::string::npos, time == std::string("24h"))
        << outcome.err;
  }
}

TEST(Run, SaysThatAReportWasLostAndWhatThatMeans) {
  std::istringstream in;
  std::ostream full(nullptr);
  std::ostringstream err;
  EXPECT_EQ(helioctl::Run({"--version"}, {in, full, err}), 1);
  EXPECT_THAT(err.str(), HasSubstr("standard output can't be written; a change that was asked for is done"));
  err.str("");
  EXPECT_EQ(helioctl::Run({"validate", "no-such-file"}, {in, full, err}), 1);
  EXPECT_THAT(err.str(), Not(HasSubstr("standard output"))) << "nothing was done, and that is the error";
}

TEST(Run, SaysItsVersion) {
  EXPECT_THAT(Helioctl({"--version"}).out, StartsWith("helioctl "));
  EXPECT_EQ(Helioctl({"version"}).out, Helioctl({"--version"}).out);
}

TEST(Run, TakesHelpForACommandToo) {
  EXPECT_EQ(Helioctl({"help"}).out, Helioctl({"--help"}).out);
  EXPECT_EQ(Helioctl({"help", "set", "session"}).out, Helioctl({"set", "session", "--help"}).out);
  EXPECT_EQ(Helioctl({"help"}).code, 0);
}

TEST(Run, TakesNoSwitchWithoutItsValue) {
  const Outcome outcome = Helioctl({"set", "session", "web", "--enabled="});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--enabled= has no value; write --enabled or --enabled=false"));
  EXPECT_THAT(Helioctl({"apply", "-f", "x", "--dry-run="}).err, HasSubstr("--dry-run= has no value"));
}

TEST(Run, TakesNumbersThatAreNumbers) {
  for (const char* text : {"abc", "0", "-1", "010", "1x", "99999999999999999999"}) {
    const Outcome outcome = Helioctl({"get", "sessions", "--generation", text});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("\"" + std::string(text) + "\" is no generation; see `helioctl generations`"));
  }
}

TEST(Run, FailsWithHelpWhenNothingIsAsked) {
  const Outcome outcome = Helioctl({});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("Subcommands:"));
}

TEST(Run, SuggestsTheCommandThatWasMeant) {
  const Outcome outcome = Helioctl({"complie", "-f", "x"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no command \"complie\"; did you mean compile?"));
}

TEST(Run, FailsOnMissingAndUnknownOptions) {
  EXPECT_EQ(Helioctl({"compile", "-f", "x.yaml"}).code, 1);
  EXPECT_THAT(Helioctl({"compile", "-f", "x.yaml"}).err, HasSubstr("--output is required"));
  EXPECT_EQ(Helioctl({"validate", "-f", "x.yaml", "--bord", "b"}).code, 1);
  EXPECT_EQ(Helioctl({"counters", "-f", "x.bin", "-o", "xml"}).code, 1);
}

TEST(Validate, ReadsStandardInput) {
  const Outcome outcome = Helioctl({"validate", "-f", "-"}, kTarget);
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, StartsWith("ok: 1 target, 0 filters (0 rules), 0 sessions\n"));
}

TEST(Validate, RefusesInputWithoutResources) {
  const Outcome outcome = Helioctl({"validate", "-"}, "# nothing\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("<stdin>: holds no resource"));
}

TEST(Validate, ShowsAllErrorsAndTheirCount) {
  const Outcome outcome = Helioctl({"validate", "-"}, std::string(kTarget) + "colour: red\n---\nkind: Target\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, HasSubstr("<stdin>:5:1: document 1 colour: is not a field here"));
  EXPECT_THAT(outcome.err, HasSubstr("<stdin>:7:1: document 2: apiVersion is missing"));
  EXPECT_THAT(outcome.err, HasSubstr("helioctl: "));
}

TEST(Validate, ShowsTheFirstOfVeryManyErrors) {
  std::string yaml;
  for (int i = 0; i < 200; ++i) yaml += "field" + std::to_string(i) + ": 1\n";
  EXPECT_THAT(Helioctl({"validate", "-"}, yaml).err, HasSubstr("... and "));
}

TEST_F(RunInDirectory, ReadsYamlAndYmlOfADirectory) {
  Write("a.yaml", kTarget);
  Write("b.yml", "apiVersion: heliostat/v1\nkind: Filter\nmetadata: {name: f}\nspec: {services: [dns]}\n");
  Write("c.txt", "not: {yaml");
  const Outcome outcome = Helioctl({"validate", directory_.string()});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("1 target, 1 filter (0 rules)"));
}

TEST_F(RunInDirectory, RefusesADirectoryWithoutYaml) {
  const Outcome outcome = Helioctl({"validate", directory_.string()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("has no *.yaml or *.yml file in it"));
}

TEST_F(RunInDirectory, NamesTheFileThatCantBeRead) {
  const Outcome outcome = Helioctl({"validate", Path("missing.yaml")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("missing.yaml: No such file or directory; give a file"));
}

TEST_F(RunInDirectory, NamesBothFilesOfARepeatedName) {
  Write("a.yaml", kTarget);
  Write("b.yaml", kTarget);
  const Outcome outcome = Helioctl({"validate", "-f", Path("a.yaml"), "-f", Path("b.yaml")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(Path("b.yaml") + ":1:1: target \"t\": is defined already at " + Path("a.yaml")));
}

TEST_F(RunInDirectory, WritesTheSameBytesToFileAndStandardOutput) {
  Write("m.yaml", kTarget);
  EXPECT_EQ(Helioctl({"compile", "-f", Path("m.yaml"), "-o", Path("config.bin")}).code, 0);
  const std::string bytes = Read("config.bin");
  EXPECT_EQ(bytes.size(), 21U);
  EXPECT_EQ(Helioctl({"compile", "-f", Path("m.yaml"), "-o", "-"}).out, bytes);
}

TEST_F(RunInDirectory, LeavesTheOutputAloneOnError) {
  Write("config.bin", "before");
  const Outcome outcome = Helioctl({"compile", "-f", "-", "-o", Path("config.bin")}, "kind: Target\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nothing written"));
  EXPECT_EQ(Read("config.bin"), "before");
}

TEST_F(RunInDirectory, SaysWhenTheOutputCantBeWritten) {
  const Outcome outcome = Helioctl({"compile", "-f", "-", "-o", Path("no/config.bin")}, kTarget);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("can't be written: No such file or directory"));
  EXPECT_THAT(std::vector<fs::path>(fs::directory_iterator(directory_), {}), IsEmpty());
}

constexpr const char* kBoard =
    "name: \"b\" lcores: \"0,1\" wires { first: \"guest0\" second: \"wire0\" }\n"
    "ports { name: \"guest0\" kind: VM number: 1 device: \"d0\" mac: \"02:00:00:00:00:01\" }\n"
    "ports { name: \"wire0\" kind: EDGE number: 2 device: \"d1\" mac: \"02:00:00:00:00:02\" }\n"
    "ports { name: \"analyser\" kind: EDGE number: 3 device: \"d2\" mac: \"02:00:00:00:00:03\" }\n";

constexpr const char* kSession =
    "---\napiVersion: heliostat/v1\nkind: Filter\nmetadata: {name: f}\n"
    "spec: {inbound: [{number: 10, action: accept, protocol: icmp, icmpType: 8}]}\n"
    "---\napiVersion: heliostat/v1\nkind: Underlay\nmetadata: {name: analyser}\n"
    "spec: {addresses: [10.9.0.1/24]}\n"
    "---\napiVersion: heliostat/v1\nkind: Session\nmetadata: {name: s}\nspec:\n";

TEST(Validate, ShowsTheCardsErrorsAtTheirLine) {
  const std::string yaml = std::string(kTarget) + kSession;
  struct Row {
    std::string spec, error;
  };
  const std::vector<Row> kRows{
      {"  {number: 1, sources: [guest0],\n  filter: g, target: t}",
       "<stdin>:21:11: session \"s\" filter: there is no filter \"g\""},
      {"  {number: 1, sources: [guest0], filter: f, target: t,\n  sessionId: 3}",
       "<stdin>:21:14: session \"s\" sessionId: the target's encapsulation is not ERSPAN; write vni"},
  };
  for (const Row& row : kRows) {
    const Outcome outcome = Helioctl({"validate", "-"}, yaml + row.spec + "\n");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(row.error));
  }
}

TEST_F(RunInDirectory, ChecksInterfacesOnlyAgainstABoard) {
  Write("m.yaml", std::string(kTarget) + kSession + "  number: 1\n  sources: [guest7]\n  filter: f\n  target: t\n");
  Write("board.textproto", kBoard);
  const Outcome without = Helioctl({"validate", Path("m.yaml")});
  EXPECT_EQ(without.code, 0) << without.err;
  EXPECT_THAT(without.out, HasSubstr("note: whether a card has these interfaces was not checked; --board FILE does"));
  const Outcome with = Helioctl({"validate", Path("m.yaml"), "--board", Path("board.textproto")});
  EXPECT_EQ(with.code, 1);
  EXPECT_THAT(with.err, HasSubstr("m.yaml:21:"));
  EXPECT_THAT(with.err, HasSubstr("guest7"));
}

TEST_F(RunInDirectory, ChecksAndWritesABoard) {
  Write("board.textproto", kBoard);
  EXPECT_EQ(Helioctl({"board", Path("board.textproto")}).out, "ok: board \"b\", 3 ports\n");
  EXPECT_EQ(Helioctl({"board", "-f", Path("board.textproto"), "-o", Path("board.bin")}).code, 0);
  EXPECT_THAT(Read("board.bin"), HasSubstr("guest0"));
  const Outcome wrong = Helioctl({"board", "-", "-o", Path("other.bin")}, "nmae: \"x\"\n");
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("<stdin>:1:"));
  EXPECT_THAT(wrong.err, HasSubstr("did you mean name?"));
  EXPECT_FALSE(fs::exists(Path("other.bin")));
}

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, IsValid) {
  const Outcome outcome =
      Helioctl({"validate", "-f", std::string(HELIOSTAT_EXAMPLES) + "/" + GetParam(), "--board", "-"}, kBoard);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

std::vector<std::string> ExampleNames() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(HELIOSTAT_EXAMPLES))
    names.push_back(entry.path().filename().string());
  return names;
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name;
  for (const char c : info.param) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Examples, Example, testing::ValuesIn(ExampleNames()), TestName);

TEST(Counters, FailsOnADamagedFile) {
  const Outcome outcome = Helioctl({"counters", "-f", "-"},
                                   "\x05"
                                   "ab");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("<stdin> byte 0: ends within a message"));
}

TEST(Counters, FailsWhenTheLedgerDoesNotBalance) {
  const std::string unbalanced("\x06\x0a\x04\x22\x02\x08\x01", 7);  // matched 1 packet, sent none
  const Outcome outcome = Helioctl({"counters", "-"}, unbalanced);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("DOES NOT BALANCE in 1 of 1 entries"));
  const std::string balanced("\x0a\x0a\x08\x22\x02\x08\x01\x2a\x02\x08\x01", 11);
  EXPECT_EQ(Helioctl({"counters", "-"}, balanced).code, 0);
}

}  // namespace
}  // namespace heliostat::helioctl
