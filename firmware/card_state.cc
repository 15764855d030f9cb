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
  if (Status opened = state->OpenStores(map); !opened.ok()) return std::move(opened).Within(path);
  return state;
}

Status CardState::OpenStores(const config::FlashMap& map) {
  const storage::Region settings{.first_block = 0, .blocks = map.settings_blocks};
  const storage::Region audit{.first_block = map.settings_blocks, .blocks = map.audit_blocks};
  const storage::Region generations{.first_block = map.settings_blocks + map.audit_blocks,
                                    .blocks = map.generation_blocks};
  auto settings_store = storage::SettingsStore::Open(*flash_, settings);
  if (!settings_store.ok()) return settings_store.status().Within("settings");
  settings_ = std::move(*settings_store);
  auto audit_log = storage::AuditLog::Open(*flash_, audit, hal::mbedtls::Sha256);
  if (!audit_log.ok()) return audit_log.status().Within("audit log");
  audit_ = std::move(*audit_log);
  storage::GenerationStore::Options options;
  options.snapshot = [this](std::uint64_t number, const storage::Sink& sink) {
    return provisioner_->WriteSnapshot(number, sink);
  };
  auto store = storage::GenerationStore::Open(*flash_, generations, std::move(options));
  if (!store.ok()) return store.status().Within("generations");
  generations_ = std::move(*store);
  if (!settings_->damage().ok()) damage_.push_back("flash, settings: " + settings_->damage().ToString());
  return OkStatus();
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
