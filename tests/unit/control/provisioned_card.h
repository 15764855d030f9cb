// A card as it is between its flash and its ports: agent and workers over DPDK rings, the real logs on emulated flash,
// a provisioner over both. Restart makes all of it anew, but the flash.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "control/control_plane.h"
#include "emulated/emulated_flash.h"
#include "mbedtls/sha256_digest.h"
#include "support/failing_memory.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::control {

inline Identity Admin() { return {"ada", codec::Role::kAdmin, "", "10.0.0.8"}; }
inline Identity Operator(const std::string& owner) { return {"olga", codec::Role::kOperator, owner, "10.0.0.9"}; }

// The emulated device keeps books, which are no part of the card's memory.
class UncountedFlash final : public hal::Flash {
 public:
  explicit UncountedFlash(hal::Flash& flash) : flash_(flash) {}
  [[nodiscard]] const hal::FlashGeometry& geometry() const override { return flash_.geometry(); }
  [[nodiscard]] Status Read(std::uint64_t offset, std::span<std::uint8_t> out) override {
    const support::FailingMemory::Pause pause;
    return flash_.Read(offset, out);
  }
  [[nodiscard]] Status Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) override {
    const support::FailingMemory::Pause pause;
    return flash_.Program(offset, bytes);
  }
  [[nodiscard]] Status Erase(std::uint32_t block) override {
    const support::FailingMemory::Pause pause;
    return flash_.Erase(block);
  }
  [[nodiscard]] Status Sync() override {
    const support::FailingMemory::Pause pause;
    return flash_.Sync();
  }

 private:
  hal::Flash& flash_;
};

struct ProvisionedCardOptions {
  std::uint32_t configuration_blocks = 64;  // of 4 KiB
  std::uint32_t kept = 16;
  support::RingCardOptions ring = support::SmallCard();
};

class ProvisionedCard {
 public:
  using Options = ProvisionedCardOptions;

  explicit ProvisionedCard(Options options = {})
      : options_(std::move(options)),
        flash_({.erase_block_bytes = 4096,
                .program_bytes = 4,
                .blocks = options_.configuration_blocks + kAuditBlocks + kSettingsBlocks}) {
    const Status started = Restart();
    EXPECT_EQ(started.ToString(), "ok");
  }

  // What Start says.
  Status Restart() {
    plane_.reset();
    stores_.reset();
    card_.reset();
    flash_.Restart();
    card_ = std::make_unique<support::RingCard>(options_.ring);
    const std::uint32_t audit = options_.configuration_blocks;
    auto opened =
        CardStores::Open(uncounted_, {.settings = {.first_block = audit + kAuditBlocks, .blocks = kSettingsBlocks},
                                      .audit = {.first_block = audit, .blocks = kAuditBlocks},
                                      .generations = {.first_block = 0, .blocks = audit},
                                      .generations_kept = options_.kept,
                                      .sha256 = hal::mbedtls::Sha256});
    if (!opened.ok()) return opened.status();
    stores_ = std::move(*opened);
    return Start();
  }

  // As a flash that was mended by hand: the generations are gone, the audit log is not.
  void EraseGenerations() {
    for (std::uint32_t block = 0; block < options_.configuration_blocks; ++block) {
      EXPECT_EQ(flash_.Erase(block).ToString(), "ok");
    }
  }

  // A new provisioner on the same flash and agent. The allocation of that number fails in its Start, 0: none.
  Status Start(std::uint64_t failing_allocation = 0) {
    plane_.reset();
    plane_ = std::make_unique<ControlPlane>(card_->agent(), *stores_, card_->clock());
    const support::FailingMemory memory(failing_allocation);
    const Status started = provisioner().Start();
    memory_failed_ = memory.failed();
    return started;
  }
  [[nodiscard]] bool memory_failed() const { return memory_failed_; }

  // On top of the current configuration.
  Result<codec::Committed> Commit(const config::Config& config, const Identity& by = Admin(),
                                  std::uint32_t confirm_within_s = 0) {
    return provisioner().Commit({.by = by,
                                 .base = store().current(),
                                 .config = std::make_shared<const config::Config>(config),
                                 .confirm_within_s = confirm_within_s,
                                 .comment = "because"});
  }

  [[nodiscard]] const config::Config& config() const { return *provisioner().published()->config; }
  [[nodiscard]] std::vector<storage::AuditRecord> Audit() const {
    std::vector<storage::AuditRecord> records;
    const Status read = audit().Read(0, 0, [&records](const storage::AuditRecord& record) {
      records.push_back(record);
      return true;
    });
    EXPECT_EQ(read.ToString(), "ok");
    return records;
  }

  // All three say the same: flash, agent, what readers see.
  void ExpectAt(std::uint64_t generation, const config::Config& expected) {
    provisioner().Tick();
    EXPECT_EQ(store().current(), generation);
    EXPECT_EQ(card_->agent().generation(), generation);
    EXPECT_EQ(provisioner().published()->generation, generation);
    EXPECT_TRUE(config() == expected);
    if (generation == 0) return;
    ASSERT_FALSE(provisioner().published()->kept.empty());
    EXPECT_EQ(provisioner().published()->kept, store().generations());
    EXPECT_EQ(provisioner().published()->flash_used_bytes, store().used_bytes());
  }

  [[nodiscard]] Provisioner& provisioner() const { return plane_->provisioner(); }
  support::RingCard& card() { return *card_; }
  [[nodiscard]] storage::GenerationStore& store() const { return stores_->generations(); }
  [[nodiscard]] storage::AuditLog& audit() const { return stores_->audit(); }
  hal::emulated::EmulatedFlash& flash() { return flash_; }
  Options& options() { return options_; }  // of the next restart
  void Pass(std::uint64_t seconds) {
    card_->clock().now_ns += seconds * 1'000'000'000;
    provisioner().Tick();
  }

 private:
  static constexpr std::uint32_t kAuditBlocks = 8;
  static constexpr std::uint32_t kSettingsBlocks = 4;

  Options options_;
  bool memory_failed_ = false;
  hal::emulated::EmulatedFlash flash_;
  UncountedFlash uncounted_{flash_};
  std::unique_ptr<support::RingCard> card_;
  std::unique_ptr<CardStores> stores_;
  std::unique_ptr<ControlPlane> plane_;
};

}  // namespace heliostat::control
