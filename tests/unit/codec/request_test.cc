// Requests as libprotobuf writes them, and what is refused of them.
#include <control.pb.h>
#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <random>

#include "codec/control.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using testing::ElementsAre;
using testing::HasSubstr;

// Returns one request of every call, with every field set.
std::vector<v1::Request> SampleRequests() {
  std::vector<v1::Request> requests(16);
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].set_id(i == 0 ? ~0ULL : i);
  requests[0].mutable_hello()->set_oldest_version(1);
  requests[0].mutable_hello()->set_newest_version(2);
  requests[0].mutable_hello()->set_client("helioctl 1.0");
  requests[1].mutable_get_info();
  requests[2].mutable_begin()->set_expected_generation(1ULL << 40);
  requests[3].mutable_edit()->add_changes()->mutable_remove()->set_name("a");
  requests[3].mutable_edit()->add_changes();
  requests[3].mutable_edit()->add_changes()->mutable_put()->mutable_filter()->mutable_metadata()->set_name("b");
  requests[4].mutable_commit()->set_confirm_within_s(60);
  requests[4].mutable_commit()->set_comment("why");
  requests[4].mutable_commit()->set_dry_run(true);
  requests[5].mutable_abort();
  requests[6].mutable_confirm()->set_generation(7);
  v1::Rollback* rollback = requests[7].mutable_rollback();
  rollback->set_generation(5);
  rollback->set_expected_generation(9);
  rollback->set_confirm_within_s(30);
  rollback->set_comment("back");
  rollback->set_dry_run(true);
  requests[8].mutable_list_generations();
  requests[9].mutable_get()->set_kind(v1::UNDERLAY);
  requests[9].mutable_get()->set_name("wire1");
  requests[9].mutable_get()->set_generation(3);
  v1::List* list = requests[10].mutable_list();
  list->set_kind(v1::TARGET);
  list->set_name("z*");
  list->add_tags()->set_key("env");
  list->mutable_tags(0)->set_value("prod");
  list->set_whole(true);
  list->set_generation(4);
  list->set_limit(100);
  list->set_after_kind(v1::FILTER);
  list->set_after_name("web");
  v1::Watch* watch = requests[11].mutable_watch();
  watch->set_interval_ms(1000);
  watch->set_count(3);
  watch->set_session("s*");
  watch->set_states(true);
  watch->set_counters(true);
  watch->set_hits(true);
  watch->set_filter("w?b");
  requests[12].mutable_get_audit()->set_after(11);
  requests[12].mutable_get_audit()->set_limit(12);
  v1::SetTrust* trust = requests[13].mutable_set_trust();
  trust->set_ca(std::string("\0\1", 2));
  trust->set_certificate(std::string(20'000, 'c'));
  trust->set_private_key("");
  trust->set_allow_lockout(true);
  requests[14].mutable_get_trust();
  requests[15].mutable_set_time()->set_time_ns(~0ULL);
  return requests;
}

std::string_view Text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<Request> DecodeBytes(const std::string& bytes) {
  std::uint64_t id = 0;
  return DecodeRequest(Bytes(bytes), &id);
}

Status Refusal(const v1::Request& request) { return DecodeBytes(request.SerializeAsString()).status(); }

// The call of a sample; `bytes` must outlive it.
template <typename Kind>
Kind Read(std::size_t sample, std::string* bytes) {
  *bytes = SampleRequests()[sample].SerializeAsString();
  const Result<Request> request = DecodeBytes(*bytes);
  EXPECT_TRUE(request.ok()) << request.status().ToString();
  return request.ok() ? std::get<Kind>(request->call) : Kind{};
}

TEST(DecodeRequest, ReadsIdAndNameOfEveryCall) {
  const auto* descriptor = v1::Request::descriptor();
  const std::vector<v1::Request> samples = SampleRequests();
  ASSERT_EQ(samples.size(), static_cast<std::size_t>(descriptor->field_count()) - 1);
  for (const v1::Request& sample : samples) {
    const std::string bytes = sample.SerializeAsString();
    std::uint64_t id = 0;
    const Result<Request> request = DecodeRequest(Bytes(bytes), &id);
    ASSERT_TRUE(request.ok()) << request.status().ToString();
    EXPECT_EQ(request->id, sample.id());
    EXPECT_EQ(id, sample.id());
    EXPECT_EQ(CallName(request->call), descriptor->FindFieldByNumber(sample.call_case())->name());
  }
}

TEST(DecodeRequest, ReadsEveryFieldOfTransactions) {
  std::string bytes;
  const auto hello = Read<Hello>(0, &bytes);
  EXPECT_EQ(hello.oldest_version, 1U);
  EXPECT_EQ(hello.newest_version, 2U);
  EXPECT_EQ(hello.client, "helioctl 1.0");
  EXPECT_EQ(Read<Begin>(2, &bytes).expected_generation, 1ULL << 40);
  const auto commit = Read<Commit>(4, &bytes);
  EXPECT_EQ(commit.confirm_within_s, 60U);
  EXPECT_EQ(commit.comment, "why");
  EXPECT_TRUE(commit.dry_run);
  EXPECT_EQ(Read<Confirm>(6, &bytes).generation, 7U);
  const auto rollback = Read<Rollback>(7, &bytes);
  EXPECT_EQ(rollback.generation, 5U);
  EXPECT_EQ(rollback.expected_generation, 9U);
  EXPECT_EQ(rollback.confirm_within_s, 30U);
  EXPECT_EQ(rollback.comment, "back");
  EXPECT_TRUE(rollback.dry_run);
}

TEST(DecodeRequest, ReadsEveryFieldOfQueries) {
  std::string bytes;
  const auto get = Read<Get>(9, &bytes);
  EXPECT_EQ(get.kind, config::Kind::kUnderlay);
  EXPECT_EQ(get.name, "wire1");
  EXPECT_EQ(get.generation, 3U);
  const auto list = Read<List>(10, &bytes);
  EXPECT_EQ(list.kind, config::Kind::kTarget);
  EXPECT_EQ(list.name, "z*");
  EXPECT_THAT(list.tags, ElementsAre(config::Tag{"env", "prod"}));
  EXPECT_TRUE(list.whole);
  EXPECT_EQ(list.generation, 4U);
  EXPECT_EQ(list.limit, 100U);
  EXPECT_EQ(list.after_kind, config::Kind::kFilter);
  EXPECT_EQ(list.after_name, "web");
  const auto watch = Read<Watch>(11, &bytes);
  EXPECT_EQ(watch.interval_ms, 1000U);
  EXPECT_EQ(watch.count, 3U);
  EXPECT_EQ(watch.session, "s*");
  EXPECT_TRUE(watch.states);
  EXPECT_TRUE(watch.counters);
  EXPECT_TRUE(watch.hits);
  EXPECT_EQ(watch.filter, "w?b");
  const auto audit = Read<GetAudit>(12, &bytes);
  EXPECT_EQ(audit.after, 11U);
  EXPECT_EQ(audit.limit, 12U);
  EXPECT_EQ(Read<SetTime>(15, &bytes).time_ns, ~0ULL);
}

TEST(DecodeRequest, ListsEveryKindWhenNoneIsSaid) {
  v1::Request request;
  request.mutable_list();
  const std::string bytes = request.SerializeAsString();
  const Result<Request> decoded = DecodeBytes(bytes);
  ASSERT_TRUE(decoded.ok());
  const auto& list = std::get<List>(decoded->call);
  EXPECT_FALSE(list.kind);
  EXPECT_FALSE(list.after_kind);
}

TEST(DecodeRequest, PointsIntoTheFrameForTrust) {
  std::string bytes;
  const auto trust = Read<SetTrust>(13, &bytes);
  EXPECT_EQ(Text(*trust.ca), std::string_view("\0\1", 2));
  EXPECT_EQ(Text(*trust.certificate), std::string(20'000, 'c'));
  ASSERT_TRUE(trust.private_key);
  EXPECT_TRUE(trust.private_key->empty()) << "there, and empty";
  EXPECT_FALSE(trust.crl);
  EXPECT_TRUE(trust.allow_lockout);
  EXPECT_GE(trust.ca->data(), Bytes(bytes).data());
  EXPECT_LE(trust.ca->data() + 2, Bytes(bytes).data() + bytes.size());
}

TEST(ChangeReader, FindsWhereEachChangeEnds) {
  std::string bytes;
  const auto edit = Read<Edit>(3, &bytes);
  ChangeReader reader(edit);
  std::vector<std::string> changes;
  for (std::span<const std::uint8_t> change; reader.Next(&change);) changes.emplace_back(Text(change));
  const v1::Request sample = SampleRequests()[3];
  const auto& expected = sample.edit().changes();
  ASSERT_EQ(changes.size(), 3U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(changes[static_cast<std::size_t>(i)], expected[i].SerializeAsString());

  v1::Request empty;
  empty.mutable_edit();
  const std::string empty_bytes = empty.SerializeAsString();
  const Result<Request> decoded = DecodeBytes(empty_bytes);
  ASSERT_TRUE(decoded.ok());
  std::span<const std::uint8_t> change;
  EXPECT_FALSE(ChangeReader(std::get<Edit>(decoded->call)).Next(&change));
}

TEST(DecodeRequest, RefusesWhatIsOutOfRange) {
  struct Row {
    std::function<void(v1::Request&)> make;
    const char* subject;
    const char* reason;
  };
  for (const Row& row : std::vector<Row>{
           {[](v1::Request&) {}, "request", "asks for nothing"},
           {[](v1::Request& r) { r.mutable_get()->set_name("x"); }, "get kind", "missing"},
           {[](v1::Request& r) { r.mutable_get()->set_kind(static_cast<v1::Kind>(6)); }, "get kind", "value 6"},
           {[](v1::Request& r) { r.mutable_list()->set_after_kind(static_cast<v1::Kind>(9)); }, "list after_kind",
            "value 9"},
           {[](v1::Request& r) { r.mutable_watch()->set_interval_ms(99); }, "watch interval_ms", "it is 99"},
           {[](v1::Request& r) { r.mutable_watch()->set_interval_ms(3'600'001); }, "watch interval_ms", "3600001"},
           {[](v1::Request& r) {
              r.mutable_watch()->set_interval_ms(100);
              r.mutable_watch()->set_filter("w*");
            },
            "watch filter", "chooses among hits"},
           {[](v1::Request& r) { r.mutable_watch()->set_filter(std::string(64, 'x')); }, "watch filter", "64 bytes"},
           {[](v1::Request& r) { r.mutable_commit()->set_comment(std::string(129, 'x')); }, "commit comment",
            "129 bytes"},
           {[](v1::Request& r) { r.mutable_hello()->set_client(std::string(64, 'x')); }, "hello client", "64 bytes"},
           {[](v1::Request& r) {
              for (int i = 0; i < 9; ++i) r.mutable_list()->add_tags();
            },
            "list tags", "more than 8"},
           {[](v1::Request& r) { r.mutable_list()->add_tags()->set_value(std::string(129, 'x')); },
            "list tag \"\" value", "129 bytes"},
       }) {
    SCOPED_TRACE(row.subject);
    v1::Request request;
    row.make(request);
    const Status status = Refusal(request);
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.subject(), row.subject);
    EXPECT_THAT(status.reason(), HasSubstr(row.reason));
    EXPECT_FALSE(status.fix().empty());
  }
}

TEST(DecodeRequest, RefusesTwoCallsInOne) {
  // Two messages behind each other are one that has both.
  const std::string both = SampleRequests()[4].SerializeAsString() + SampleRequests()[6].SerializeAsString();
  EXPECT_FALSE(DecodeBytes(both).ok());
  v1::Request second;
  second.mutable_abort();
  const Status status = DecodeBytes(SampleRequests()[4].SerializeAsString() + second.SerializeAsString()).status();
  EXPECT_EQ(status.subject(), "abort");
  EXPECT_THAT(status.reason(), HasSubstr("something else"));
}

TEST(DecodeRequest, RefusesAnOverlongFrame) {
  const Status status = DecodeBytes(std::string(kMaxFrameBytes + 1, '\0')).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.subject(), "frame");
}

TEST(DecodeRequest, TakesTheLargestFrame) {
  v1::Request request;
  request.set_id(1);
  request.mutable_set_trust()->set_crl(std::string(kMaxFrameBytes - 10, 'x'));
  ASSERT_EQ(request.ByteSizeLong(), kMaxFrameBytes);
  const std::string bytes = request.SerializeAsString();
  EXPECT_TRUE(DecodeBytes(bytes).ok());
}

TEST(DecodeRequest, TellsTheIdOfARequestThatItRefuses) {
  v1::Request request = SampleRequests()[4];
  request.mutable_commit()->set_comment(std::string(129, 'x'));
  const std::string bytes = request.SerializeAsString();
  std::uint64_t id = 0;
  EXPECT_FALSE(DecodeRequest(Bytes(bytes), &id).ok());
  EXPECT_EQ(id, 4U);
  EXPECT_FALSE(DecodeRequest(Bytes(bytes.substr(0, bytes.size() - 1)), &id).ok());
  EXPECT_EQ(id, 4U);
  EXPECT_FALSE(DecodeRequest(Bytes(std::string("\xff\xff")), &id).ok());
  EXPECT_EQ(id, 0U);
}

// Every message in `message` but an edit's changes, which the editor looks at; itself first, each with its path.
void Collect(Message* message, const std::string& path, std::vector<std::pair<Message*, std::string>>* out) {
  out->emplace_back(message, path);
  std::vector<const FieldDescriptor*> fields;
  const auto* reflection = message->GetReflection();
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->name() == "changes") continue;
    if (field->is_repeated()) {
      Collect(reflection->MutableRepeatedMessage(message, field, 0), path + " tag \"env\"", out);
    } else {
      Collect(reflection->MutableMessage(message, field), field->name(), out);
    }
  }
}

TEST(DecodeRequest, RefusesUnknownFieldsAtEveryLevelByPath) {
  std::size_t levels = 0;
  for (v1::Request& sample : SampleRequests()) {
    std::vector<std::pair<Message*, std::string>> messages;
    Collect(&sample, "request", &messages);
    for (const auto& [message, path] : messages) {
      auto* unknown = message->GetReflection()->MutableUnknownFields(message);
      for (const int field : {18, 31, 32, 99, 536'870'911}) {
        unknown->AddVarint(field, 1);
        const Status status = Refusal(sample);
        EXPECT_EQ(status.code(), Code::kInvalidArgument);
        EXPECT_EQ(status.subject(), path);
        EXPECT_THAT(status.reason(), HasSubstr("field " + std::to_string(field) + " is not known"));
        unknown->Clear();
      }
      ++levels;
    }
  }
  EXPECT_EQ(levels, 16U + 16U + 1U);
}

TEST(DecodeRequest, RefusesWrongWireTypesOfEveryField) {
  std::size_t fields = 0;
  for (v1::Request& sample : SampleRequests()) {
    std::vector<std::pair<Message*, std::string>> messages;
    Collect(&sample, "", &messages);
    for (const auto& [message, path] : messages) {
      const auto* descriptor = message->GetDescriptor();
      for (int i = 0; i < descriptor->field_count(); ++i) {
        const std::string& name = descriptor->field(i)->name();
        auto* unknown = message->GetReflection()->MutableUnknownFields(message);
        for (const bool wide : {false, true}) {
          if (wide) {
            unknown->AddFixed64(descriptor->field(i)->number(), 1);
          } else {
            unknown->AddFixed32(descriptor->field(i)->number(), 1);
          }
          const Status status = Refusal(sample);
          EXPECT_EQ(status.subject(), path.empty() ? name : path + " " + name);
          EXPECT_THAT(status.reason(), HasSubstr(wide ? "wire type 1" : "wire type 5"));
          unknown->Clear();
        }
        ++fields;
      }
    }
  }
  EXPECT_GT(fields, 16U * 17U);
}

TEST(DecodeRequest, SurvivesEveryTruncation) {
  for (const v1::Request& sample : SampleRequests()) {
    if (sample.has_set_trust()) continue;  // long, and like the others
    const std::string bytes = sample.SerializeAsString();
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      // The copy has just that size, so that the address sanitizer sees a read behind it.
      const std::vector<std::uint8_t> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      std::uint64_t id = 0;
      // The call is one field, which is not whole wherever it is cut.
      EXPECT_FALSE(DecodeRequest(cut, &id).ok()) << "call " << sample.call_case() << " cut at " << length;
    }
  }
}

TEST(DecodeRequest, SurvivesFlippedBytes) {
  constexpr std::uint32_t kSeed = 20'240'611;
  std::mt19937 random(kSeed);
  const std::vector<v1::Request> samples = SampleRequests();
  std::size_t refused = 0;
  constexpr std::size_t kRuns = 30'000;
  for (std::size_t run = 0; run < kRuns; ++run) {
    const std::string bytes = samples[run % samples.size()].SerializeAsString();
    std::vector<std::uint8_t> damaged(bytes.begin(), bytes.end());
    if (damaged.size() > 200) damaged.resize(200);
    for (std::size_t i = 0; i < 1 + random() % 3; ++i) {
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    }
    std::uint64_t id = 0;
    const Result<Request> request = DecodeRequest(damaged, &id);
    if (request.ok()) {
      if (const Edit* edit = std::get_if<Edit>(&request->call)) {
        ChangeReader reader(*edit);
        for (std::span<const std::uint8_t> change; reader.Next(&change);) {
        }
      }
      continue;
    }
    ++refused;
    EXPECT_FALSE(request.status().subject().empty()) << "seed " << kSeed << " run " << run;
    EXPECT_FALSE(request.status().reason().empty()) << "seed " << kSeed << " run " << run;
  }
  EXPECT_GT(refused, kRuns / 4) << "seed " << kSeed;
}

}  // namespace
}  // namespace heliostat::codec
