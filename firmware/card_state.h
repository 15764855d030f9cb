// What the card keeps across a power cut: its flash, and the stores on it. It is opened before the ports, so that a
// state that can't be read is known at once; from then on it is the agent's thread's.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/board.h"
#include "control/provisioner.h"
#include "hal/flash.h"
#include "hal/secure_channel.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"
#include "storage/settings_store.h"

namespace heliostat {

class CardState {
 public:
  // `path` is the flash's file. Errors name it.
  [[nodiscard]] static Result<std::unique_ptr<CardState>> Open(const std::string& path, const config::FlashMap& map);

  storage::GenerationStore& generations() { return *generations_; }
  storage::AuditLog& audit() { return *audit_; }
  storage::SettingsStore& settings() { return *settings_; }
  // The provisioner writes generations anew when the log is compacted.
  void set_provisioner(control::Provisioner* provisioner) { provisioner_ = provisioner; }
  // Says which parts could not be read when it was opened.
  [[nodiscard]] const std::vector<std::string>& damage() const { return damage_; }

 private:
  CardState() = default;
  Status OpenStores(const config::FlashMap& map);

  std::unique_ptr<hal::Flash> flash_;
  control::Provisioner* provisioner_ = nullptr;
  std::unique_ptr<storage::SettingsStore> settings_;
  std::unique_ptr<storage::AuditLog> audit_;
  std::unique_ptr<storage::GenerationStore> generations_;
  std::vector<std::string> damage_;
};

// Returns the card's trust bundle: the one on the flash or, where there is none, that of `folder`. Logs that the
// flash's counts when `folder` is given all the same. kFailedPrecondition when the flash has none and `folder` is
// empty.
[[nodiscard]] Result<hal::TrustBundle> LoadTrust(storage::SettingsStore& settings, const std::string& folder);

}  // namespace heliostat
