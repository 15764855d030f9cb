#include "helioctl/show/rules.h"

#include <gtest/gtest.h>

#include "unit/host_tools/scripted_card.h"

namespace heliostat::helioctl {
namespace {

v1::RuleHits Hits(const char* filter, bool outbound, std::uint32_t number, v1::Service service, std::uint64_t packets) {
  v1::RuleHits hits;
  hits.set_filter(filter);
  hits.set_outbound(outbound);
  v1::RuleHit& hit = *hits.add_rules();
  hit.set_number(number);
  hit.set_service(service);
  hit.set_packets(packets);
  return hits;
}

// Two filters; of dns only the service has decided, of web one rule each way.
class Rules : public testing::Test {
 protected:
  Rules() {
    card_.config.filters.resize(2);
    config::Filter& dns = card_.config.filters[0];
    dns.metadata.name = "dns";
    dns.services = {config::Service::kDns};
    config::Filter& web = card_.config.filters[1];
    web.metadata.name = "web";
    web.inbound = {{.number = 10, .protocol = 6, .destination_ports = {{443, 443}}},
                   {.number = 20, .action = config::Action::kReject, .description = "the rest"}};
    web.outbound = {{.number = 10, .fragment = config::Fragment::kNo}};
    card_.hits = {Hits("dns", false, 0, v1::DNS, 3), Hits("web", false, 10, v1::SERVICE_UNSPECIFIED, 42),
                  Hits("web", true, 10, v1::SERVICE_UNSPECIFIED, 5)};
    auto client = CardClient::Over(card_.Connect(), 10);
    if (client.ok()) client_ = std::move(*client);
  }

  std::string Shown(const GetOptions& options, bool wide = false) {
    const auto listing = FetchRules(*client_, options);
    return listing.ok() ? RulesTable(*listing, wide, {}) : listing.status().ToString() + "\n";
  }

  ScriptedCard card_;
  std::unique_ptr<CardClient> client_;
};

TEST_F(Rules, AreShownWithTheirHitsAndNoneIsZero) {
  EXPECT_EQ(Shown({}),
            "FILTER  DIRECTION  RULE  ACTION  MATCH               HITS\n"
            "dns     inbound     dns  accept  service dns            3\n"
            "dns     outbound    dns  accept  service dns            0\n"
            "web     inbound      10  accept  tcp any -> any:443    42\n"
            "web     inbound      20  reject  any -> any             0\n"
            "web     outbound     10  accept  fragment=no            5\n");
  EXPECT_EQ(Shown({.names = {"web"}}, true),
            "FILTER  DIRECTION  RULE  ACTION  MATCH               HITS  DESCRIPTION\n"
            "web     inbound      10  accept  tcp any -> any:443    42\n"
            "web     inbound      20  reject  any -> any             0  the rest\n"
            "web     outbound     10  accept  fragment=no            5\n");
}

TEST_F(Rules, AskTheCardOnceAndOnlyForWhatIsShown) {
  Shown({.names = {"web"}});
  const v1::Watch& watch = card_.requests.back().watch();
  EXPECT_TRUE(watch.hits());
  EXPECT_FALSE(watch.states());
  EXPECT_FALSE(watch.counters());
  EXPECT_EQ(watch.count(), 1U);
  EXPECT_EQ(watch.filter(), "web");
}

TEST_F(Rules, OfAFilterThatIsNotThereAreAnErrorThatNamesIt) {
  EXPECT_EQ(Shown({.names = {"wbe"}}), "filter \"wbe\": there is none of that name; did you mean web?\n");
  EXPECT_EQ(card_.Count(v1::Request::kWatch), 0);
}

// Counters are of the present.
TEST_F(Rules, OfAnOlderGenerationHaveNoHits) {
  const auto listing = FetchRules(*client_, {.generation = 1});
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(card_.Count(v1::Request::kWatch), 0);
  EXPECT_EQ(RulesTable(*listing, false, {}).find("HITS"), std::string::npos);
  EXPECT_FALSE(RulesJson(*listing)["rules"][0].contains("hits"));
}

TEST_F(Rules, HaveTheirFieldsOfYamlInJson) {
  const auto listing = FetchRules(*client_, {});
  ASSERT_TRUE(listing.ok());
  const Json json = RulesJson(*listing);
  EXPECT_EQ(json["generation"], 1);
  EXPECT_EQ(
      json["rules"][0],
      Json::parse(R"({"filter": "dns", "direction": "inbound", "service": "dns", "action": "accept", "hits": 3})"));
  EXPECT_EQ(json["rules"][2], Json::parse(R"({"filter": "web", "direction": "inbound", "number": 10, "action": "accept",
                                              "protocol": "tcp", "destinationPorts": 443, "hits": 42})"));
}

}  // namespace
}  // namespace heliostat::helioctl
