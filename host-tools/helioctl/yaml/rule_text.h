// A rule on one line, for the command line:
//
//   [inbound|outbound] NUMBER accept|reject [PROTOCOL] [FROM -> TO] [FIELD=VALUE ...]
//
//   10 accept                                           everything
//   10 accept tcp any -> any:443                        FROM and TO: `any`, a prefix, `:PORTS`, `PREFIX:PORTS`
//   20 reject udp 10.0.0.0/8:1000-2000 -> any           IPv6 with ports in brackets: [2001:db8::/32]:443
//   30 accept icmp icmpType=8                           fields by their names in YAML
//   40 accept vlanIds=100,200-300,untagged tcpFlags=0x02/0x12 description="SYN alone"
//
// The arrow may be left out when both ends are there.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace heliostat::helioctl {

struct RuleText {
  std::string direction{};        // `inbound`, `outbound`; empty: not said
  std::uint32_t number = 0;       // 1..65535
  nlohmann::ordered_json rule{};  // as a rule in YAML; what its values are worth, the YAML reader judges
};

// kInvalidArgument, with what was expected where.
[[nodiscard]] Result<RuleText> ParseRule(std::string_view text);

// What a rule in YAML matches, as ParseRule takes it behind the action; `any -> any`: everything. Without its
// description.
[[nodiscard]] std::string MatchText(const nlohmann::ordered_json& rule);
// Of that the fields alone: `dscp=8 fragment=no`.
[[nodiscard]] std::string FieldsText(const nlohmann::ordered_json& rule);

// Those written as FIELD=VALUE.
std::vector<std::string_view> RuleTextFields();

struct RuleName {
  std::string direction;
  std::uint32_t number;
};

// `inbound/10`.
[[nodiscard]] Result<RuleName> ParseRuleName(std::string_view text);

}  // namespace heliostat::helioctl
