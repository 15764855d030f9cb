#include "control/card_settings.h"

#include <gtest/gtest.h>

#include <new>
#include <vector>

namespace heliostat::control {
namespace {

// Which bundle is in use, by its authority's text.
class NamedServer final : public hal::SecureServer {
 public:
  Status Replace(const hal::TrustBundle& bundle) override {
    used = bundle.ca;
    return OkStatus();
  }
  const hal::TrustState& state() const override { return state_; }
  Status Recheck(const hal::SecureChannel&) override { return OkStatus(); }
  Status WouldAccept(const hal::SecureChannel&, const hal::TrustBundle&) override { return OkStatus(); }
  Status WouldAcceptAt(const hal::SecureChannel&, std::uint64_t) override { return OkStatus(); }
  Result<std::unique_ptr<hal::SecureChannel>> Accept(std::unique_ptr<hal::ByteStream>) override {
    return Status(Code::kUnsupported, "test", "takes nobody");
  }
  std::string used = "before";
  hal::TrustState state_;
};

class StillClock final : public hal::Clock {
 public:
  std::uint64_t MonotonicNs() override { return 0; }
  std::uint64_t WallNs() override { return wall_ns; }
  std::uint64_t wall_ns = 0;
};

TEST(CardSettings, GoOnWithWhatWasBeforeWhereThereIsNoMemoryToKeepAChange) {
  NamedServer secure;
  bool memory = false;
  std::vector<AgentCalls::Work> posted;
  AgentCalls calls(
      [&](AgentCalls::Work work) {
        if (!memory) throw std::bad_alloc();
        posted.push_back(std::move(work));
      },
      [] {});
  CardSettings settings({.calls = &calls, .secure = &secure, .trust = {.ca = "before"}, .recheck = {}});
  const std::vector<std::uint8_t> ca = {'n', 'e', 'w'};
  const codec::SetTrust change{.ca = std::span<const std::uint8_t>(ca), .allow_lockout = true};
  std::string out;
  EXPECT_EQ(settings.SetTrust({}, 1, change, &out), nullptr);
  EXPECT_FALSE(out.empty()) << "an error";
  EXPECT_EQ(secure.used, "before");
  memory = true;
  EXPECT_NE(settings.SetTrust({}, 2, change, &out), nullptr) << "no change is on its way";
  EXPECT_EQ(secure.used, "new");
  EXPECT_EQ(posted.size(), 1U);
}

TEST(CardSettings, TakeAChangeWhileTheCardWritesItsOwnTimeBound) {
  constexpr std::uint64_t kDayS = 86'400;
  constexpr std::uint64_t kDayNs = kDayS * 1'000'000'000;
  NamedServer secure;
  secure.state_.certificate.not_before_s = 5 * kDayS;
  secure.state_.certificate.not_after_s = 100 * kDayS;
  StillClock system;
  system.wall_ns = 10 * kDayNs;
  CardClock clock(system, 0);
  std::vector<AgentCalls::Work> posted;
  AgentCalls calls([&](AgentCalls::Work work) { posted.push_back(std::move(work)); }, [] {});
  CardSettings settings(
      {.calls = &calls, .clock = &clock, .secure = &secure, .trust = {.ca = "before"}, .recheck = {}});
  settings.Tick();
  settings.Tick();
  EXPECT_EQ(posted.size(), 1U) << "one write of the bound";

  std::string out;
  EXPECT_EQ(settings.SetTime({}, 1, {.time_ns = 3 * kDayNs}, &out), nullptr);
  EXPECT_NE(out.find("already seen"), std::string::npos) << "it would be written behind a later bound";
  const std::vector<std::uint8_t> ca = {'n', 'e', 'w'};
  EXPECT_NE(settings.SetTrust({}, 2, {.ca = std::span<const std::uint8_t>(ca), .allow_lockout = true}, &out), nullptr);
  EXPECT_EQ(posted.size(), 2U);
}

}  // namespace
}  // namespace heliostat::control
