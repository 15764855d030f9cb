#include "helioctl/yaml/vocabulary.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>

#include "helioctl/yaml/explain.h"
#include "in_folder.h"
#include "mirror.pb.h"

namespace heliostat::helioctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Every field with the path by which `explain` takes it.
void ForEach(std::span<const Field> fields, const std::string& path,
             const std::function<void(const Field&, const std::string&)>& use) {
  for (const Field& field : fields) {
    const std::string below = path + "." + std::string(field.name);
    use(field, below);
    ForEach(field.fields, below, use);
  }
}

void ForEach(const std::function<void(const Field&, const std::string&)>& use) {
  for (const KindWords& kind : AllKinds()) {
    ForEach(kind.metadata, std::string(kind.singular), use);
    ForEach(kind.spec, std::string(kind.singular), use);
  }
}

std::string Explained(std::string_view path) {
  const auto text = Explain(path, {});
  return text.ok() ? *text : text.status().ToString();
}

TEST(Vocabulary, SaysInOneLineWhatEachFieldMeans) {
  int fields = 0;
  ForEach([&](const Field& field, const std::string& path) {
    EXPECT_FALSE(field.help.empty()) << path;
    EXPECT_LT(field.help.size(), 100U) << path;
    EXPECT_EQ(field.help.find('\n'), std::string_view::npos) << path;
    EXPECT_EQ(FindFieldAsTyped({&field, 1}, field.name), &field) << path;
    ++fields;
  });
  EXPECT_GT(fields, 80);
}

// What can be said in the contract can be said in YAML.
TEST(Vocabulary, HasAWordForEveryFieldOfTheContract) {
  const std::set<std::string> elsewhere{"metadata", "group", "untagged"};  // of the document; of what stands beside it
  const auto check = [&](const google::protobuf::Descriptor& message, std::vector<std::span<const Field>> tables) {
    for (int i = 0; i < message.field_count(); ++i) {
      const auto& wire = *message.field(i);
      const bool said = std::any_of(tables.begin(), tables.end(), [&](std::span<const Field> fields) {
        return std::any_of(fields.begin(), fields.end(), [&](const Field& field) {
          return field.wire.empty() ? field.name == wire.camelcase_name() : field.wire == wire.name();
        });
      });
      EXPECT_TRUE(said || elsewhere.contains(wire.name())) << wire.full_name();
    }
  };
  const auto of = [](config::Kind kind) { return std::vector{WordsOf(kind).metadata, WordsOf(kind).spec}; };
  check(*v1::InterfaceSettings::descriptor(), of(config::Kind::kInterface));
  check(*v1::Underlay::descriptor(), of(config::Kind::kUnderlay));
  check(*v1::Target::descriptor(), of(config::Kind::kTarget));
  check(*v1::Filter::descriptor(), of(config::Kind::kFilter));
  check(*v1::Session::descriptor(), of(config::Kind::kSession));
  check(*v1::Metadata::descriptor(), {WordsOf(config::Kind::kSession).metadata});
  check(*v1::Rule::descriptor(), {RuleFields()});
  check(*v1::RateLimit::descriptor(), {FindField(WordsOf(config::Kind::kSession).spec, "rateLimit")->fields});
}

TEST(Explain, CoversEveryField) {
  ForEach([](const Field& field, const std::string& path) {
    EXPECT_THAT(Explained(path), StartsWith(path + ": " + std::string(field.help) + "\n")) << path;
    EXPECT_THAT(Explained(path), HasSubstr(ValueText(field))) << path;
    for (const Field& inner : field.fields) EXPECT_THAT(Explained(path), HasSubstr("\n  " + std::string(inner.name)));
  });
  for (const KindWords& kind : AllKinds()) {
    for (const Field& field : kind.spec)
      EXPECT_THAT(Explained(kind.plural), HasSubstr("\n  " + std::string(field.name)));
    EXPECT_THAT(Explained(""), HasSubstr(std::string(kind.help)));
  }
}

TEST(Explain, TakesWordsAsPeopleWriteThem) {
  EXPECT_EQ(Explained("sess.rate_limit.packets_per_second"), Explained("session.rateLimit.packetsPerSecond"));
  EXPECT_THAT(Explained("rule.tcp-flags.mask"), StartsWith("rule.tcpFlags.mask: the bits that are looked at\n"));
  EXPECT_THAT(Explained("filter.rule.fragment"), HasSubstr("no, first, later or any"));
  EXPECT_THAT(Explained("session.name"), HasSubstr("required"));
}

TEST(Explain, SuggestsTheFieldThatWasMeant) {
  EXPECT_EQ(Explained("session.percnt"), "session: has no field \"percnt\"; did you mean percent?");
  EXPECT_EQ(Explained("session.rateLimit.packets"),
            "session.rateLimit: has no field \"packets\"; its fields are packetsPerSecond, bitsPerSecond or burst");
  EXPECT_EQ(Explained("session.number.first"),
            "session.number: has no field \"first\"; it is one value: `helioctl explain session.number`");
  EXPECT_EQ(Explained("sesion"), "there is no kind \"sesion\"; did you mean session?");
}

TEST(Explain, OffersPathsToComplete) {
  EXPECT_THAT(PathsLike(""), testing::Contains("session"));
  EXPECT_THAT(PathsLike("session.ra"), testing::Contains("session.rateLimit"));
  EXPECT_THAT(PathsLike("session.rateLimit."), testing::Contains("session.rateLimit.burst"));
  EXPECT_THAT(PathsLike("nothing."), testing::IsEmpty());
}

class Reference : public InFolder {};

// The words of the page are those of the tables: nobody writes them twice.
TEST_F(Reference, IsInTheManualPageFieldByField) {
  const std::string page = Done({"man"});
  for (const KindWords& kind : AllKinds()) {
    for (const Field& field : kind.spec)
      EXPECT_THAT(page, HasSubstr("\n\\fBspec." + std::string(field.name) + "\\fR\n"));
  }
  for (const Field& field : RuleFields()) EXPECT_THAT(page, HasSubstr("\n\\fB" + std::string(field.name) + "\\fR\n"));
  EXPECT_THAT(page, HasSubstr("\n\\fBspec.rateLimit.burst\\fR\npackets or bits at once\n"));
  EXPECT_THAT(page, HasSubstr("; without it: 10 ms of the rate\n"));
}

TEST_F(Reference, IsExplainedByTheProgram) {
  EXPECT_THAT(Done({"explain", "session.tier"}), HasSubstr("Value:       0..3\n"));
  EXPECT_THAT(Helioctl({"explain", "session.teir"}).err,
              HasSubstr("helioctl: session: has no field \"teir\"; did you mean tier?"));
}

TEST(Readme, NamesEveryField) {
  std::ifstream file(HELIOSTAT_EXAMPLES "/../README.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  ForEach([&](const Field& field, const std::string& path) {
    const std::string name(field.name);
    EXPECT_TRUE(text.find("`" + name + "`") != std::string::npos || text.find(name + ": ") != std::string::npos)
        << path;
  });
}

}  // namespace
}  // namespace heliostat::helioctl
