#include "helioctl/card/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "helioctl/card/context_file.h"
#include "in_folder.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kLab = R"(apiVersion: heliostat/v1
kind: Config
currentContext: lab
contexts:
  - name: lab
    card: "[2001:db8::10]:9000"
    serverName: card0
    ca: ca.pem
    certificate: users/alice.pem
    privateKey: /keys/alice.key
    crl: crl.pem
  - name: edge
    card: edge7.example
    ca: ca.pem
    certificate: c
    privateKey: k
)";

class Contexts : public InFolder {
 protected:
  static Context Resolved(const CardOptions& options) {
    const auto context = ResolveContext(options);
    EXPECT_TRUE(context.ok()) << context.status().ToString();
    return context.ok() ? *context : Context{};
  }
  static std::string Refused(const CardOptions& options) {
    const auto context = ResolveContext(options);
    EXPECT_FALSE(context.ok());
    return context.status().ToString();
  }
};

TEST_F(Contexts, ResolvesTheCurrentOneWithPathsRelativeToItsFile) {
  Write("config.yaml", kLab);
  const Context context = Resolved({});
  EXPECT_EQ(context.name, "lab");
  EXPECT_EQ(context.host, "2001:db8::10");
  EXPECT_EQ(context.port, 9000);
  EXPECT_EQ(context.server_name, "card0");
  EXPECT_EQ(context.ca, Path("ca.pem"));
  EXPECT_EQ(context.certificate, Path("users/alice.pem"));
  EXPECT_EQ(context.private_key, "/keys/alice.key");
  EXPECT_EQ(context.crl, Path("crl.pem"));
}

TEST_F(Contexts, HaveDefaultsForPortAndServerName) {
  Write("config.yaml", kLab);
  CardOptions options;
  options.context = "edge";
  const Context context = Resolved(options);
  EXPECT_EQ(context.port, kControlPort);
  EXPECT_EQ(context.server_name, "edge7.example");
  EXPECT_EQ(context.crl, "");
}

TEST_F(Contexts, ChooseByOptionThenEnvironmentThenFile) {
  Write("config.yaml", kLab);
  Set("HELIOSTAT_CONTEXT", "edge");
  EXPECT_EQ(Resolved({}).name, "edge");
  CardOptions options;
  options.context = "lab";
  EXPECT_EQ(Resolved(options).name, "lab");
}

TEST_F(Contexts, TakeEachValueFromOptionThenEnvironmentThenContext) {
  Write("config.yaml", kLab);
  Set("HELIOSTAT_CA", "other.pem");
  Set("HELIOSTAT_KEY", "env.key");
  CardOptions options;
  options.private_key = "typed.key";
  const Context context = Resolved(options);
  EXPECT_EQ(context.ca, "other.pem");
  EXPECT_EQ(context.private_key, "typed.key");
  EXPECT_EQ(context.certificate, Path("users/alice.pem"));
  EXPECT_EQ(context.crl, "") << "another authority's list";
}

TEST_F(Contexts, ThatAreTypedOutrankTheEnvironment) {
  Write("config.yaml", kLab);
  Set("HELIOSTAT_CARD", "192.0.2.99");
  EXPECT_EQ(Resolved({}).host, "192.0.2.99");
  CardOptions options;
  options.context = "lab";
  EXPECT_EQ(Resolved(options).host, "2001:db8::10");
}

TEST_F(Contexts, CheckTheNameOfTheCardThatWasTyped) {
  Write("config.yaml", kLab);
  CardOptions options;
  options.card = "localhost:1234";
  EXPECT_EQ(Resolved(options).server_name, "localhost");
  EXPECT_EQ(Resolved(options).port, 1234);
  options.server_name = "card0";
  EXPECT_EQ(Resolved(options).server_name, "card0");
}

TEST_F(Contexts, AreNotNeededByWhoeverSaysAll) {
  Write("config.yaml", "not: [a, context, file");
  CardOptions options{.card = "192.0.2.1", .ca = "a", .certificate = "b", .private_key = "c"};
  EXPECT_EQ(Resolved(options).host, "192.0.2.1");
  options.ca.clear();
  EXPECT_THAT(Refused(options), StartsWith(Path("config.yaml:")));
}

TEST_F(Contexts, SayHowToBeginWhenThereIsNone) {
  EXPECT_THAT(Refused({}), HasSubstr("none is chosen"));
  EXPECT_THAT(Refused({}), HasSubstr("helioctl pki init"));
}

TEST_F(Contexts, SuggestTheNameThatWasMeant) {
  Write("config.yaml", kLab);
  CardOptions options;
  options.context = "lba";
  EXPECT_THAT(Refused(options), HasSubstr("context \"lba\": is not in " + Path("config.yaml") + "; did you mean lab?"));
  Set("HELIOSTAT_CONTEXT", "egde");
  EXPECT_THAT(Refused({}), StartsWith("$HELIOSTAT_CONTEXT context \"egde\""));
}

TEST_F(Contexts, NameThePlaceOfWhatIsWrongInTheFile) {
  const auto refused = [this](const std::string& text) {
    Write("config.yaml", "apiVersion: heliostat/v1\nkind: Config\n" + text);
    return Refused({});
  };
  EXPECT_THAT(refused("currentContxt: lab\n"),
              AllOf(StartsWith(Path("config.yaml:3:1")), HasSubstr("did you mean currentContext?")));
  EXPECT_THAT(refused("contexts:\n  - name: lab\n    privatKey: x\n"),
              AllOf(StartsWith(Path("config.yaml:5:5")), HasSubstr("did you mean privateKey?")));
  EXPECT_THAT(refused("contexts:\n  - name: lab\n    card: ::1\n"),
              AllOf(StartsWith(Path("config.yaml:5:11")), HasSubstr("[ADDRESS]")));
  EXPECT_THAT(refused("contexts:\n  - name: lab\n  - name: lab\n"), HasSubstr("two contexts called \"lab\""));
  EXPECT_THAT(refused("contexts:\n  - card: a\n"), HasSubstr("name is missing"));
  EXPECT_THAT(refused("contexts: [\n"), StartsWith(Path("config.yaml:")));
  EXPECT_THAT(refused("currentContext: lab\ncontexts: []\n"), HasSubstr("currentContext: context \"lab\""));
  EXPECT_THAT(refused("currentContext: lab\ncontexts:\n  - {name: lab, card: a, ca: b}\n"),
              AllOf(StartsWith(Path("config.yaml:5:5")), HasSubstr("context \"lab\" certificate: is missing")));
}

TEST_F(Contexts, AreMadeUsedShownAndDeleted) {
  Done({"context", "set", "lab", "--card", "192.0.2.10", "--server-name", "card0", "--ca", "pki/ca.pem",
        "--certificate", "a.pem", "--key", "a.key"});
  Done({"context", "set", "edge", "--card", "[::1]:9000"});
  EXPECT_EQ(Done({"context", "list", "-o", "name"}), "lab\nedge\n");
  EXPECT_THAT(Done({"context", "list"}), HasSubstr("*  lab   192.0.2.10  card0"));
  EXPECT_THAT(Done({"context", "use", "edge"}), HasSubstr("context edge is the current one"));
  Done({"context", "set", "edge", "--key", "b.key"});
  EXPECT_THAT(Read("config.yaml"), HasSubstr("[::1]:9000"));
  EXPECT_THAT(Read("config.yaml"), HasSubstr(Path("b.key")));
  const std::string shown = Done({"context", "show", "--context", "lab"});
  EXPECT_THAT(shown, HasSubstr("192.0.2.10:8789"));
  EXPECT_THAT(shown, HasSubstr(Path("pki/ca.pem")));
  EXPECT_THAT(Done({"context", "delete", "edge"}), HasSubstr("None is current now"));
  EXPECT_EQ(Done({"context", "list", "-o", "name"}), "lab\n");
  EXPECT_EQ(Helioctl({"context", "use", "edge"}).code, 1);
}

TEST_F(Contexts, AreAllThereWhenManyAreMadeAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] { Done({"context", "set", "lab" + std::to_string(i), "--card", "192.0.2.10"}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 8; ++i) EXPECT_THAT(Done({"context", "list"}), HasSubstr("lab" + std::to_string(i)));
}

TEST_F(Contexts, KeepTheirFilesPermissionsAndTheLinkToIt) {
  namespace fs = std::filesystem;
  const fs::perms mode = fs::perms::owner_read | fs::perms::owner_write;
  Write("dotfiles/heliostat.yaml", kLab);
  fs::permissions(Path("dotfiles/heliostat.yaml"), mode);
  fs::create_symlink("dotfiles/heliostat.yaml", Path("config.yaml"));
  Done({"context", "use", "edge"});
  EXPECT_TRUE(fs::is_symlink(Path("config.yaml")));
  EXPECT_THAT(Read("dotfiles/heliostat.yaml"), HasSubstr("currentContext: edge"));
  EXPECT_EQ(fs::status(Path("config.yaml")).permissions(), mode);
  fs::remove(Path("dotfiles/heliostat.yaml"));
  Done({"context", "set", "lab", "--card", "192.0.2.10"});
  EXPECT_TRUE(fs::is_symlink(Path("config.yaml"))) << "one that led nowhere is a link too";
}

TEST_F(Contexts, RefuseAnAddressBeforeTheyAreWritten) {
  const auto outcome = Helioctl({"context", "set", "lab", "--card", "192.0.2.10:0"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--card card: \"192.0.2.10:0\" has no port 1..65535"));
  EXPECT_FALSE(std::filesystem::exists(Path("config.yaml")));
}

TEST_F(Contexts, TakeATimeoutWithItsUnit) {
  Write("config.yaml", kLab);
  EXPECT_EQ(Helioctl({"context", "show", "--timeout", "2m"}).code, 0);
  for (const char* time : {"0", "-1", "soon", "2d"}) {
    const auto outcome = Helioctl({"context", "show", "--timeout", time});
    EXPECT_EQ(outcome.code, 1) << time;
  }
}

TEST(CardAddress, HasAHostAndAPort) {
  const auto parsed = [](const char* text) {
    const auto address = ParseCardAddress(text);
    return address.ok() ? address->host + " " + std::to_string(address->port) : address.status().reason();
  };
  EXPECT_EQ(parsed("192.0.2.10"), "192.0.2.10 8789");
  EXPECT_EQ(parsed("card0.example:1"), "card0.example 1");
  EXPECT_EQ(parsed("[2001:db8::1]"), "2001:db8::1 8789");
  EXPECT_EQ(parsed("[fe80::1%eth0]:65535"), "fe80::1%eth0 65535");
  for (const char* text : {"", ":8789", "::1", "[::1", "[::1]8789", "[192.0.2.1]", "a:", "a:0", "a:65536", "a:1x",
                           "a b", "[::1]:", "http://a", "a/b"}) {
    EXPECT_FALSE(ParseCardAddress(text).ok()) << text;
  }
  EXPECT_EQ(CardAddressText("2001:db8::1", 1), "[2001:db8::1]:1");
  EXPECT_EQ(CardAddressText("192.0.2.1", 1), "192.0.2.1:1");
}

TEST(ContextFilePath, FollowsTheEnvironment) {
  const char* home = std::getenv("HOME");
  const std::string kept = home == nullptr ? "" : home;
  unsetenv("HELIOSTAT_CONFIG");
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", "/h", 1);
  EXPECT_EQ(ContextFilePath(), "/h/.config/heliostat/config.yaml");
  setenv("XDG_CONFIG_HOME", "/x", 1);
  EXPECT_EQ(ContextFilePath(), "/x/heliostat/config.yaml");
  setenv("HELIOSTAT_CONFIG", "/f", 1);
  EXPECT_EQ(ContextFilePath(), "/f");
  unsetenv("HELIOSTAT_CONFIG");
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", kept.c_str(), 1);
}

}  // namespace
}  // namespace heliostat::helioctl
