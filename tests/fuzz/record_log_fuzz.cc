// Any bytes as the image of a flash: all three stores open or say why not, give what they hold, and go on from there.
//
// The first byte chooses: the rest is an image; or it is patches (offset, byte) of a flash with a history; or such
// patches of which all checksums are made good again, so that what the records say is what is fuzzed.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "emulated/emulated_flash.h"
#include "storage/audit_log.h"
#include "storage/crc32c.h"
#include "storage/generation_store.h"
#include "storage/log_format.h"
#include "storage/settings_store.h"

namespace heliostat::storage {
namespace {

constexpr hal::FlashGeometry kGeometry{4096, 16, 6};
constexpr Region kGenerations{0, 2};
constexpr Region kAudit{2, 2};
constexpr Region kSettings{4, 2};

void Require(bool held) {
  if (!held) std::abort();
}

hal::Sha256Digest Digest(std::span<const std::uint8_t> bytes) {
  hal::Sha256Digest digest{};
  for (std::size_t i = 0; i < bytes.size(); ++i) digest[i % digest.size()] ^= bytes[i];
  return digest;
}

Status Ignore(std::span<const std::uint8_t>) { return OkStatus(); }

// Null: the region says that it is something else.
std::unique_ptr<GenerationStore> OpenGenerations(hal::Flash& flash) {
  GenerationStore::Options options;
  options.max_change_bytes = 2048;
  options.snapshot = [](std::uint64_t, const Sink&) { return OkStatus(); };
  auto store = GenerationStore::Open(flash, kGenerations, options);
  Require(store.ok() || store.status().code() == Code::kFailedPrecondition ||
          store.status().code() == Code::kUnsupported);
  return store.ok() ? std::move(*store) : nullptr;
}

void TryGenerations(hal::Flash& flash) {
  const auto store = OpenGenerations(flash);
  if (store == nullptr) return;
  for (const GenerationInfo& info : store->generations()) static_cast<void>(store->Read(info.number, &Ignore));
  GenerationInfo info;
  info.user = "fuzz";
  const std::vector<std::uint8_t> change = {1, 2, 3};
  const auto number = store->Commit(info, [&change](const Sink& sink) { return sink(change); });
  if (!number.ok()) return;
  const auto again = OpenGenerations(flash);
  Require(again != nullptr && again->current() == *number && again->generations().back().user == "fuzz");
  Require(again->generations() == store->generations());
  std::vector<std::uint8_t> last;
  const Status read = again->Read(*number, [&last](std::span<const std::uint8_t> bytes) {
    last.assign(bytes.begin(), bytes.end());
    return OkStatus();
  });
  Require(read.ok() && last == change);
}

void TryAudit(hal::Flash& flash) {
  const auto log = AuditLog::Open(flash, kAudit, &Digest);
  if (!log.ok()) return;
  static_cast<void>((*log)->Read(0, 0, [](const AuditRecord&) { return true; }));
  AuditRecord record;
  record.user = "fuzz";
  if (!(*log)->Append(record).ok()) return;
  const auto again = AuditLog::Open(flash, kAudit, &Digest);
  Require(again.ok() && (*again)->newest() == (*log)->newest());
}

void TrySettings(hal::Flash& flash) {
  const auto store = SettingsStore::Open(flash, kSettings);
  if (!store.ok()) return;
  if (!(*store)->Set({{Setting::kTrustCrl, "fuzz"}}).ok()) return;
  const auto again = SettingsStore::Open(flash, kSettings);
  Require(again.ok() && (*again)->Get(Setting::kTrustCrl) == "fuzz");
  Require((*again)->Get(Setting::kTrustCa) == (*store)->Get(Setting::kTrustCa));
}

// A few commits, audit records and settings.
std::vector<std::uint8_t> History() {
  hal::emulated::EmulatedFlash flash(kGeometry);
  const auto generations = OpenGenerations(flash);
  const auto log = AuditLog::Open(flash, kAudit, &Digest);
  const auto settings = SettingsStore::Open(flash, kSettings);
  Require(generations != nullptr && log.ok() && settings.ok());
  const std::vector<std::uint8_t> change(100, 0x33);
  for (std::uint64_t i = 0; i < 18; ++i) {
    GenerationInfo info;
    info.unconfirmed = i % 4 == 1;
    info.base = i;
    Require(generations->Commit(info, [&change](const Sink& sink) { return sink(change); }).ok());
    if (i % 8 == 1) Require(generations->Confirm(generations->current()).ok());
    AuditRecord record;
    record.comment = std::string(i * 5, 'c');
    Require((*log)->Append(record).ok());
    Require((*settings)->Set({{Setting::kTrustCa, std::string(i * 20, 's')}}).ok());
  }
  return {flash.image().begin(), flash.image().end()};
}

void Patch(std::vector<std::uint8_t>& image, std::span<const std::uint8_t> patches) {
  for (; patches.size() >= 3; patches = patches.subspan(3)) {
    image[(std::size_t{patches[0]} << 8U | patches[1]) % image.size()] = patches[2];
  }
}

void MakeChecksumsGood(std::span<std::uint8_t> area) {
  for (const std::size_t at : {std::size_t{0}, area.size() - sizeof(AreaHeader)}) {
    AreaHeader header;
    std::memcpy(&header, &area[at], sizeof(header));
    header.crc = Be32(CrcOf(header));
    std::memcpy(&area[at], &header, sizeof(header));
  }
  for (std::uint32_t at = sizeof(AreaHeader); at + sizeof(RecordHeader) <= area.size();) {
    RecordHeader header;
    std::memcpy(&header, &area[at], sizeof(header));
    const std::size_t begin = at + sizeof(header);
    if (header.marker != kRecordMarker || header.length.Get() > area.size() - begin) {
      ++at;
      continue;
    }
    header.payload_crc = Be32(Crc32c(area.subspan(begin, header.length.Get())));
    header.crc = Be32(CrcOf(header, at));
    std::memcpy(&area[at], &header, sizeof(header));
    at = static_cast<std::uint32_t>(begin + header.length.Get());
  }
}

std::vector<std::uint8_t> ImageOf(std::span<const std::uint8_t> input) {
  const std::uint8_t choice = input.empty() ? 0 : input[0] % 3;
  const auto rest = input.subspan(input.empty() ? 0 : 1);
  if (choice == 0) return {rest.begin(), rest.end()};
  static const std::vector<std::uint8_t> kHistory = History();
  std::vector<std::uint8_t> image = kHistory;
  Patch(image, rest);
  for (std::uint32_t block = 0; choice == 2 && block < kGeometry.blocks; ++block) {
    MakeChecksumsGood(std::span(image).subspan(std::size_t{block} * kGeometry.erase_block_bytes, 4096));
  }
  return image;
}

}  // namespace
}  // namespace heliostat::storage

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace heliostat;
  hal::emulated::EmulatedFlash flash(storage::kGeometry, storage::ImageOf({data, size}));
  storage::TryGenerations(flash);
  storage::TryAudit(flash);
  storage::TrySettings(flash);
  storage::Require(flash.violations().empty());
  return 0;
}
