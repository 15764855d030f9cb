// The rules of filters, each with how often it has decided.
#pragma once

#include <control.pb.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "helioctl/card/card_client.h"
#include "helioctl/cli/output.h"
#include "helioctl/show/get.h"

namespace heliostat::helioctl {

// A rule, or a network service, which is one before all rules.
struct RuleView {
  std::string filter{};
  std::string direction{};   // `inbound`, `outbound`
  std::uint32_t number = 0;  // 0: a service
  std::string service{};
  Json rule{};  // as in YAML; of a service: null
  std::uint64_t hits = 0;

  [[nodiscard]] bool is_service() const { return number == 0; }
  [[nodiscard]] std::string Label() const;  // `10`, `dns`
  [[nodiscard]] std::string Action() const;
};

// Of one filter in one direction, in the order in which they are tried. `spec` is the filter's as in YAML; rules that
// `hits` does not name have never decided.
[[nodiscard]] std::vector<RuleView> RulesOf(const std::string& filter, const Json& spec, bool outbound,
                                            const std::vector<v1::RuleHits>& hits);

struct RuleListing {
  std::uint64_t generation = 0;
  bool counted = true;  // false: of an older generation, which nothing is counted of
  std::vector<RuleView> rules{};
};

// Those of the filters that `options.names` are: names or patterns, or all. kNotFound names the filter that is not
// there.
[[nodiscard]] Result<RuleListing> FetchRules(CardClient& client, const GetOptions& options);

// Pure.
std::string RulesTable(const RuleListing& listing, bool wide, const TableStyle& style);
Json RulesJson(const RuleListing& listing);

// `get rules`.
int GetRules(const GetOptions& options, Streams streams);

}  // namespace heliostat::helioctl
