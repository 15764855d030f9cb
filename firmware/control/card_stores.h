// What the card keeps across a power cut: the stores on its flash. The agent's thread, once they are open.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "hal/flash.h"
#include "hal/secure_channel.h"
#include "storage/audit_log.h"
#include "storage/generation_store.h"
#include "storage/region.h"
#include "storage/settings_store.h"

namespace heliostat::control {

class Provisioner;

class CardStores {
 public:
  struct Options {
    storage::Region settings{};
    storage::Region audit{};
    storage::Region generations{};
    std::uint32_t generations_kept = storage::GenerationStore::Options{}.kept;
    hal::Sha256Function sha256 = nullptr;
  };
  // Errors are those of the stores, and name the store. `flash` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<CardStores>> Open(hal::Flash& flash, const Options& options);

  storage::GenerationStore& generations() { return *generations_; }
  storage::AuditLog& audit() { return *audit_; }
  storage::SettingsStore& settings() { return *settings_; }

  // Who writes generations anew when their log is compacted. Before the first commit; null once it is gone.
  void set_provisioner(Provisioner* provisioner) { provisioner_ = provisioner; }

 private:
  CardStores() = default;

  Provisioner* provisioner_ = nullptr;
  std::unique_ptr<storage::SettingsStore> settings_;
  std::unique_ptr<storage::AuditLog> audit_;
  std::unique_ptr<storage::GenerationStore> generations_;
};

}  // namespace heliostat::control
