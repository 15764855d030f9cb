// What the card keeps across a power cut: its flash, and the stores on it. It is opened before the ports, so that a
// state that can't be read is known at once; from then on it is the agent's thread's.
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
  // Says which parts could not be read when it was opened.
  [[nodiscard]] const std::vector<std::string>& damage() const { return damage_; }

 private:
  CardState() = default;

  std::unique_ptr<hal::Flash> flash_;
  std::unique_ptr<control::CardStores> stores_;
  std::vector<std::string> damage_;
};

// Returns the card's trust bundle: the one on the flash or, where there is none, that of `folder`. Logs that the
// flash's counts when `folder` is given all the same. kFailedPrecondition when the flash has none and `folder` is
// empty.
[[nodiscard]] Result<hal::TrustBundle> LoadTrust(storage::SettingsStore& settings, const std::string& folder);

}  // namespace heliostat
