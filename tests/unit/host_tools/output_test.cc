#include "helioctl/cli/output.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

namespace heliostat::helioctl {
namespace {

Format Parsed(std::vector<std::string> words, std::vector<Format> formats = {Format::kTable, Format::kJson}) {
  CLI::App app;
  OutputOptions options;
  AddOutputOptions(app, options, std::move(formats));
  std::reverse(words.begin(), words.end());
  app.parse(words);
  return options.format;
}

TEST(OutputOptions, DefaultsToTheCommandsFirstFormat) {
  EXPECT_EQ(Parsed({}), Format::kTable);
  EXPECT_EQ(Parsed({}, {Format::kYaml, Format::kJson}), Format::kYaml);
}

TEST(OutputOptions, TakesEveryFormatOfTheCommandAndNoOther) {
  const std::vector<Format> all{Format::kTable, Format::kWide, Format::kJson, Format::kYaml, Format::kName};
  const std::vector<std::string> names{"table", "wide", "json", "yaml", "name"};
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(Parsed({"-o", names[i]}, all), all[i]);
  EXPECT_THROW(Parsed({"-o", "yaml"}), CLI::ValidationError);
  try {
    Parsed({"-o", "jsn"});
    FAIL();
  } catch (const CLI::ValidationError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean json?"), std::string::npos) << error.what();
  }
}

TEST(Colors, AreNotUsedWhereThereIsNoTerminal) {
  std::ostringstream out;
  EXPECT_FALSE(UsesColor({}, out));
  EXPECT_TRUE(UsesColor({.color = "always"}, out));
  EXPECT_FALSE(UsesColor({.color = "never"}, out));
}

TEST(YamlText, IsReadBackAsTheSameText) {
  for (const char* text : {"web",        "",
                           "12",         "0x1f",
                           "-",          "- a",
                           "a: b",       "a:",
                           "a #b",       "#a",
                           "yes",        "No",
                           "null",       "~",
                           "1.5",        ".5",
                           "2026-01-01", "02:00:00:00:00:01",
                           "::/0",       "10.0.0.0/8",
                           "\"quoted\"", "it's",
                           "a\\b",       "*",
                           "&a",         "!tag",
                           "%x",         "@x",
                           "`x`",        "line\nbreak",
                           "tab\there",  "Zürich 東京",
                           " lead",      "trail ",
                           "{a}",        "[a]",
                           "a, b",       "? a",
                           "true"}) {
    const Json json{{"key", text}, {text, "value"}};
    const YAML::Node node = YAML::Load(YamlText(json));
    EXPECT_EQ(node["key"].Scalar(), text);
    EXPECT_EQ(node[std::string(text)].Scalar(), "value") << YamlText(json);
  }
}

TEST(YamlText, WritesNumbersAndTruthsPlainAndTextThatLooksLikeThemQuoted) {
  const Json json{{"number", 18446744073709551615ULL}, {"truth", true},      {"text", "true"},
                  {"nothing", Json::array()},          {"list", {1, "two"}}, {"map", {{"a", 1}}}};
  EXPECT_EQ(YamlText(json),
            "number: 18446744073709551615\n"
            "truth: true\n"
            "text: \"true\"\n"
            "nothing: []\n"
            "list: [1, two]\n"
            "map:\n  a: 1\n");
}

TEST(JsonText, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(JsonText(Json{{"a", "x\xff"}}), "{\n  \"a\": \"x\xef\xbf\xbd\"\n}\n");
  EXPECT_EQ(JsonLine(Json{{"a", 1}}), "{\"a\":1}\n");
}

TEST(Fail, IsOneLineAndExitCodeOne) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(Fail(Status(Code::kNotFound, "session \"w\x1b\"", "there is none", "look"), {in, out, err}), 1);
  EXPECT_EQ(err.str(), "helioctl: session \"w?\": there is none; look\n");
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace heliostat::helioctl
