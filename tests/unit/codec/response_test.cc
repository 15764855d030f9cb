// Single responses, read by libprotobuf.
#include <control.pb.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "codec/control.h"
#include "unit/codec/response_frame.h"

namespace heliostat::codec {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

// Texts longer than any bound.
const std::string kLong(5'000, 'x');

// Every field has a value: a field that is not written shows.
void ExpectFull(const google::protobuf::Message& message) {
  const auto* descriptor = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  EXPECT_EQ(fields.size(), static_cast<std::size_t>(descriptor->field_count())) << message.ShortDebugString();
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
        ExpectFull(reflection->GetRepeatedMessage(message, field, i));
      }
    } else {
      ExpectFull(reflection->GetMessage(message, field));
    }
  }
}

TEST(AppendError, SplitsTheSubject) {
  struct Row {
    const char* subject;
    const char* resource;
    const char* field;
  };
  for (const Row& row : {
           Row{"filter \"web\" inbound rule 10 source_ports", "filter \"web\"", "inbound rule 10 source_ports"},
           Row{"session \"s1\"", "session \"s1\"", ""},
           Row{"target \"a b...\" members \"x\"", "target \"a b...\"", "members \"x\""},
           Row{"interface \"i\" tags", "interface \"i\"", "tags"},
           Row{"underlay \"w\" mtu", "underlay \"w\"", "mtu"},
           Row{"sessions", "", "sessions"},
           Row{"filter \"web", "", "filter \"web"},
           Row{"commit comment", "", "commit comment"},
           Row{"", "", ""},
       }) {
    std::string out;
    AppendError(5, Status(Code::kNotFound, row.subject, "why", "what to do"), 3, &out);
    const v1::Response response = OnlyResponse(out);
    EXPECT_EQ(response.id(), 5U);
    EXPECT_FALSE(response.more());
    EXPECT_EQ(response.error().resource(), row.resource);
    EXPECT_EQ(response.error().field(), row.field);
    EXPECT_EQ(response.error().code(), 2U);
    EXPECT_EQ(response.error().reason(), "why");
    EXPECT_EQ(response.error().fix(), "what to do");
    EXPECT_EQ(response.error().change(), 3U);
  }
}

TEST(AppendError, CutsTextAtACharacter) {
  std::string reason;
  while (reason.size() < 600) reason += "\xe2\x82\xac";  // 3 bytes each: 512 is no end of one
  std::string out;
  AppendError(1, Status(Code::kInternal, kLong, reason, "\xf0\x9f\x94\xad" + kLong), 0, &out);
  const v1::Error error = OnlyResponse(out).error();
  EXPECT_EQ(error.reason(), reason.substr(0, 510));
  EXPECT_EQ(error.field(), kLong.substr(0, 256));
  EXPECT_EQ(error.fix(), "\xf0\x9f\x94\xad" + kLong.substr(0, 508));
}

TEST(AppendError, ShowsWhatIsNoTextAsQuestionMarks) {
  std::string out;
  AppendError(1, Status(Code::kInternal, "a\xff", std::string("b\0c", 3), "\xe2\x82"), 0, &out);
  const v1::Error error = OnlyResponse(out).error();
  EXPECT_EQ(error.field(), "a?");
  EXPECT_EQ(error.reason(), "b?c");
  EXPECT_EQ(error.fix(), "??");
}

TEST(AppendResponse, FramesOneBehindTheOther) {
  std::string out = "before";
  AppendDone(~0ULL, &out);
  AppendBegun(2, 300, &out);
  AppendTime(0, ~0ULL, &out);
  const std::vector<v1::Response> responses = Responses(std::string_view(out).substr(6));
  ASSERT_EQ(responses.size(), 3U);
  EXPECT_EQ(responses[0].id(), ~0ULL);
  EXPECT_TRUE(responses[0].has_done());
  EXPECT_EQ(responses[1].begun().generation(), 300U);
  EXPECT_EQ(responses[2].id(), 0U);
  EXPECT_EQ(responses[2].time().time_ns(), ~0ULL);
}

TEST(AppendWelcome, WritesEveryField) {
  std::string out;
  AppendWelcome(1, {.card = "card7", .user = "ann", .role = Role::kAdmin, .owner = "alice"}, &out);
  v1::Welcome expected;
  expected.set_version(1);
  expected.set_card("card7");
  expected.set_user("ann");
  expected.set_role(v1::ADMIN);
  expected.set_owner("alice");
  expected.set_max_frame_bytes(65'536);
  EXPECT_TRUE(MessageDifferencer::Equals(OnlyResponse(out).welcome(), expected));
  ExpectFull(expected);
}

TEST(AppendInfo, WritesEveryField) {
  Info info{.card = "c",
            .board = "b",
            .description = "d",
            .firmware = "f",
            .hardware_id = 1,
            .workers = 2,
            .uptime_s = 3,
            .time_ns = 4,
            .generation = 5,
            .confirm_left_s = 6,
            .limits = {.sessions = 31,
                       .targets = 32,
                       .filters = 33,
                       .rules_per_list = 34,
                       .rules = 35,
                       .sessions_per_source = 36,
                       .sources_per_session = 37,
                       .session_sources = 38,
                       .interfaces = 39,
                       .members_per_group = 40},
            .sessions = 7,
            .targets = 8,
            .filters = 9,
            .rules = 10,
            .session_sources = 11,
            .interfaces = 12,
            .flash_bytes = 13,
            .flash_used_bytes = 14,
            .oldest_generation = 15,
            .peak_memory_bytes = 16,
            .connections = 17,
            .remarks = {"one", "two"}};
  std::string out;
  AppendInfo(1, info, &out);
  const v1::Info read = OnlyResponse(out).info();
  ExpectFull(read);
  EXPECT_EQ(read.ShortDebugString(),
            "card: \"c\" board: \"b\" description: \"d\" firmware: \"f\" hardware_id: 1 workers: 2 uptime_s: 3 "
            "time_ns: 4 generation: 5 confirm_left_s: 6 limits { sessions: 31 targets: 32 filters: 33 "
            "rules_per_list: 34 rules: 35 sessions_per_source: 36 sources_per_session: 37 session_sources: 38 "
            "interfaces: 39 members_per_group: 40 } usage { sessions: 7 targets: 8 filters: 9 rules: 10 "
            "session_sources: 11 interfaces: 12 } flash_bytes: 13 flash_used_bytes: 14 oldest_generation: 15 "
            "peak_memory_bytes: 16 connections: 17 remarks: \"one\" remarks: \"two\"");

  info.card = info.board = info.description = info.firmware = kLong;
  info.remarks.assign(100, kLong);
  out.clear();
  AppendInfo(1, info, &out);
  EXPECT_EQ(OnlyResponse(out).info().remarks_size(), 16);
  EXPECT_EQ(OnlyResponse(out).info().remarks(15).size(), 256U);
}

TEST(AppendCommitted, WritesEveryFieldAndTheFirstOfLongLists) {
  Committed committed{.generation = 1,
                      .dry_run = true,
                      .changes = {{.kind = config::Kind::kFilter, .added = 2, .changed = 3, .removed = 4}},
                      .sessions = 5,
                      .active_sessions = 6,
                      .inactive = {{.name = "s", .tunnel_id = 7, .active = true, .reason = "target \"t\" is gone"}},
                      .confirm_within_s = 8};
  std::string out;
  AppendCommitted(1, committed, &out);
  const v1::Committed read = OnlyResponse(out).committed();
  ExpectFull(read);
  EXPECT_EQ(
      read.ShortDebugString(),
      "generation: 1 dry_run: true changes { kind: FILTER added: 2 changed: 3 removed: 4 } sessions: 5 "
      "active_sessions: 6 inactive { name: \"s\" tunnel_id: 7 active: true reason: \"target \\\"t\\\" is gone\" } "
      "confirm_within_s: 8");
  committed.inactive.assign(1'000, {.name = kLong, .reason = kLong});
  committed.changes.assign(100, {});
  out.clear();
  AppendCommitted(1, committed, &out);
  EXPECT_EQ(OnlyResponse(out).committed().inactive_size(), 16);
  EXPECT_EQ(OnlyResponse(out).committed().changes_size(), 5);
}

TEST(AppendGenerations, WritesEveryFieldAndTheNewestOfMany) {
  GenerationLine line{.number = 1,
                      .time_ns = 2,
                      .user = "ann",
                      .comment = "why",
                      .summary = "+1 session",
                      .current = true,
                      .confirm_left_s = 3};
  std::string out;
  AppendGenerations(1, {line}, &out);
  const v1::Generations read = OnlyResponse(out).generations();
  ExpectFull(read);
  EXPECT_EQ(read.ShortDebugString(),
            "generations { number: 1 time_ns: 2 user: \"ann\" comment: \"why\" summary: \"+1 session\" current: true "
            "confirm_left_s: 3 }");
  std::vector<GenerationLine> many;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    many.push_back({.number = i, .time_ns = ~0ULL, .user = kLong, .comment = kLong, .summary = kLong});
  }
  out.clear();
  AppendGenerations(1, many, &out);
  const v1::Generations newest = OnlyResponse(out).generations();
  ASSERT_EQ(newest.generations_size(), 64);
  EXPECT_EQ(newest.generations(0).number(), 37U);
  EXPECT_EQ(newest.generations(63).number(), 100U);
  out.clear();
  AppendGenerations(1, {}, &out);
  EXPECT_TRUE(OnlyResponse(out).has_generations());
}

TEST(AppendListEnd, WritesEveryField) {
  std::string out;
  AppendListEnd(1, {.generation = 2, .more = true, .next_kind = config::Kind::kSession, .next_name = "s9"}, &out);
  const v1::ListEnd read = OnlyResponse(out).list_end();
  ExpectFull(read);
  EXPECT_EQ(read.ShortDebugString(), "generation: 2 more: true next_kind: SESSION next_name: \"s9\"");
  out.clear();
  AppendListEnd(1, {}, &out);
  EXPECT_EQ(OnlyResponse(out).list_end().next_kind(), v1::KIND_UNSPECIFIED);
}

TEST(AppendTrust, WritesEveryField) {
  CertificateLine line{.subject = "CN=a", .issuer = "CN=b", .serial = "0a", .not_before_s = 1, .not_after_s = 2};
  line.sha256.fill(0x5a);
  std::string out;
  AppendTrust(1, {.ca = line, .certificate = line, .has_crl = true, .crl_next_update_s = 3, .revoked = 4}, &out);
  const v1::TrustInfo read = OnlyResponse(out).trust();
  ExpectFull(read);
  EXPECT_EQ(read.ca().sha256(), std::string(32, 'Z'));
  EXPECT_EQ(read.certificate().subject(), "CN=a");
  EXPECT_EQ(read.certificate().issuer(), "CN=b");
  EXPECT_EQ(read.certificate().serial(), "0a");
  EXPECT_EQ(read.certificate().not_before_s(), 1U);
  EXPECT_EQ(read.certificate().not_after_s(), 2U);
  EXPECT_EQ(read.crl_next_update_s(), 3U);
  EXPECT_EQ(read.revoked(), 4U);
}

}  // namespace
}  // namespace heliostat::codec
