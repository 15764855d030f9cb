// The few values of a card that are no configuration: its trust bundle, the lower bound of its clock. By key; the last
// value written counts, and a value is whole or as before after any cut. One thread (the agent's).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "hal/flash.h"
#include "storage/generation_store.h"

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
  [[nodiscard]] static Result<std::unique_ptr<SettingsStore>> Open(hal::Flash& flash, Region region);
  ~SettingsStore();

  // Empty: never set.
  [[nodiscard]] const std::string& Get(Setting setting) const;
  // All of them or none; written and synced on return.
  [[nodiscard]] Status Set(const std::vector<std::pair<Setting, std::string>>& values);
};

}  // namespace heliostat::storage
