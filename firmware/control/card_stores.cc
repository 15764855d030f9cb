#include "control/card_stores.h"

#include <utility>

#include "control/provisioner.h"

namespace heliostat::control {

Result<std::unique_ptr<CardStores>> CardStores::Open(hal::Flash& flash, const Options& options) {
  std::unique_ptr<CardStores> stores(new CardStores());
  auto settings = storage::SettingsStore::Open(flash, options.settings);
  if (!settings.ok()) return settings.status().Within("settings");
  stores->settings_ = std::move(*settings);
  auto audit = storage::AuditLog::Open(flash, options.audit, options.sha256);
  if (!audit.ok()) return audit.status().Within("audit log");
  stores->audit_ = std::move(*audit);
  storage::GenerationStore::Options of_generations;
  of_generations.kept = options.generations_kept;
  of_generations.snapshot = [self = stores.get()](std::uint64_t number, const storage::Sink& sink) {
    return self->provisioner_->WriteSnapshot(number, sink);
  };
  auto generations = storage::GenerationStore::Open(flash, options.generations, std::move(of_generations));
  if (!generations.ok()) return generations.status().Within("generations");
  stores->generations_ = std::move(*generations);
  return stores;
}

}  // namespace heliostat::control
