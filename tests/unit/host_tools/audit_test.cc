#include "helioctl/show/audit.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "helioctl/show/audit_chain.h"
#include "mbedtls/sha256_digest.h"

namespace heliostat::helioctl {
namespace {

v1::AuditRecord Record(std::uint64_t sequence, const std::string& action) {
  v1::AuditRecord record;
  record.set_sequence(sequence);
  record.set_generation(sequence + 4);
  record.set_time_ns(1'795'316'429ULL * 1'000'000'000 + sequence);
  record.set_user("alice");
  record.set_role(v1::OPERATOR);
  record.set_owner("red");
  record.set_address("192.0.2.7:50123");
  record.set_action(action);
  record.set_summary("+1 session");
  record.set_comment("Zürich");
  return record;
}

// Made by other means: see the comment. So a mistake in the encoding here does not confirm itself.
//
//   import hashlib, struct
//   def record(n, action):
//       texts = ["alice", "red", "192.0.2.7:50123", action, "+1 session", "Zürich"]
//       head = struct.pack("!QQQB", n, n + 4, 1795316429 * 10**9 + n, 2)
//       return head + b"".join(bytes([len(t.encode())]) + t.encode() for t in texts)
//   one = hashlib.sha256(bytes(32) + record(1, "commit")).digest()
//   two = hashlib.sha256(one + record(2, "confirm")).digest()
//   three = hashlib.sha256(two + record(3, "trust")).digest()
constexpr const char* kHashes[] = {"42f0c254d453387144f4cfa3e5f956e13a45bf37e9e2ae6d93d4914f8ad74fb4",
                                   "af64fe8152254901c4b80d277339d27f7e59e5a9dfc09e8a414a49decbcb9209",
                                   "5de0e59702b7c56d7fdd52598051031f316999abe3cd38b257739c0d7ca61245"};

std::string Bytes(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

std::vector<v1::AuditRecord> Golden() {
  std::vector<v1::AuditRecord> records{Record(1, "commit"), Record(2, "confirm"), Record(3, "trust")};
  for (std::size_t i = 0; i < records.size(); ++i) records[i].set_hash(Bytes(kHashes[i]));
  return records;
}

ChainReport Verified(const std::vector<v1::AuditRecord>& records) { return VerifyChain(records, hal::mbedtls::Sha256); }

TEST(AuditChain, HoldsForWhatTheFormatSays) {
  const ChainReport report = Verified(Golden());
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.checked, 3U);
  EXPECT_TRUE(report.from_the_start);
}

TEST(AuditChain, HoldsFromTheMiddleOn) {
  auto records = Golden();
  records.erase(records.begin());
  const ChainReport report = Verified(records);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.checked, 1U);  // of the first, nothing can be said
  EXPECT_FALSE(report.from_the_start);
  EXPECT_TRUE(Verified({}).problems.empty());
}

TEST(AuditChain, BreaksAtEveryFieldThatWasAltered) {
  const std::vector<void (*)(v1::AuditRecord&)> alterations{
      [](v1::AuditRecord& r) { r.set_generation(99); },
      [](v1::AuditRecord& r) { r.set_time_ns(1); },
      [](v1::AuditRecord& r) { r.set_user("mallory"); },
      [](v1::AuditRecord& r) { r.set_role(v1::ADMIN); },
      [](v1::AuditRecord& r) { r.set_owner(""); },
      [](v1::AuditRecord& r) { r.set_address("192.0.2.8:50123"); },
      [](v1::AuditRecord& r) { r.set_action("rollback"); },
      [](v1::AuditRecord& r) { r.set_summary("-1 session"); },
      [](v1::AuditRecord& r) { r.set_comment("Zurich"); },
      [](v1::AuditRecord& r) {
        r.set_user("alic");
        r.set_owner("ered");
      },
      [](v1::AuditRecord& r) { r.set_comment(std::string(300, 'x')); },
  };
  for (const auto alter : alterations) {
    auto records = Golden();
    alter(records[1]);
    const ChainReport report = Verified(records);
    ASSERT_EQ(report.problems.size(), 1U) << records[1].ShortDebugString();
    EXPECT_EQ(report.problems[0].sequence, 2U);
  }
}

TEST(AuditChain, BreaksBehindAHashThatWasAltered) {
  auto records = Golden();
  records[1].set_hash(records[0].hash());
  const ChainReport report = Verified(records);
  ASSERT_EQ(report.problems.size(), 2U);
  EXPECT_EQ(report.problems[0].sequence, 2U);
  EXPECT_EQ(report.problems[1].sequence, 3U);
  for (const std::string& hash : {std::string(), std::string("short"), std::string(33, 'x')}) {
    records[1].set_hash(hash);
    EXPECT_FALSE(Verified(records).problems.empty());
  }
}

TEST(AuditChain, SaysWhichRecordsAreMissing) {
  auto records = Golden();
  records.erase(records.begin() + 1);
  ChainReport report = Verified(records);
  ASSERT_EQ(report.problems.size(), 1U);
  EXPECT_EQ(report.problems[0].sequence, 3U);
  EXPECT_EQ(report.problems[0].reason, "records 2 to 2 are missing");
  std::swap(records[0], records[1]);
  EXPECT_FALSE(Verified(records).problems.empty());
}

TEST(Audit, ShowsRecordsAsATableAndAsJson) {
  setenv("TZ", "UTC0", 1);
  tzset();
  EXPECT_EQ(AuditTable({Record(1, "commit")}, false).Render(),
            "SEQUENCE  TIME                 USER   ROLE      ACTION  GENERATION  SUMMARY\n"
            "       1  2026-11-22 03:00:29  alice  operator  commit           5  +1 session\n");
  EXPECT_EQ(AuditTable({Record(1, "commit")}, true).Render({.headers = false}),
            "1  2026-11-22 03:00:29  alice  operator  commit  5  +1 session  red  192.0.2.7:50123  Zürich\n");
  EXPECT_EQ(AuditJson(Golden()[0]), Json::parse(R"({"sequence": 1, "time": "2026-11-22T03:00:29.000000001Z",
    "user": "alice", "role": "operator", "owner": "red", "address": "192.0.2.7:50123", "action": "commit",
    "generation": 5, "summary": "+1 session", "comment": "Zürich",
    "hash": ")" + std::string(kHashes[0]) + R"("})"));
}

}  // namespace
}  // namespace heliostat::helioctl
