#include "helioctl/show/resource_tables.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "helioctl/cli/yaml_layout.h"
#include "helioctl/show/describe.h"
#include "helioctl/yaml/mirror_yaml.h"
#include "unit/host_tools/card_fixture.h"

namespace heliostat::helioctl {
namespace {

std::string Shown(config::Kind kind, const ResourceView& view = {}) {
  return ResourceTable(ListingOf(EverythingListed()), kind, view).Render();
}

TEST(ResourceTable, ShowsSessionsWithTheirStates) {
  EXPECT_EQ(Shown(config::Kind::kSession),
            "NAME   NUMBER  STATE     FILTER  TARGET  DIRECTION  SOURCES  VNI/ID\n"
            "alpha      10  active    web     zeek    all              1      77\n"
            "beta       20  inactive  web     zeek    all              1      77\n"
            "gamma      30  disabled  web     zeek    all              1      77\n");
}

TEST(ResourceTable, SaysMoreWhenItMayBeWide) {
  EXPECT_EQ(Shown(config::Kind::kSession, {.wide = true, .with_kind = true}),
            "NAME           NUMBER  STATE     FILTER  TARGET  DIRECTION  SOURCES  VNI/ID  TIER  LENGTH  SAMPLING       "
            "RATE-LIMIT  OWNER  TAGS  REASON\n"
            "session/alpha      10  active    web     zeek    all              1      77     0   whole  12.5% packets  "
            "-           red    -\n"
            "session/beta       20  inactive  web     zeek    all              1      77     0   whole  12.5% packets  "
            "-           red    -     target \"zeek\" is down\n"
            "session/gamma      30  disabled  web     zeek    all              1      77     0   whole  12.5% packets  "
            "-           red    -\n");
}

TEST(ResourceTable, ShowsEveryOtherKind) {
  EXPECT_EQ(Shown(config::Kind::kInterface),
            "NAME    KIND  NUMBER  MAC                ADDRESSES   MTU  LINK  OWNER\n"
            "guest0  vm         7  02:00:00:00:00:01  10.0.0.1   1500  up    red\n");
  EXPECT_EQ(Shown(config::Kind::kUnderlay),
            "NAME   ADDRESSES    GATEWAYS  MTU  VLAN\n"
            "wire0  10.9.0.1/24  -           -     -\n");
  EXPECT_EQ(Shown(config::Kind::kTarget),
            "NAME  STATE  ENCAPSULATION  TO        SESSIONS\n"
            "zeek  up     erspan2        10.9.0.2         1\n");
  EXPECT_EQ(Shown(config::Kind::kFilter),
            "NAME  INBOUND  OUTBOUND  SERVICES  SESSIONS\n"
            "web         1         0  dns              2\n");
}

TEST(ResourceTable, LeavesOutWhatWasNotAskedFor) {
  ListingReader reader;
  reader.Begin(false);
  reader.Take(EverythingListed());
  const auto listing = reader.Finish(1);
  ASSERT_TRUE(listing.ok());
  EXPECT_TRUE(ResourceTable(*listing, config::Kind::kSession, {}).empty());
  EXPECT_TRUE(ResourceJsons(*listing, nullptr).empty());
}

TEST(ResourceTable, ShowsNoStateOfAnOlderGeneration) {
  v1::Items items;
  v1::Item& item = *items.add_items() = SessionItem("alpha", 10, true, true);
  item.clear_session();
  EXPECT_EQ(ResourceTable(ListingOf(items), config::Kind::kSession, {}).Render({.headers = false}),
            "alpha  10  -  web  zeek  all  1  -\n");
}

TEST(ListingReader, KeepsAResourceOnceThatTwoQueriesFound) {
  ListingReader reader;
  reader.Begin(true);
  reader.Take(EverythingListed());
  reader.Begin(false);
  reader.Take(EverythingListed());
  const auto listing = reader.Finish(1);
  ASSERT_TRUE(listing.ok()) << listing.status().ToString();
  EXPECT_EQ(listing->config.sessions.size(), 3U);
  EXPECT_EQ(listing->config.filters[0].inbound.size(), 1U);
}

TEST(ListingReader, SaysWhenItDoesNotUnderstandTheCard) {
  v1::Items items;
  items.add_items()->mutable_unit()->mutable_filter()->mutable_metadata()->set_name("no name at all!");
  ListingReader reader;
  reader.Begin(true);
  reader.Take(items);
  items.mutable_items(0)->mutable_unit()->mutable_rules()->set_filter("somebody else's");
  reader.Take(items);
  EXPECT_FALSE(reader.Finish(1).ok());
}

TEST(ResourceJson, HasTheShapeOfTheYamlAndAStatus) {
  const Listing listing = ListingOf(EverythingListed());
  EXPECT_EQ(ResourceJson(listing, config::Kind::kSession, 1, nullptr), Json::parse(R"({
    "apiVersion": "heliostat/v1", "kind": "Session",
    "metadata": {"name": "beta", "owner": "red"},
    "spec": {"number": 20, "sources": ["guest0"], "filter": "web", "target": "zeek", "percent": 12.5},
    "status": {"state": "inactive", "reason": "target \"zeek\" is down", "tunnelId": 77, "sources": 1}})"));
  EXPECT_EQ(ResourceJson(listing, config::Kind::kFilter, 0, nullptr)["status"],
            Json::parse(R"({"inboundRules": 1, "outboundRules": 0, "sessions": 2})"));
  EXPECT_EQ(ResourceJson(listing, config::Kind::kTarget, 0, nullptr)["status"],
            Json::parse(R"({"state": "up", "sessions": 1})"));
}

TEST(ResourceJson, CountsAnInterfaceUnderTheNamesOperatorsKnow) {
  const Snapshot snapshot = SnapshotAt(1, 1);
  const Json json = ResourceJson(ListingOf(EverythingListed()), config::Kind::kInterface, 0, &snapshot);
  EXPECT_EQ(json["status"], Json::parse(R"({
    "kind": "vm", "number": 7, "mac": "02:00:00:00:00:01", "primaryIpv4": "10.0.0.1", "mtu": 1500, "link": "up",
    "driver": "net_pcap",
    "counters": {"NetworkMirrorIn": 7000, "NetworkMirrorOut": 14000,
                 "NetworkPacketsMirrorIn": 70, "NetworkPacketsMirrorOut": 140,
                 "NetworkSkipMirrorIn": 2000, "NetworkSkipMirrorOut": 4000,
                 "NetworkPacketsSkipMirrorIn": 20, "NetworkPacketsSkipMirrorOut": 40}})"));
}

// `get -o yaml` can be changed and applied again.
TEST(ResourceJson, IsReadBackAsYamlWithItsStatus) {
  const Listing listing = ListingOf(EverythingListed());
  std::string yaml;
  for (const Json& document : ResourceJsons(listing, nullptr)) yaml += "---\n" + DocumentYaml(document);
  std::vector<Resource> resources;
  std::vector<Problem> problems;
  ReadMirrorYaml("card.yaml", yaml, resources, problems);
  EXPECT_TRUE(problems.empty()) << problems.front().ToString() << "\n" << yaml;
  EXPECT_EQ(resources.size(), 7U);
}

TEST(NoSuchResource, NamesWhatIsNear) {
  EXPECT_EQ(NoSuchResource(config::Kind::kSession, "wex", {"dns", "web", "wed"}).ToString(),
            "session \"wex\": there is none of that name; did you mean web or wed?");
  EXPECT_EQ(NoSuchResource(config::Kind::kFilter, "x", {}).ToString(),
            "filter \"x\": there is none of that name; the card has no filters");
}

std::string Described(config::Kind kind, std::size_t index) {
  return DescribeText(ListingOf(EverythingListed()), SnapshotAt(1, 1), kind, index, {});
}

bool Has(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return true;
  ADD_FAILURE() << "no `" << part << "` in:\n" << text;
  return false;
}

TEST(Describe, TellsAllOfASession) {
  const std::string text = Described(config::Kind::kSession, 0);
  Has(text, "Name:            alpha\n");
  Has(text, "State:           active\n");
  Has(text, "Session ID:      77 (picked by the card)\n");
  Has(text, "Tier:            0\n");
  Has(text, "Sampling:        12.5% of packets\n");
  Has(text, "Sources:         guest0\n");
  Has(text, "  all              matched          300  30000\n");
  Has(text, "  guest0 inbound   egress_full       15   1500\n");
  Has(Described(config::Kind::kSession, 1), "State:           inactive: target \"zeek\" is down\n");
  Has(Described(config::Kind::kSession, 2), "State:           disabled\n");
  Has(Described(config::Kind::kSession, 2), "Counters:  none yet\n");
}

TEST(Describe, ShowsRulesAndWhoUsesThem) {
  const std::string text = Described(config::Kind::kFilter, 0);
  Has(text, "Services:  dns\n");
  Has(text, "Used by:   alpha, beta, gamma\n");
  Has(text, "      10  accept     0  tcp                any     any    any          443    dscp=8\n");
}

v1::RuleHits Hits(bool outbound, std::uint32_t number, v1::Service service, std::uint64_t packets) {
  v1::RuleHits hits;
  hits.set_filter("web");
  hits.set_outbound(outbound);
  v1::RuleHit& hit = *hits.add_rules();
  hit.set_number(number);
  hit.set_service(service);
  hit.set_packets(packets);
  return hits;
}

TEST(Describe, ShowsHowOftenEachRuleAndServiceHasDecided) {
  Snapshot snapshot = SnapshotAt(1, 1);
  snapshot.counters.hits = {Hits(false, 10, v1::SERVICE_UNSPECIFIED, 42), Hits(true, 0, v1::DNS, 7)};
  snapshot.counters.hits.push_back(Hits(false, 10, v1::SERVICE_UNSPECIFIED, 9'999));
  snapshot.counters.hits.back().set_filter("another");
  const std::string text = DescribeText(ListingOf(EverythingListed()), snapshot, config::Kind::kFilter, 0, {});
  Has(text, "     dns  accept     0  a network service\n      10  accept    42  tcp");
  Has(text, "Outbound rules, the first that matches decides:\n");
  Has(text, "     dns  accept     7  a network service\n");
}

// Both ends of the reference, and what it has kept from being mirrored.
TEST(Describe, TellsWhatIsExcludedWhere) {
  v1::Items items = EverythingListed();
  items.mutable_items(0)->mutable_unit()->mutable_interface()->set_excluded("web");
  Snapshot snapshot = SnapshotAt(1, 1);
  Set(snapshot.counters.ports[0].mutable_excluded_out(), 5, 500);
  const Listing listing = ListingOf(items);
  Has(DescribeText(listing, snapshot, config::Kind::kFilter, 0, {}), "Excluded at:  guest0\n");
  const std::string interface = DescribeText(listing, snapshot, config::Kind::kInterface, 0, {});
  Has(interface, "Excluded:      what filter web accepts\n");
  Has(interface, "  excluded_in           0       0\n");
  Has(interface, "  excluded_out          5     500\n");
  Has(Described(config::Kind::kInterface, 0), "Excluded:      nothing\n");
  Has(ResourceTable(listing, config::Kind::kInterface, {.wide = true}).Render({.headers = false}),
      "net_pcap  web  env=lab\n");
  EXPECT_EQ(ResourceJson(listing, config::Kind::kInterface, 0, nullptr)["spec"], Json({{"excluded", "web"}}));
}

TEST(Describe, ShowsInterfacesTargetsAndUnderlays) {
  const std::string interface = Described(config::Kind::kInterface, 0);
  Has(interface, "Source of:     alpha, beta, gamma\n");
  Has(interface, "  NetworkPacketsMirrorIn          70\n");
  Has(interface, "  received           1000  100000\n");
  const std::string target = Described(config::Kind::kTarget, 0);
  Has(target, "Used by:        alpha, beta, gamma\n");
  Has(target, "Encapsulation:  erspan2\n");
  Has(Described(config::Kind::kUnderlay, 0), "Routes:  none\n");
}

}  // namespace
}  // namespace heliostat::helioctl
