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

 private:
  hal::TrustState state_;
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

}  // namespace
}  // namespace heliostat::control
