#include "card_state.h"

#include <utility>

#include "base/file.h"
#include "control/card_settings.h"
#include "linux/file_flash.h"
#include "log.h"
#include "mbedtls/sha256_digest.h"

namespace heliostat {
namespace {

Result<hal::TrustBundle> ReadTrustFolder(const std::string& folder) {
  hal::TrustBundle bundle;
  const auto read = [&](const char* name, std::string& part) -> Status {
    Result<std::string> bytes = ReadFile(folder + "/" + name, storage::kMaxSettingBytes);
    if (bytes.ok()) part = std::move(*bytes);
    return bytes.status();
  };
  HELIOSTAT_RETURN_IF_ERROR(read("ca.pem", bundle.ca));
  HELIOSTAT_RETURN_IF_ERROR(read("certificate.pem", bundle.certificate));
  HELIOSTAT_RETURN_IF_ERROR(read("private_key.pem", bundle.private_key));
  if (const Status list = read("crl.pem", bundle.crl); !list.ok() && list.code() != Code::kNotFound) return list;
  return bundle;
}

}  // namespace

Result<std::unique_ptr<CardState>> CardState::Open(const std::string& path, const config::FlashMap& map) {
  std::unique_ptr<CardState> state(new CardState());
  const hal::FlashGeometry geometry{.erase_block_bytes = map.erase_block_bytes,
                                    .program_bytes = map.program_bytes,
                                    .blocks = map.settings_blocks + map.audit_blocks + map.generation_blocks};
  auto flash = hal::linux_os::FileFlash::Open(path, geometry);
  if (!flash.ok()) return flash.status();
  state->flash_ = std::move(*flash);
  Result<std::unique_ptr<control::CardStores>> stores = control::CardStores::Open(
      *state->flash_,
      {.settings = {.first_block = 0, .blocks = map.settings_blocks},
       .audit = {.first_block = map.settings_blocks, .blocks = map.audit_blocks},
       .generations = {.first_block = map.settings_blocks + map.audit_blocks, .blocks = map.generation_blocks},
       .sha256 = hal::mbedtls::Sha256});
  if (!stores.ok()) return stores.status().Within(path);
  state->stores_ = std::move(*stores);
  const Status& damage = state->stores_->settings().damage();
  if (!damage.ok()) state->damage_.push_back("flash, settings: " + damage.ToString());
  return state;
}

Result<hal::TrustBundle> LoadTrust(storage::SettingsStore& settings, const std::string& folder) {
  hal::TrustBundle stored = control::ReadTrust(settings);
  if (!stored.ca.empty()) {
    if (!folder.empty()) Log("the trust bundle on the flash counts, that of " + folder + " is not used");
    return stored;
  }
  if (folder.empty()) {
    return Status(Code::kFailedPrecondition, "trust", "the flash has no certificates yet",
                  "give them once with --trust DIR; `helioctl pki init` makes them");
  }
  return ReadTrustFolder(folder);
}

}  // namespace heliostat
