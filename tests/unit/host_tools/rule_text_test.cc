#include "helioctl/yaml/rule_text.h"

#include <gtest/gtest.h>

namespace heliostat::helioctl {
namespace {

std::string Parsed(std::string_view text) {
  const auto rule = ParseRule(text);
  return rule.ok() ? rule->direction + rule->rule.dump() : rule.status().ToString();
}

TEST(RuleText, ReadsWhatItsHeaderSays) {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"10 accept", R"({"number":10,"action":"accept"})"},
      {"10 accept tcp", R"({"number":10,"action":"accept","protocol":"tcp"})"},
      {"10 accept any any -> any", R"({"number":10,"action":"accept"})"},
      {"10 accept tcp any -> any:443", R"({"number":10,"action":"accept","protocol":"tcp","destinationPorts":"443"})"},
      {"10 accept tcp any any:443 ", R"({"number":10,"action":"accept","protocol":"tcp","destinationPorts":"443"})"},
      {"10 accept tcp -> :443", R"({"number":10,"action":"accept","protocol":"tcp","destinationPorts":"443"})"},
      {"10 accept -> :443", R"({"number":10,"action":"accept","destinationPorts":"443"})"},
      {"20 reject udp 10.0.0.0/8:1000-2000 -> any",
       R"({"number":20,"action":"reject","protocol":"udp","source":"10.0.0.0/8","sourcePorts":"1000-2000"})"},
      {"10 accept tcp 10.0.0.0/8 -> 0.0.0.0/0:443",
       R"({"number":10,"action":"accept","protocol":"tcp","source":"10.0.0.0/8","destination":"0.0.0.0/0","destinationPorts":"443"})"},
      {"10 accept 10.0.0.0/8 10.1.0.0/16",
       R"({"number":10,"action":"accept","source":"10.0.0.0/8","destination":"10.1.0.0/16"})"},
      {"10 accept 6 [2001:db8::/32]:443 -> ::/0",
       R"({"number":10,"action":"accept","protocol":"6","source":"2001:db8::/32","destination":"::/0","sourcePorts":"443"})"},
      {"inbound 30 accept icmp icmpType=8",
       R"(inbound{"number":30,"action":"accept","protocol":"icmp","icmpType":"8"})"},
      {"outbound/30 accept icmp icmp-type=8",
       R"(outbound{"number":30,"action":"accept","protocol":"icmp","icmpType":"8"})"},
      {"40 accept vlanIds=100,200-300,untagged tcpFlags=0x02/0x12 description=\"SYN alone\"",
       R"({"number":40,"action":"accept","vlanIds":["100","200-300","untagged"],"tcpFlags":{"value":"0x02","mask":"0x12"},"description":"SYN alone"})"},
      {"50 accept udp fragment=no", R"({"number":50,"action":"accept","protocol":"udp","fragment":"no"})"},
  };
  for (const auto& [text, json] : rows) EXPECT_EQ(Parsed(text), json) << text;
}

TEST(RuleText, SaysWhatIsWrongAndHowToMendIt) {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"", "has no number"},
      {"accept tcp", "\"accept\" is no rule number; begin with a number"},
      {"0 accept", "\"0\" is no rule number"},
      {"70000 accept", "\"70000\" is no rule number"},
      {"10", "has no action; write accept or reject"},
      {"10 allow tcp", "\"allow\" is no action; write accept or reject"},
      {"10 accept tcp 10.0.0.0/8", "\"10.0.0.0/8\" could be where from or where to; write `10.0.0.0/8 -> any` or"},
      {"10 accept :443", "\":443\" could be where from or where to"},
      {"10 accept tcp any -> any -> any", "has two arrows"},
      {"10 accept tcp any ->", "nothing is behind the arrow"},
      {"10 accept tcp any any any", "\"any\" was not expected"},
      {"10 accept dscp=1 tcp", "\"tcp\" was not expected behind a field"},
      {"10 accept icmpTipe=8", "\"icmpTipe\" is not a field; did you mean icmpType?"},
      {"10 accept protocol=tcp", "protocol is not written as a field; write it as `10 accept"},
      {"10 accept dscp=1 dscp=2", "dscp is given twice"},
      {"10 accept tcpFlags=0x02", "tcpFlags has no mask; write VALUE/MASK"},
      {"10 accept description=\"no end", "a quote is not closed"},
  };
  for (const auto& [text, words] : rows) {
    EXPECT_NE(Parsed(text).find(words), std::string::npos) << text << "\n" << Parsed(text);
    EXPECT_NE(ParseRule(text).status().fix(), "") << text;
  }
}

// What is shown can be typed.
TEST(RuleText, WritesAMatchThatReadsTheSame) {
  const std::vector<std::pair<const char*, const char*>> rows{
      {"any -> any", R"({})"},
      {"tcp", R"({"protocol": "tcp"})"},
      {"tcp any -> any:443", R"({"protocol": "tcp", "destinationPorts": "443"})"},
      {"10.0.0.0/8:1000-2000 -> any", R"({"source": "10.0.0.0/8", "sourcePorts": "1000-2000"})"},
      {"6 [2001:db8::/32]:443 -> ::/0",
       R"({"protocol": "6", "source": "2001:db8::/32", "destination": "::/0", "sourcePorts": "443"})"},
      {"icmp icmpType=8", R"({"protocol": "icmp", "icmpType": "8"})"},
      {"any -> any:53 vlanIds=1,2-3,untagged fragment=no",
       R"({"destinationPorts": "53", "vlanIds": ["1", "2-3", "untagged"], "fragment": "no"})"},
  };
  for (const auto& [text, json] : rows) {
    auto rule = nlohmann::ordered_json::parse(json);
    EXPECT_EQ(MatchText(rule), text);
    const auto read = ParseRule("10 accept " + std::string(text));
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    auto expected = nlohmann::ordered_json{{"number", 10}, {"action", "accept"}};
    expected.update(rule);
    EXPECT_EQ(read->rule, expected) << text;
  }
  EXPECT_EQ(MatchText(nlohmann::ordered_json::parse(
                R"({"etherType": 35020, "tcpFlags": {"value": 2, "mask": 18}, "description": "left out"})")),
            "etherType=0x88cc tcpFlags=0x02/0x12");
}

TEST(RuleText, NamesARule) {
  const auto name = ParseRuleName("outbound/20");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->direction, "outbound");
  EXPECT_EQ(name->number, 20U);
  for (const char* wrong : {"20", "in/20", "inbound/", "inbound/x", "inbound/0"})
    EXPECT_FALSE(ParseRuleName(wrong).ok());
}

}  // namespace
}  // namespace heliostat::helioctl
