#include "control/transaction.h"

#include <gtest/gtest.h>

namespace heliostat::control {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

config::Config WithRules(std::uint16_t rules) {
  config::Config config;
  config.filters.resize(1);
  config.filters[0].metadata.name = "web";
  for (std::uint16_t n = 1; n <= rules; ++n) {
    config.filters[0].inbound.push_back({.number = n, .action = config::Action::kAccept});
  }
  return config;
}

// How often it can be begun with before somebody is told to wait.
int Begins(Transaction& transaction, const config::Config& base, std::uint64_t now_ns, int at_most) {
  const Caller caller{.connection = 1};
  for (int n = 0; n < at_most; ++n) {
    const Status begun = transaction.Begin(caller, base, 1, now_ns, 0);
    if (!begun.ok()) {
      EXPECT_EQ(begun.code(), Code::kUnavailable) << begun.ToString();
      return n;
    }
    transaction.End(caller.connection, "");
  }
  return at_most;
}

TEST(Transaction, CopiesALargeConfigurationOnlySoOften) {
  Transaction transaction(config::Limits{});
  const config::Config large = WithRules(20'000);
  const int at_once = Begins(transaction, large, kSecondNs, 1'000);
  EXPECT_GE(at_once, 20);
  EXPECT_LT(at_once, 200);
  EXPECT_EQ(Begins(transaction, large, kSecondNs, 1), 0);
  EXPECT_EQ(Begins(transaction, large, 2 * kSecondNs, 10), 10);
}

TEST(Transaction, BeginsWithASmallConfigurationAsOftenAsAnyoneAsks) {
  Transaction transaction(config::Limits{});
  EXPECT_EQ(Begins(transaction, WithRules(10), kSecondNs, 10'000), 10'000);
}

}  // namespace
}  // namespace heliostat::control
