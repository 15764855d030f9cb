#include "rules/compile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace heliostat::rules {
namespace {

using config::Config;
using config::Direction;
using config::DirectionSet;

config::Filter AcceptAll(const std::string& name) {
  config::Filter filter;
  filter.metadata.name = name;
  config::Rule rule;
  rule.number = 1;
  filter.inbound = {rule};
  filter.outbound = {rule};
  return filter;
}

config::Session SessionOf(const std::string& name, std::uint16_t number, std::vector<std::string> sources,
                          const std::string& filter) {
  config::Session session;
  session.metadata.name = name;
  session.number = number;
  session.sources = std::move(sources);
  session.filter = filter;
  return session;
}

Compiled MustCompile(const Config& config) {
  auto compiled = Compile(config);
  EXPECT_TRUE(compiled.ok()) << compiled.status().ToString();
  return compiled.ok() ? std::move(compiled).value() : Compiled{};
}

const TierPolicy& Inbound(const CompiledInterface& interface, std::size_t tier = 0) {
  return interface.directions[static_cast<std::size_t>(Direction::kInbound)].tiers[tier];
}
const TierPolicy& Outbound(const CompiledInterface& interface, std::size_t tier = 0) {
  return interface.directions[static_cast<std::size_t>(Direction::kOutbound)].tiers[tier];
}

TEST(Compile, OrdersSlotsByTheNumbersOfTheSessions) {
  Config config;
  config.filters = {AcceptAll("f")};
  config.sessions = {SessionOf("a", 30, {"guest0"}, "f"), SessionOf("b", 10, {"guest0"}, "f"),
                     SessionOf("c", 20, {"guest1", "guest0"}, "f")};
  const Compiled compiled = MustCompile(config);
  ASSERT_EQ(compiled.interfaces.size(), 2U);
  EXPECT_EQ(compiled.interfaces[0].name, "guest0");
  EXPECT_EQ(Inbound(compiled.interfaces[0]).sessions, (std::vector<std::uint32_t>{1, 2, 0}));
  EXPECT_EQ(compiled.interfaces[1].name, "guest1");
  EXPECT_EQ(Outbound(compiled.interfaces[1]).sessions, (std::vector<std::uint32_t>{2}));
}

TEST(Compile, PassesOverDisabledSessionsAndThoseOfAnotherDirection) {
  Config config;
  config.filters = {AcceptAll("f")};
  config.sessions = {SessionOf("disabled", 1, {"guest0", "guest1"}, "f"), SessionOf("in", 2, {"guest0"}, "f"),
                     SessionOf("out", 3, {"guest0"}, "f"), SessionOf("in2", 4, {"guest2"}, "f")};
  config.sessions[0].enabled = false;
  config.sessions[1].direction = DirectionSet::kInbound;
  config.sessions[2].direction = DirectionSet::kOutbound;
  config.sessions[3].direction = DirectionSet::kInbound;
  const Compiled compiled = MustCompile(config);
  ASSERT_EQ(compiled.interfaces.size(), 2U) << "guest1 is a source of a disabled session only";
  EXPECT_EQ(Inbound(compiled.interfaces[0]).sessions, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(Outbound(compiled.interfaces[0]).sessions, (std::vector<std::uint32_t>{2}));
  EXPECT_EQ(compiled.interfaces[1].name, "guest2");
  EXPECT_NE(Inbound(compiled.interfaces[1]).policy, nullptr);
  EXPECT_EQ(Outbound(compiled.interfaces[1]).policy, nullptr);
}

TEST(Compile, SharesOnePolicyBetweenInterfacesWithTheSameFilters) {
  Config config;
  config.filters = {AcceptAll("f"), AcceptAll("g")};
  for (std::uint16_t i = 0; i < 100; ++i) {
    const std::string source = "guest" + std::to_string(i);
    config.sessions.push_back(SessionOf("f" + std::to_string(i), 1, {source}, "f"));
    config.sessions.push_back(SessionOf("g" + std::to_string(i), 2, {source}, "g"));
  }
  config.sessions.push_back(SessionOf("last", 1, {"wire0"}, "g"));
  const Compiled compiled = MustCompile(config);
  EXPECT_EQ(compiled.interfaces.size(), 101U);
  EXPECT_EQ(compiled.policies.size(), 4U) << "(f, g) and (g), in two directions";
  EXPECT_EQ(Inbound(compiled.interfaces[0]).policy, Inbound(compiled.interfaces[99]).policy);
  EXPECT_NE(Inbound(compiled.interfaces[0]).policy, Outbound(compiled.interfaces[0]).policy);
  EXPECT_EQ(compiled.interfaces.back().name, "wire0");
}

TEST(Compile, HoldsAFilterOnceHoweverManyTuplesItIsIn) {
  Config config;
  for (int f = 0; f < 8; ++f) {
    config.filters.push_back(AcceptAll("f" + std::to_string(f)));
    config.filters.back().inbound.resize(1'000, config.filters.back().inbound[0]);
  }
  const auto memory_bytes = [&config](std::size_t interfaces) {
    config.sessions.clear();
    for (std::size_t i = 0; i < interfaces; ++i) {
      for (std::size_t f = 0; f < 8; ++f) {
        const std::string name = std::to_string(i) + "." + std::to_string(f);
        const auto number = static_cast<std::uint16_t>(8 * i + (f + i) % 8 + 1);
        config.sessions.push_back(SessionOf(name, number, {"guest" + std::to_string(i)}, "f" + std::to_string(f)));
      }
    }
    const Compiled compiled = MustCompile(config);
    EXPECT_EQ(compiled.policies.size(), 2 * interfaces) << "every interface tries them in another order";
    return compiled.memory_bytes;
  };
  EXPECT_LT(memory_bytes(8), memory_bytes(1) + 8'192);
}

TEST(Compile, GivesNoSlotToASessionWhoseFilterHasNothingForTheDirection) {
  Config config;
  config.filters = {AcceptAll("all"), AcceptAll("nothing")};
  config.filters[1].inbound.clear();
  config.sessions = {SessionOf("a", 1, {"guest0"}, "nothing"), SessionOf("b", 2, {"guest0"}, "all")};
  const Compiled compiled = MustCompile(config);
  const TierPolicy& inbound = Inbound(compiled.interfaces.at(0));
  EXPECT_EQ(inbound.sessions, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(Outbound(compiled.interfaces.at(0)).sessions, (std::vector<std::uint32_t>{0, 1}));
}

TEST(Compile, GivesASlotInBothDirectionsForAService) {
  Config config;
  config.filters = {config::Filter{.metadata = {.name = "dns"}, .services = {config::Service::kDns}}};
  config.sessions = {SessionOf("a", 1, {"guest0"}, "dns")};
  const Compiled compiled = MustCompile(config);
  EXPECT_EQ(Inbound(compiled.interfaces.at(0)).sessions.size(), 1U);
  EXPECT_EQ(Outbound(compiled.interfaces.at(0)).sessions.size(), 1U);
}

TEST(Compile, DoesNotCompileAgainWhatIsTheSame) {
  Config before;
  before.filters = {AcceptAll("changed"), AcceptAll("gone"), AcceptAll("same"), AcceptAll("served")};
  before.sessions = {SessionOf("a", 1, {"guest0"}, "changed"), SessionOf("b", 2, {"guest0"}, "same"),
                     SessionOf("c", 3, {"guest0"}, "served")};
  const Compiled first = MustCompile(before);
  Config after = before;
  after.filters.erase(after.filters.begin() + 1);
  after.filters[0].inbound[0].action = config::Action::kReject;
  after.filters[1].metadata.description = "no part of the table";
  after.filters[2].services = {config::Service::kArp};
  const Earlier earlier{before, first};
  const auto second = Compile(after, &earlier);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->tables[0][0], first.tables[0][0]) << "its inbound rule";
  EXPECT_EQ(second->tables[0][1], first.tables[0][1]);
  EXPECT_EQ(second->tables[1], first.tables[2]);
  EXPECT_NE(second->tables[2][0], first.tables[3][0]) << "a service is in both directions";
  EXPECT_NE(second->tables[2][1], first.tables[3][1]);
  const packet::FlowKey key;
  Verdict verdict;
  Inbound(second->interfaces.at(0)).policy->Classify({&key, 1}, {&verdict, 1});
  EXPECT_EQ(verdict.outcome, Outcome::kReject);
}

// The verdict cache depends on this: it remembers verdicts by identity.
TEST(Compile, KeepsTheIdentityOfAPolicyUntilItsOwnRuleListChanges) {
  Config before;
  before.filters = {AcceptAll("f"), AcceptAll("g")};
  before.sessions = {SessionOf("a", 1, {"guest0", "guest1"}, "f"), SessionOf("b", 2, {"guest1"}, "g")};
  const Compiled first = MustCompile(before);
  const auto identity_of = [](const Compiled& compiled, std::size_t interface) {
    return Inbound(compiled.interfaces.at(interface)).policy->identity();
  };
  EXPECT_NE(identity_of(first, 0), identity_of(first, 1));
  EXPECT_NE(identity_of(first, 0), 0U);

  Config after = before;
  after.sessions[0].target = "elsewhere";
  after.sessions[0].metadata.name = "renamed";
  after.filters[1].inbound[0].protocol = 6;
  const Earlier earlier{before, first};
  const auto second = Compile(after, &earlier);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(identity_of(*second, 0), identity_of(first, 0)) << "nothing that it judges by has changed";
  EXPECT_NE(identity_of(*second, 1), identity_of(first, 1)) << "a rule of its second filter has";

  const Earlier changed{after, *second};
  const auto third = Compile(before, &changed);
  ASSERT_TRUE(third.ok());
  EXPECT_EQ(identity_of(*third, 0), identity_of(first, 0));
  EXPECT_NE(identity_of(*third, 1), identity_of(first, 1)) << "a number is given once";
  EXPECT_NE(identity_of(*third, 1), identity_of(*second, 1));
}

TEST(Compile, JudgesEachTierByItself) {
  Config config;
  config.filters = {AcceptAll("f"), AcceptAll("g")};
  config.sessions = {SessionOf("a", 30, {"guest0"}, "f"), SessionOf("b", 10, {"guest0"}, "g"),
                     SessionOf("c", 20, {"guest0"}, "f"), SessionOf("d", 5, {"guest0"}, "f")};
  config.sessions[1].tier = 3;
  config.sessions[2].tier = 3;
  const Compiled compiled = MustCompile(config);
  const CompiledInterface& guest = compiled.interfaces.at(0);
  EXPECT_EQ(Inbound(guest, 0).sessions, (std::vector<std::uint32_t>{3, 0}));
  EXPECT_EQ(Inbound(guest, 1).policy, nullptr);
  EXPECT_EQ(Inbound(guest, 2).policy, nullptr);
  EXPECT_EQ(Inbound(guest, 3).sessions, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Compile, AsksAnExcludedFilterWhereItHasARuleWhetherASessionMirrorsThereOrNot) {
  Config config;
  config.filters = {AcceptAll("f"), AcceptAll("overlay")};
  config.filters[1].outbound.clear();
  config.interfaces = {{.name = "guest0", .excluded = "overlay"}, {.name = "guest1", .excluded = "overlay"}};
  config.sessions = {SessionOf("a", 1, {"guest0"}, "f"), SessionOf("b", 1, {"guest1"}, "f")};
  config.sessions[1].direction = DirectionSet::kOutbound;
  const Compiled compiled = MustCompile(config);
  const auto excluded = [&](std::size_t interface, Direction direction) {
    return compiled.interfaces.at(interface).directions[static_cast<std::size_t>(direction)].excluded;
  };
  ASSERT_NE(excluded(0, Direction::kInbound), nullptr);
  EXPECT_EQ(excluded(0, Direction::kOutbound), nullptr) << "it has no rule there";
  EXPECT_NE(excluded(1, Direction::kInbound), nullptr) << "no session takes what is inbound there";
  EXPECT_EQ(compiled.interfaces[0].directions[0].excluded_filter, 1U);
}

TEST(Compile, RefusesAnInterfaceWithoutItsExcludedFilterByName) {
  Config config;
  config.filters = {AcceptAll("f")};
  config.interfaces = {{.name = "guest0", .excluded = "absent"}};
  config.sessions = {SessionOf("a", 1, {"guest0"}, "f")};
  const Status status = Compile(config).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.subject(), "interface \"guest0\" excluded");
}

TEST(Compile, CompilesWhatNoSessionUsedBefore) {
  Config before;
  before.filters = {AcceptAll("f")};
  const Compiled first = MustCompile(before);
  Config after = before;
  after.sessions = {SessionOf("a", 1, {"guest0"}, "f")};
  const Earlier earlier{before, first};
  const auto second = Compile(after, &earlier);
  ASSERT_TRUE(second.ok());
  EXPECT_NE(second->tables[0][0], nullptr);
}

TEST(Compile, RefusesASessionWithoutItsFilterByName) {
  Config config;
  config.sessions = {SessionOf("s", 1, {"guest0"}, "absent")};
  const Status status = Compile(config).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.subject(), "session \"s\" filter");
}

TEST(Compile, RefusesMoreSessionsOfASourceThanSlots) {
  Config config;
  config.filters = {AcceptAll("f")};
  for (std::uint16_t i = 1; i <= 256; ++i) {
    config.sessions.push_back(SessionOf("s" + std::to_string(i), i, {"guest0"}, "f"));
  }
  EXPECT_TRUE(Compile(config).ok());
  config.sessions.push_back(SessionOf("one more", 257, {"guest0"}, "f"));
  const Status status = Compile(config).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.subject(), "interface \"guest0\"");
}

TEST(Compile, HoldsTheReferenceConfigurationInFewMegabytes) {
  Config config;
  for (int f = 0; f < 1'000; ++f) {
    config::Filter filter = AcceptAll("f" + std::to_string(f));
    for (std::uint16_t r = 2; r <= 20; ++r) {
      config::Rule rule;
      rule.number = r;
      rule.protocol = 6;
      rule.source =
          IpPrefix{{IpFamily::kIpv4, {10, static_cast<std::uint8_t>(f), static_cast<std::uint8_t>(r), 0}}, 24};
      rule.destination_ports = config::PortRange{r, static_cast<std::uint16_t>(3 * r)};
      filter.inbound.push_back(rule);
    }
    filter.outbound = filter.inbound;
    config.filters.push_back(filter);
  }
  for (std::uint16_t s = 0; s < 10'000; ++s) {
    config.sessions.push_back(SessionOf("s" + std::to_string(s), static_cast<std::uint16_t>(s + 1),
                                        {"guest" + std::to_string(s % 1'024)}, "f" + std::to_string(s * 7 % 1'000)));
  }
  const Compiled compiled = MustCompile(config);
  EXPECT_EQ(compiled.interfaces.size(), 1'024U);
  EXPECT_EQ(compiled.policies.size(), 2'048U);
  EXPECT_LT(compiled.memory_bytes, 12U << 20U);
}

}  // namespace
}  // namespace heliostat::rules
