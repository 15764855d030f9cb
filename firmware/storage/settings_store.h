// The few values of a card that are no configuration: its trust bundle, the lower bound of its clock. They are stored
// by key: the last value written counts, and after any cut a value is whole or as before. One thread (the agent's).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/region.h"

namespace heliostat::storage {

enum class Setting : std::uint8_t {  // on flash: only append
  kTrustCa = 1,
  kTrustCertificate = 2,
  kTrustPrivateKey = 3,
  kTrustCrl = 4,
  kTimeBound = 5,  // nanoseconds since 1970-01-01 UTC, 8 bytes in network order
};

inline constexpr std::size_t kMaxSettingBytes = 64 * 1024;

class SettingsStore {
 public:
  // Returns the errors of GenerationStore::Open. `flash` must outlive the store.
  [[nodiscard]] static Result<std::unique_ptr<SettingsStore>> Open(hal::Flash& flash, Region region);
  ~SettingsStore();

  // Returns an empty text when it was never set.
  [[nodiscard]] const std::string& Get(Setting setting) const;
  // Sets all of them or none; they are written and synced on return. On error nothing has changed (as
  // GenerationStore::Commit): kInvalidArgument (a value is too long), kResourceExhausted, kUnavailable.
  [[nodiscard]] Status Set(const std::vector<std::pair<Setting, std::string>>& values);
  // Says where bytes have rotten: the values are then those of an earlier moment, each with what was set together with
  // it.
  [[nodiscard]] const Status& damage() const;

 private:
  struct State;
  explicit SettingsStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace heliostat::storage
