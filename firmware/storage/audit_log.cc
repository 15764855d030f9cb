#include "storage/audit_log.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "storage/fields.h"
#include "storage/provenance.h"
#include "storage/record_log.h"

namespace heliostat::storage {
namespace {

enum class Type : std::uint8_t {  // on flash: only append
  kBase = 1,                      // sequence and hash of the record before the first that is kept
  kEntry = 2,
};

constexpr std::size_t kMaxEntryBytes =
    25 + 4 * (1 + kMaxNameBytes) + 2 * (1 + kMaxTextBytes) + sizeof(hal::Sha256Digest);

std::vector<std::uint8_t> EncodeWithoutHash(const AuditRecord& record) {
  FieldWriter writer;
  writer.U64(record.sequence);
  writer.U64(record.generation);
  writer.U64(record.time_ns);
  writer.U8(record.role);
  WriteTexts(record, writer);
  return writer.bytes();
}

void TakeHash(FieldReader& reader, hal::Sha256Digest& hash) {
  const auto bytes = reader.Bytes(hash.size());
  std::copy(bytes.begin(), bytes.end(), hash.begin());
}

std::optional<AuditRecord> Decode(std::span<const std::uint8_t> payload) {
  FieldReader reader(payload);
  AuditRecord record;
  record.sequence = reader.U64();
  record.generation = reader.U64();
  record.time_ns = reader.U64();
  record.role = reader.U8();
  ReadTexts(reader, record);
  TakeHash(reader, record.hash);
  if (!reader.whole()) return std::nullopt;
  return record;
}

}  // namespace

struct AuditLog::State {
  State(std::unique_ptr<RecordLog> opened, hal::Sha256Function function) : log(std::move(opened)), sha256(function) {}

  Status Load();
  void TakeBase(std::span<const std::uint8_t> payload);
  void TakeEntry(std::span<const std::uint8_t> payload);
  void Take(AuditRecord record);
  void Damaged(std::string reason);
  [[nodiscard]] hal::Sha256Digest HashOf(const hal::Sha256Digest& before, const AuditRecord& record) const;

  Status Append(AuditRecord record);
  Status Write(const std::vector<std::uint8_t>& entry);
  Status Compact();
  Status CopyNewest(AreaWriter& writer, std::uint64_t skip_bytes) const;
  Status ForEach(const std::function<Status(const AuditRecord&, std::span<const std::uint8_t>)>& visit) const;

  std::unique_ptr<RecordLog> log;
  hal::Sha256Function sha256;
  AuditRecord newest;
  std::uint64_t highest_generation = 0;
  Status damage;
};

AuditLog::AuditLog(std::unique_ptr<State> state) : state_(std::move(state)) {}
AuditLog::~AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::Open(hal::Flash& flash, Region region, hal::Sha256Function sha256) {
  auto log = RecordLog::Open(flash, region, LogKind::kAudit, kMaxEntryBytes);
  if (!log.ok()) return std::move(log.status()).Within("audit log");
  auto state = std::make_unique<State>(std::move(*log), sha256);
  HELIOSTAT_RETURN_IF_ERROR(state->Load());
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(state)));
}

const AuditRecord& AuditLog::newest() const { return state_->newest; }
std::uint64_t AuditLog::highest_generation() const { return state_->highest_generation; }
const Status& AuditLog::damage() const { return state_->damage; }
Status AuditLog::Append(AuditRecord record) { return state_->Append(std::move(record)); }

// The youngest area has all that counts; records behind a hole in it are worth having too.
Status AuditLog::State::Load() {
  if (log->areas().empty()) return OkStatus();
  Walked walked;
  HELIOSTAT_RETURN_IF_ERROR(log->areas()[0].Walk(
      [this](const Record& record) {
        switch (static_cast<Type>(record.type)) {
          case Type::kBase: TakeBase(record.payload); return OkStatus();
          case Type::kEntry: TakeEntry(record.payload); return OkStatus();
        }
        Damaged("a record is of an unknown kind");
        return OkStatus();
      },
      walked));
  if (walked.tail == Tail::kDamaged) Damaged("bytes on flash have rotten");
  log->Use(0, walked);
  return OkStatus();
}

void AuditLog::State::TakeBase(std::span<const std::uint8_t> payload) {
  FieldReader reader(payload);
  newest.sequence = reader.U64();
  TakeHash(reader, newest.hash);
  if (!reader.whole()) Damaged("its first record makes no sense");
}

void AuditLog::State::TakeEntry(std::span<const std::uint8_t> payload) {
  auto record = Decode(payload);
  if (!record.has_value()) return Damaged("a record makes no sense");
  if (record->sequence != newest.sequence + 1) {
    Damaged("record " + std::to_string(record->sequence) + " follows on " + std::to_string(newest.sequence));
  } else if (HashOf(newest.hash, *record) != record->hash) {
    Damaged("the hash chain does not hold at record " + std::to_string(record->sequence));
  }
  Take(std::move(*record));
}

void AuditLog::State::Take(AuditRecord record) {
  highest_generation = std::max(highest_generation, record.generation);
  newest = std::move(record);
}

void AuditLog::State::Damaged(std::string reason) {
  if (!damage.ok()) return;
  damage = {Code::kDataLoss, "audit log", std::move(reason), "compare it with what was read from the card before"};
}

hal::Sha256Digest AuditLog::State::HashOf(const hal::Sha256Digest& before, const AuditRecord& record) const {
  FieldWriter writer;
  writer.Bytes(before);
  writer.Bytes(EncodeWithoutHash(record));
  return sha256(writer.bytes());
}

// Visits the whole records up to the newest, with their payloads.
Status AuditLog::State::ForEach(
    const std::function<Status(const AuditRecord&, std::span<const std::uint8_t>)>& visit) const {
  if (log->active() == nullptr) return OkStatus();
  Walked walked;
  return log->active()->Walk(
      [&](const Record& record) {
        if (static_cast<Type>(record.type) != Type::kEntry) return OkStatus();
        const auto entry = Decode(record.payload);
        return entry.has_value() && entry->sequence <= newest.sequence ? visit(*entry, record.payload) : OkStatus();
      },
      walked);
}

Status AuditLog::Read(std::uint64_t after, std::uint32_t limit, const std::function<bool(const AuditRecord&)>& take) {
  bool stopped = false;
  std::uint32_t taken = 0;
  Status status = state_->ForEach([&](const AuditRecord& record, std::span<const std::uint8_t>) -> Status {
    if (record.sequence <= after) return OkStatus();
    ++taken;
    stopped = !take(record) || taken == limit;
    return stopped ? Status(Code::kAborted, "audit log", "read far enough") : OkStatus();
  });
  return stopped ? OkStatus() : status;
}

Status AuditLog::State::Append(AuditRecord record) {
  HELIOSTAT_RETURN_IF_ERROR(CheckTexts(record));
  record.sequence = newest.sequence + 1;
  record.hash = HashOf(newest.hash, record);
  FieldWriter entry;
  entry.Bytes(EncodeWithoutHash(record));
  entry.Bytes(record.hash);
  Status status = Write(entry.bytes());
  if (status.code() == Code::kResourceExhausted) {
    return {Code::kResourceExhausted, "audit log",
            "its region of " + std::to_string(log->region_bytes()) + " bytes holds not one record",
            "make the region larger in the board's flash map"};
  }
  if (status.ok()) Take(std::move(record));
  return status;
}

Status AuditLog::State::Write(const std::vector<std::uint8_t>& entry) {
  AreaWriter* writer = log->writer();
  if (writer == nullptr || writer->room() < sizeof(RecordHeader) + entry.size()) {
    HELIOSTAT_RETURN_IF_ERROR(Compact());
    writer = log->writer();
  }
  Status status = writer->Append(static_cast<std::uint8_t>(Type::kEntry), entry);
  if (status.ok()) status = writer->Sync();
  // The record may lie on flash all the same, so an area without it is put in its place.
  if (writer->broken()) static_cast<void>(Compact());
  return status;
}

// Keeps the newest records that fit half an area.
Status AuditLog::State::Compact() {
  std::uint64_t bytes = 0;
  HELIOSTAT_RETURN_IF_ERROR(ForEach([&bytes](const AuditRecord&, std::span<const std::uint8_t> payload) {
    bytes += sizeof(RecordHeader) + payload.size();
    return OkStatus();
  }));
  const std::uint64_t kept_bytes = log->capacity_bytes() / 2;
  Result<AreaWriter> writer = log->StartCompaction();
  if (!writer.ok()) return writer.status();
  HELIOSTAT_RETURN_IF_ERROR(CopyNewest(*writer, bytes > kept_bytes ? bytes - kept_bytes : 0));
  return log->FinishCompaction(std::move(*writer));
}

Status AuditLog::State::CopyNewest(AreaWriter& writer, std::uint64_t skip_bytes) const {
  FieldWriter base;  // what comes before the kept records; nothing comes before record 1
  base.U64(0);
  base.Bytes(hal::Sha256Digest{});
  bool based = false;
  std::uint64_t seen_bytes = 0;
  const auto put = [&writer](Type type, std::span<const std::uint8_t> payload) {
    return writer.Append(static_cast<std::uint8_t>(type), payload);
  };
  HELIOSTAT_RETURN_IF_ERROR(ForEach([&](const AuditRecord& record, std::span<const std::uint8_t> payload) -> Status {
    const bool skipped = seen_bytes < skip_bytes;
    seen_bytes += sizeof(RecordHeader) + payload.size();
    if (skipped) {
      base = {};
      base.U64(record.sequence);
      base.Bytes(record.hash);
      return OkStatus();
    }
    if (!based) HELIOSTAT_RETURN_IF_ERROR(put(Type::kBase, base.bytes()));
    based = true;
    return put(Type::kEntry, payload);
  }));
  return based ? OkStatus() : put(Type::kBase, base.bytes());
}

}  // namespace heliostat::storage
