// What the card keeps across a power cut: its flash, and the stores on it. Opened before the ports, since a state that
// can't be read is known at once; from then on the agent's thread's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "config/board.h"
#include "control/card_stores.h"
#include "hal/flash.h"
#include "hal/secure_channel.h"
#include "storage/settings_store.h"

namespace heliostat {

class CardState {
 public:
  // `path` is the flash's file. Errors name it.
  [[nodiscard]] static Result<std::unique_ptr<CardState>> Open(const std::string& path, const config::FlashMap& map);

  control::CardStores& stores() { return *stores_; }
  // What of it could not be read when it was opened.
  [[nodiscard]] const std::vector<std::string>& damage() const { return damage_; }

 private:
  CardState() = default;

  std::unique_ptr<hal::Flash> flash_;
  std::unique_ptr<control::CardStores> stores_;
  std::vector<std::string> damage_;
};

// The card's trust bundle: what the flash has; where it has none, that of `folder`, which is on the flash from then on.
// An empty folder: none. Says in the log which it is.
[[nodiscard]] Result<hal::TrustBundle> LoadTrust(storage::SettingsStore& settings, const std::string& folder);

}  // namespace heliostat
