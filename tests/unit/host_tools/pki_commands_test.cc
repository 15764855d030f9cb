#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "helioctl/card/context.h"
#include "in_folder.h"
#include "pki/reading.h"

namespace {

// Why two names can't be exchanged; 0: they can.
int no_exchange = 0;

}  // namespace

// In the place of the C library's, in this program.
extern "C" int renameat2(int from, const char* old_path, int to, const char* new_path, unsigned flags) noexcept {
  if (no_exchange == 0) return static_cast<int>(syscall(SYS_renameat2, from, old_path, to, new_path, flags));
  errno = no_exchange;
  return -1;
}

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class PkiCommands : public InFolder {
 protected:
  ~PkiCommands() override { no_exchange = 0; }
  pki::CertificateText Certificate(const std::string& name) const {
    const auto text = pki::ReadCertificate(Read(name));
    EXPECT_TRUE(text.ok()) << name << ": " << text.status().ToString();
    return text.ok() ? *text : pki::CertificateText{};
  }
  std::vector<std::string> Revoked(const std::string& name) const {
    const auto text = pki::ReadRevocationList(Read(name));
    EXPECT_TRUE(text.ok()) << name << ": " << text.status().ToString();
    std::vector<std::string> serials;
    if (text.ok()) {
      for (const auto& entry : text->revoked) serials.push_back(entry.serial);
    }
    return serials;
  }
  std::vector<std::string> Names(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / folder)) names.push_back(entry.path().filename());
    return names;
  }
  static std::string Refused(const std::vector<std::string>& arguments) {
    const Outcome outcome = Helioctl(arguments);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }
  unsigned Mode(const std::string& name) const {
    struct stat status {};
    EXPECT_EQ(stat(Path(name).c_str(), &status), 0) << name;
    return status.st_mode & 0777U;
  }
};

TEST_F(PkiCommands, InitMakesAllThatMutualTlsNeeds) {
  const std::string out = Done({"pki", "init"});
  EXPECT_THAT(out, HasSubstr("\nNext:\n"));
  EXPECT_THAT(Names("pki"), UnorderedElementsAre("ca.pem", "ca.key", "crl.pem", "index.yaml", "cards", "users"));
  for (const char* folder : {"pki/cards/card0", "pki/users/admin"}) {
    EXPECT_THAT(Names(folder), UnorderedElementsAre("ca.pem", "certificate.pem", "private_key.pem", "crl.pem"));
    EXPECT_EQ(Mode(std::string(folder) + "/private_key.pem"), 0600U);
    EXPECT_EQ(Read(std::string(folder) + "/ca.pem"), Read("pki/ca.pem"));
    EXPECT_THAT(Revoked(std::string(folder) + "/crl.pem"), IsEmpty());
  }
  EXPECT_EQ(Mode("pki/ca.key"), 0600U);
  const auto card = Certificate("pki/cards/card0/certificate.pem");
  EXPECT_TRUE(card.server);
  EXPECT_THAT(card.dns_names, ElementsAre("card0", "localhost"));
  EXPECT_THAT(card.addresses, ElementsAre("127.0.0.1"));
  EXPECT_THAT(card.uris, IsEmpty());
  const auto admin = Certificate("pki/users/admin/certificate.pem");
  EXPECT_TRUE(admin.client);
  EXPECT_EQ(admin.common_name, "admin");
  EXPECT_THAT(admin.uris, ElementsAre("urn:heliostat:role:admin"));

  const auto context = ResolveContext({});
  ASSERT_TRUE(context.ok()) << context.status().ToString();
  EXPECT_EQ(context->name, "card0");
  EXPECT_EQ(context->server_name, "card0");
  for (const std::string& path : {context->ca, context->certificate, context->private_key, context->crl}) {
    EXPECT_TRUE(fs::path(path).is_absolute()) << path;
    EXPECT_TRUE(fs::exists(path)) << path;
  }
}

TEST_F(PkiCommands, InitOverwritesNothing) {
  Done({"pki", "init"});
  const std::string key = Read("pki/ca.key");
  EXPECT_THAT(Refused({"pki", "init"}), HasSubstr("pki: has an authority already; name another folder with --dir"));
  EXPECT_EQ(Read("pki/ca.key"), key);
  Write("full/file", "x");
  EXPECT_THAT(Refused({"pki", "init", "--dir", "full", "--no-context"}), HasSubstr("full: is there already"));
  EXPECT_THAT(Refused({"pki", "init", "--dir", "other"}), HasSubstr("context \"card0\": is in "));
  EXPECT_FALSE(fs::exists(Path("other"))) << "made although its context could not be";
}

TEST_F(PkiCommands, InitJudgesNamesBeforeItMakesAnything) {
  EXPECT_THAT(Refused({"pki", "init", "--card", "Card Zero"}), HasSubstr("card \"Card Zero\": is not a name"));
  EXPECT_THAT(Refused({"pki", "init", "--user", "Alice Smith"}), HasSubstr("user \"Alice Smith\": is not a name"));
  EXPECT_THAT(Refused({"pki", "init", "--user", "card0"}), HasSubstr("--user: \"card0\" is the card's name"));
  EXPECT_THAT(Refused({"pki", "init", "--context", "my lab"}), HasSubstr("context: "));
  EXPECT_FALSE(fs::exists(Path("pki")));
  EXPECT_FALSE(fs::exists(Path("config.yaml")));
  Done({"pki", "init"});
}

TEST_F(PkiCommands, InitLeavesNothingWhenTheContextCantBeWritten) {
  Write("taken", "x");
  Set("HELIOSTAT_CONFIG", Path("taken/config.yaml"));
  EXPECT_THAT(Refused({"pki", "init"}), HasSubstr("taken: can't be made"));
  EXPECT_FALSE(fs::exists(Path("pki")));
  Set("HELIOSTAT_CONFIG", Path("config.yaml"));
  fs::create_directory(Path("config.yaml.new-" + std::to_string(getpid())));  // in the way of what is written first
  EXPECT_THAT(Refused({"pki", "init"}), HasSubstr("config.yaml: can't be written"));
  EXPECT_THAT(Names("pki"), IsEmpty());
  fs::remove(Path("config.yaml.new-" + std::to_string(getpid())));
  Done({"pki", "init"});
}

TEST_F(PkiCommands, InitMayBeRepeatedAfterTheFolderIsDeleted) {
  Done({"pki", "init"});
  fs::remove_all(Path("pki"));
  Done({"pki", "init"});
}

TEST_F(PkiCommands, InitLeavesOutWhatIsNotWanted) {
  Done({"pki", "init", "--authority-only"});
  EXPECT_THAT(Names("pki"), UnorderedElementsAre("ca.pem", "ca.key", "crl.pem", "index.yaml"));
  EXPECT_FALSE(fs::exists(Path("config.yaml")));
  Done({"pki", "init", "--dir", "b", "--no-context", "--card", "edge7", "--address", "edge7.example:9000", "--user",
        "root", "--name", "Lab"});
  EXPECT_FALSE(fs::exists(Path("config.yaml")));
  EXPECT_EQ(Certificate("b/ca.pem").subject, "CN=Lab");
  EXPECT_THAT(Certificate("b/cards/edge7/certificate.pem").dns_names,
              ElementsAre("edge7", "localhost", "edge7.example"));
  EXPECT_EQ(Certificate("b/users/root/certificate.pem").common_name, "root");
}

TEST_F(PkiCommands, IssueWritesRoleAndOwnerIntoTheCertificate) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "issue", "operator", "alice@example.com", "--owner", "blue"});
  EXPECT_THAT(Certificate("pki/users/alice@example.com/certificate.pem").uris,
              ElementsAre("urn:heliostat:role:operator", "urn:heliostat:owner:blue"));
  for (const char* role : {"viewer", "flasher", "admin"}) {
    Done({"pki", "issue", role, role});
    EXPECT_THAT(Certificate(std::string("pki/users/") + role + "/certificate.pem").uris,
                ElementsAre(std::string("urn:heliostat:role:") + role));
  }
}

TEST_F(PkiCommands, IssueTakesChosenDates) {
  Done({"pki", "init", "--authority-only", "--not-before", "2001-01-01T00:00:00Z", "--days", "36500"});
  Done({"pki", "issue", "viewer", "old", "--not-before", "2001-02-03T04:05:06Z", "--days", "2"});
  const auto validity = Certificate("pki/users/old/certificate.pem").validity;
  EXPECT_EQ(validity.not_before_s, 981173106U);
  EXPECT_EQ(validity.not_after_s, 981173106U + 2 * 86400);
  EXPECT_THAT(Done({"pki", "list"}), HasSubstr("expired"));
}

TEST_F(PkiCommands, IssueOutlivesNoAuthority) {
  Done({"pki", "init", "--authority-only", "--days", "10"});
  Done({"pki", "issue", "card", "edge7"});
  EXPECT_EQ(Certificate("pki/cards/edge7/certificate.pem").validity.not_after_s,
            Certificate("pki/ca.pem").validity.not_after_s);
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "bob", "--days", "11"}),
              HasSubstr("--days: ends after the authority itself"));
}

TEST_F(PkiCommands, IssueReplacesOnlyWhenAsked) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "issue", "viewer", "bob"});
  const auto first = Certificate("pki/users/bob/certificate.pem");
  EXPECT_THAT(Refused({"pki", "issue", "admin", "bob"}),
              HasSubstr("user \"bob\": has a certificate already, as viewer"));
  EXPECT_THAT(Done({"pki", "issue", "viewer", "bob", "--replace"}), HasSubstr("helioctl pki revoke " + first.serial));
  EXPECT_NE(Certificate("pki/users/bob/certificate.pem").serial, first.serial);
  EXPECT_THAT(Names("pki/users"), ElementsAre("bob")) << "nothing is left beside";
}

TEST_F(PkiCommands, IssueKeepsWhatTheReplacedCertificateSaid) {
  Done({"pki", "init"});
  Done({"pki", "issue", "card", "edge", "--dns", "edge.example.net", "--ip", "192.0.2.17"});
  EXPECT_THAT(Done({"pki", "issue", "card", "edge", "--replace"}), HasSubstr("(edge, edge.example.net, 192.0.2.17)"));
  const auto renewed = Certificate("pki/cards/edge/certificate.pem");
  EXPECT_THAT(renewed.dns_names, ElementsAre("edge", "edge.example.net"));
  EXPECT_THAT(renewed.addresses, ElementsAre("192.0.2.17"));
  Done({"pki", "issue", "card", "card0", "--replace"});
  EXPECT_THAT(Certificate("pki/cards/card0/certificate.pem").dns_names, ElementsAre("card0", "localhost"));

  Done({"pki", "issue", "card", "edge", "--replace", "--ip", "192.0.2.18"});
  const auto moved = Certificate("pki/cards/edge/certificate.pem");
  EXPECT_THAT(moved.dns_names, ElementsAre("edge", "edge.example.net"));
  EXPECT_THAT(moved.addresses, ElementsAre("192.0.2.18"));

  Done({"pki", "issue", "operator", "op", "--owner", "blue"});
  EXPECT_THAT(Done({"pki", "issue", "operator", "op", "--replace"}), HasSubstr("operator op of blue"));
  EXPECT_THAT(Certificate("pki/users/op/certificate.pem").uris, Contains("urn:heliostat:owner:blue"));
  Done({"pki", "issue", "operator", "op", "--owner", "red", "--replace"});
  EXPECT_THAT(Certificate("pki/users/op/certificate.pem").uris, Contains("urn:heliostat:owner:red"));
}

TEST_F(PkiCommands, IssueReplacesByNoOtherRole) {
  Done({"pki", "init", "--no-context"});
  Done({"pki", "issue", "operator", "op", "--owner", "blue"});
  const std::string serial = Certificate("pki/users/op/certificate.pem").serial;
  EXPECT_THAT(Refused({"pki", "issue", "admin", "op", "--replace"}),
              AllOf(HasSubstr("\"op\": is of the role operator"), HasSubstr("helioctl pki revoke op"),
                    HasSubstr("helioctl pki issue admin op")));
  EXPECT_EQ(Certificate("pki/users/op/certificate.pem").serial, serial);
  Done({"pki", "revoke", "op"});
  Done({"pki", "issue", "admin", "op"});
  EXPECT_THAT(Certificate("pki/users/op/certificate.pem").uris, ElementsAre("urn:heliostat:role:admin"));
}

TEST_F(PkiCommands, IssueGuessesNoNamesOfACardWhoseFilesWereTakenAway) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "issue", "card", "edge", "--ip", "192.0.2.17"});
  fs::remove_all(Path("pki/cards/edge"));
  EXPECT_THAT(Refused({"pki", "issue", "card", "edge", "--replace"}), HasSubstr("give them: --dns edge"));
  Done({"pki", "issue", "card", "edge", "--replace", "--dns", "edge"});
  EXPECT_THAT(Certificate("pki/cards/edge/certificate.pem").dns_names, ElementsAre("edge"));
}

TEST_F(PkiCommands, IssueReplacesWhereNamesCantBeExchanged) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "issue", "viewer", "bob"});
  std::string serial = Certificate("pki/users/bob/certificate.pem").serial;
  for (const int error : {EINVAL, ENOSYS}) {
    no_exchange = error;
    Done({"pki", "issue", "viewer", "bob", "--replace"});
    EXPECT_NE(Certificate("pki/users/bob/certificate.pem").serial, serial);
    serial = Certificate("pki/users/bob/certificate.pem").serial;
    EXPECT_THAT(Names("pki/users"), ElementsAre("bob"));
  }
}

TEST_F(PkiCommands, IssueLeavesNoKeyBesideWhenItFails) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "issue", "viewer", "bob"});
  const std::string key = Read("pki/users/bob/private_key.pem");
  no_exchange = EIO;
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "bob", "--replace"}), HasSubstr("pki/users/bob: can't be put in"));
  EXPECT_THAT(Names("pki/users"), ElementsAre("bob"));
  EXPECT_EQ(Read("pki/users/bob/private_key.pem"), key);
}

TEST_F(PkiCommands, IssueRefusesWhatItShould) {
  Done({"pki", "init", "--authority-only"});
  EXPECT_THAT(Refused({"pki", "issue", "operator", "alice"}), HasSubstr("--owner: is missing"));
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "a/../b"}), HasSubstr("user \"a/../b\": is not a name"));
  EXPECT_THAT(Refused({"pki", "issue", "viewer", ".."}), HasSubstr("is not a name"));
  for (const char* owner : {"a b", "team:blue", "blue@example.com", "-blue", "blue."}) {
    EXPECT_THAT(Refused({"pki", "issue", "operator", "bob", "--owner", owner}),
                HasSubstr("is no name, and cards would"));
  }
  for (const char* role : {"admin", "flasher", "card"}) {
    EXPECT_THAT(Refused({"pki", "issue", role, "bob", "--owner", "blue"}), HasSubstr("--owner"));
  }
  EXPECT_THAT(Refused({"pki", "issue", "card", "c", "--ip", "card0"}), HasSubstr("\"card0\" is not an IP address"));
  EXPECT_THAT(Refused({"pki", "issue", "card", "c", "--not-before", "now"}), HasSubstr("--not-before"));
  EXPECT_THAT(Refused({"pki", "issue", "card", "c", "--dir", "nowhere"}), HasSubstr("helioctl pki init"));
  EXPECT_FALSE(fs::exists(Path("pki/users")));
  EXPECT_FALSE(fs::exists(Path("pki/cards")));
}

TEST_F(PkiCommands, RevokeListsTheCertificateEverywhere) {
  Done({"pki", "init", "--no-context"});
  Done({"pki", "issue", "operator", "alice", "--owner", "blue"});
  const std::string first = Certificate("pki/users/alice/certificate.pem").serial;
  Done({"pki", "issue", "operator", "alice", "--owner", "blue", "--replace"});
  const std::string second = Certificate("pki/users/alice/certificate.pem").serial;
  EXPECT_THAT(Done({"pki", "revoke", "alice", "--reason", "keyCompromise"}),
              AllOf(HasSubstr("revoked " + first), HasSubstr("helioctl trust set --crl pki/crl.pem")));
  for (const char* list : {"pki/crl.pem", "pki/cards/card0/crl.pem", "pki/users/admin/crl.pem"}) {
    EXPECT_THAT(Revoked(list), UnorderedElementsAre(first, second)) << list;
  }
  EXPECT_THAT(Done({"pki", "list", "-o", "json"}), HasSubstr("\"reason\": \"keyCompromise\""));
  EXPECT_THAT(Done({"pki", "revoke", "alice"}), HasSubstr("alice is revoked already"));
  EXPECT_THAT(Refused({"pki", "revoke", "alcie"}), HasSubstr("was not issued here"));
  EXPECT_THAT(Refused({"pki", "revoke", "admin", "--reason", "boredom"}), HasSubstr("--reason"));
}

TEST_F(PkiCommands, RevokeWarnsWhenNoAdminIsLeft) {
  Done({"pki", "init", "--no-context"});
  Done({"pki", "issue", "admin", "second"});
  EXPECT_EQ(Helioctl({"pki", "revoke", "second"}).err, "");
  const Outcome last = Helioctl({"pki", "revoke", "admin"});
  EXPECT_EQ(last.code, 0);
  EXPECT_THAT(last.err, AllOf(HasSubstr("warning: no admin"), HasSubstr("helioctl pki issue admin NAME --dir pki")));
}

TEST_F(PkiCommands, RevokeDoneAgainWritesTheListThatTheFirstCouldNot) {
  Done({"pki", "init", "--no-context"});
  const std::string serial = Certificate("pki/users/admin/certificate.pem").serial;
  fs::rename(Path("pki/crl.pem"), Path("kept.pem"));
  Write("pki/crl.pem/in-the-way", "x");
  EXPECT_THAT(Refused({"pki", "revoke", "admin"}), HasSubstr("pki/crl.pem: can't be written"));
  fs::remove_all(Path("pki/crl.pem"));
  fs::rename(Path("kept.pem"), Path("pki/crl.pem"));
  ASSERT_THAT(Revoked("pki/crl.pem"), IsEmpty());
  EXPECT_THAT(Done({"pki", "revoke", "admin"}), HasSubstr("helioctl trust set --crl pki/crl.pem"));
  for (const char* list : {"pki/crl.pem", "pki/cards/card0/crl.pem"}) {
    EXPECT_THAT(Revoked(list), ElementsAre(serial)) << list;
  }
}

TEST_F(PkiCommands, RevokeTakesASerialNumber) {
  Done({"pki", "init", "--no-context"});
  const std::string serial = Certificate("pki/cards/card0/certificate.pem").serial;
  Done({"pki", "revoke", serial});
  EXPECT_THAT(Revoked("pki/crl.pem"), ElementsAre(serial));
}

TEST_F(PkiCommands, ListsOfRevocationsForgetWhatRanOut) {
  Done({"pki", "init", "--authority-only", "--not-before", "2001-01-01T00:00:00Z", "--days", "36500"});
  Done({"pki", "issue", "viewer", "old", "--not-before", "2001-02-03T04:05:06Z", "--days", "2"});
  Done({"pki", "issue", "viewer", "bob"});
  Done({"pki", "revoke", "old"});
  Done({"pki", "revoke", "bob"});
  EXPECT_THAT(Revoked("pki/crl.pem"), SizeIs(1));
}

TEST_F(PkiCommands, RefreshWritesANewListThatEndsLater) {
  Done({"pki", "init", "--no-context"});
  Done({"pki", "revoke", "card0", "--days", "2"});
  const std::string serial = Certificate("pki/cards/card0/certificate.pem").serial;
  const auto before = pki::ReadRevocationList(Read("pki/crl.pem"));
  Done({"pki", "refresh"});
  const auto after = pki::ReadRevocationList(Read("pki/crl.pem"));
  ASSERT_TRUE(before.ok() && after.ok());
  EXPECT_GT(after->next_update_s, before->next_update_s);
  EXPECT_THAT(Revoked("pki/cards/card0/crl.pem"), ElementsAre(serial));
}

TEST_F(PkiCommands, AgreeAmongThemselvesWhenManyRunAtOnce) {
  Done({"pki", "init", "--authority-only"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] { Done({"pki", "issue", "viewer", "user" + std::to_string(i)}); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Names("pki/users"), SizeIs(8));
  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(Done({"pki", "list"}),
                HasSubstr(Certificate("pki/users/user" + std::to_string(i) + "/certificate.pem").serial));
  }
}

TEST_F(PkiCommands, NameThePlaceOfADamagedIndex) {
  Done({"pki", "init", "--authority-only"});
  Write("pki/index.yaml", "apiVersion: heliostat/v1\nkind: PkiIndex\ncrlNumber: 1\ncertificates:\n  - name: a\n");
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "bob"}), HasSubstr("pki/index.yaml:5:5: "));
  EXPECT_FALSE(fs::exists(Path("pki/users")));
}

TEST_F(PkiCommands, SayWhatIsWrongWithTheAuthority) {
  Done({"pki", "init", "--authority-only"});
  Done({"pki", "init", "--authority-only", "--dir", "other"});
  fs::copy_file(Path("other/ca.key"), Path("pki/ca.key"), fs::copy_options::overwrite_existing);
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "bob"}), HasSubstr("pki private key: is not the certificate's"));
  fs::remove(Path("pki/ca.key"));
  EXPECT_THAT(Refused({"pki", "issue", "viewer", "bob"}), HasSubstr("pki/ca.key: "));
}

TEST_F(PkiCommands, ShowCertificatesAndLists) {
  Done({"pki", "init", "--no-context"});
  EXPECT_THAT(Done({"pki", "show", "pki/cards/card0/certificate.pem"}), HasSubstr("subject: \"CN=card0\"\n"));
  EXPECT_THAT(Done({"pki", "show", "pki/crl.pem", "-o", "json"}), HasSubstr("\"kind\": \"RevocationList\""));
  EXPECT_THAT(Refused({"pki", "show", "pki/index.yaml"}), HasSubstr("is neither a certificate nor a revocation list"));
}

TEST_F(PkiCommands, FindTheFolderByTheEnvironment) {
  Set("HELIOSTAT_PKI", Path("mine"));
  Done({"pki", "init", "--authority-only"});
  EXPECT_TRUE(fs::exists(Path("mine/ca.pem")));
  Done({"pki", "issue", "viewer", "bob"});
}

}  // namespace
}  // namespace heliostat::helioctl
