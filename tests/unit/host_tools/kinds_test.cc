#include "helioctl/yaml/kinds.h"

#include <gtest/gtest.h>

namespace heliostat::helioctl {
namespace {

TEST(Kinds, AreCalledBySingularPluralShortNameAndYaml) {
  for (const KindWords& kind : AllKinds()) {
    for (const std::string_view word : {kind.singular, kind.plural, kind.short_name, kind.yaml}) {
      const auto parsed = ParseKind(word);
      ASSERT_TRUE(parsed.ok()) << word;
      EXPECT_EQ(*parsed, kind.kind);
    }
    EXPECT_EQ(&WordsOf(kind.kind), &kind);
    EXPECT_EQ(FindKind(kind.wire), &kind);
    EXPECT_EQ(config::KindName(kind.kind), kind.singular);
  }
  EXPECT_EQ(FindKind(v1::KIND_UNSPECIFIED), nullptr);
}

TEST(Kinds, SuggestTheNearestWord) {
  EXPECT_EQ(ParseKind("sesion").status().ToString(), "there is no kind \"sesion\"; did you mean session?");
  EXPECT_EQ(ParseKind("pod").status().ToString(),
            "there is no kind \"pod\"; the kinds are interface, underlay, target, filter or session");
}

TEST(Kinds, NamesComeBehindAKindOrEachWithItsOwn) {
  const std::vector<std::string> behind{"sess", "web", "dns"};
  const auto names = ParseNames(behind);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(names->at(1).ToString(), "session/dns");
  const std::vector<std::string> slashed{"flt/web", "session/web"};
  const auto each = ParseNames(slashed);
  ASSERT_TRUE(each.ok());
  EXPECT_EQ(each->at(0).Subject(), "filter \"web\"");
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {}, {"session"}, {"session", "a b"}, {"session/"}, {"session/web", "dns"}}) {
    const auto parsed = ParseNames(wrong);
    ASSERT_FALSE(parsed.ok());
    EXPECT_NE(parsed.status().fix(), "");
  }
}

}  // namespace
}  // namespace heliostat::helioctl
