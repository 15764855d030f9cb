#include "storage/generation_store.h"

#include <algorithm>
#include <utility>

#include "storage/fields.h"
#include "storage/generation_index.h"
#include "storage/provenance.h"
#include "storage/record_log.h"

namespace heliostat::storage {
namespace {

using Type = GenerationRecord;

constexpr const char* kMakeRoom = "make the configuration smaller, or the region larger in the board's flash map";
constexpr std::uint32_t kRecordBytes = sizeof(RecordHeader);
constexpr std::uint32_t kNumberBytes = sizeof(Be64);
constexpr std::size_t kMaxInfoBytes = 26 + 4 * (1 + kMaxNameBytes) + 2 * (1 + kMaxTextBytes);

Status Append(AreaWriter& writer, Type type, std::span<const std::uint8_t> payload = {}) {
  return writer.Append(static_cast<std::uint8_t>(type), payload);
}

Record RecordOf(Type type, std::uint32_t offset, std::span<const std::uint8_t> payload = {}) {
  Record record;
  record.type = static_cast<std::uint8_t>(type);
  record.offset = offset;
  record.payload = payload;
  return record;
}

std::vector<std::uint8_t> EncodeNumber(std::uint64_t number) {
  FieldWriter writer;
  writer.U64(number);
  return writer.bytes();
}

}  // namespace

struct GenerationStore::State {
  State(Options asked, std::unique_ptr<RecordLog> opened)
      : options(std::move(asked)), log(std::move(opened)), index(options.kept) {}

  Status Load();
  Status Read(std::uint64_t number, const Sink& sink) const;
  Status CopyChanges(const Transaction& transaction, const Sink& sink) const;

  Status CheckNew(const GenerationInfo& info) const;
  Status Run(const Producer& changes, const Sink& sink) const;
  [[nodiscard]] std::uint32_t ClosingBytes(const GenerationInfo& info) const;
  Result<std::uint64_t> Measure(const Producer& changes) const;
  Status Write(const GenerationInfo& info, const Producer& changes, bool& full);
  Status WriteBehindOthers(const GenerationInfo& info, const Producer& changes);
  Status WriteAlone(const GenerationInfo& info, const Producer& whole);
  Status WriteClosing(AreaWriter& writer, std::uint32_t begin, std::span<const std::uint8_t> info);

  Status Compact(std::uint64_t needed_bytes, std::uint64_t oldest_needed);
  Result<std::uint64_t> BytesFrom(std::size_t first) const;
  Status WriteChangesOf(std::size_t kept, bool first, const Sink& sink) const;
  Status Rewrite(std::size_t first);
  [[nodiscard]] std::uint64_t OldestNeeded() const;
  [[nodiscard]] Status Full(std::uint64_t needed_bytes) const;

  Options options;
  std::unique_ptr<RecordLog> log;
  GenerationIndex index;
  Status damage;
};

GenerationStore::GenerationStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
GenerationStore::~GenerationStore() = default;

Result<std::unique_ptr<GenerationStore>> GenerationStore::Open(hal::Flash& flash, Region region, Options options) {
  const std::size_t max_payload_bytes = std::max(options.max_change_bytes, kMaxInfoBytes);
  auto log = RecordLog::Open(flash, region, LogKind::kGenerations, static_cast<std::uint32_t>(max_payload_bytes));
  if (!log.ok()) return std::move(log.status()).Within("configuration");
  auto state = std::make_unique<State>(std::move(options), std::move(*log));
  HELIOSTAT_RETURN_IF_ERROR(state->Load());
  return std::unique_ptr<GenerationStore>(new GenerationStore(std::move(state)));
}

std::uint64_t GenerationStore::current() const { return state_->index.current(); }
std::uint64_t GenerationStore::next() const { return state_->index.highest() + 1; }
void GenerationStore::SkipNumbers(std::uint64_t highest) { state_->index.SawNumber(highest); }
const std::vector<GenerationInfo>& GenerationStore::generations() const { return state_->index.kept(); }
const Status& GenerationStore::damage() const { return state_->damage; }
Status GenerationStore::Read(std::uint64_t number, const Sink& sink) { return state_->Read(number, sink); }
std::uint64_t GenerationStore::region_bytes() const { return state_->log->capacity_bytes(); }
std::uint64_t GenerationStore::used_bytes() const { return state_->log->used_bytes(); }

Status GenerationStore::State::Load() {
  const auto found = log->Load(GenerationIndex(options.kept));
  if (!found.ok()) return found.status();
  if (!found->empty()) {
    index = found->front();
    index.SawNumber(found->back().highest());
  }
  if (log->damaged()) {
    damage = {Code::kDataLoss, "configuration",
              "bytes on flash have rotten: of generations up to " + std::to_string(index.highest()) + ", " +
                  std::to_string(index.current()) + " is the last that can be read",
              "apply the configuration again"};
  }
  return OkStatus();
}

Status GenerationStore::State::Read(std::uint64_t number, const Sink& sink) const {
  if (number == 0) return OkStatus();
  if (!index.Keeps(number)) {
    return {Code::kNotFound, "generation " + std::to_string(number), "is not kept", "see the kept generations"};
  }
  for (const Transaction& transaction : index.transactions()) {
    if (transaction.number > number) break;
    HELIOSTAT_RETURN_IF_ERROR(CopyChanges(transaction, sink));
  }
  return OkStatus();
}

Status GenerationStore::State::CopyChanges(const Transaction& transaction, const Sink& sink) const {
  return log->active()->ReadRange(transaction.from, transaction.to, [&sink](const Record& record) {
    return static_cast<Type>(record.type) == Type::kChange ? sink(record.payload) : OkStatus();
  });
}

Status GenerationStore::State::CheckNew(const GenerationInfo& info) const {
  HELIOSTAT_RETURN_IF_ERROR(CheckTexts(info));
  if (info.unconfirmed && info.base != 0 && !index.Keeps(info.base)) {
    return {Code::kInvalidArgument, "generation " + std::to_string(info.base),
            "is not kept, so nothing can go back to it", "name one of the kept generations"};
  }
  return OkStatus();
}

// The sink's first error is the result, whatever the producer makes of it: else a change would be missing.
Status GenerationStore::State::Run(const Producer& changes, const Sink& sink) const {
  Status first;
  Status status = changes([&](std::span<const std::uint8_t> change) -> Status {
    if (!first.ok()) return first;
    if (change.size() <= options.max_change_bytes) {
      first = sink(change);
    } else {
      first = {Code::kInvalidArgument, "change",
               "has " + std::to_string(change.size()) + " bytes, at most " + std::to_string(options.max_change_bytes) +
                   " can be stored",
               "send it in smaller ones"};
    }
    return first;
  });
  return first.ok() ? status : first;
}

// The bytes that are held back while changes are written: for padding, the commit, its confirmation and, if it is
// unconfirmed, going back to its base. The base must fit with the longest texts, and those that it has now may be
// shorter.
std::uint32_t GenerationStore::State::ClosingBytes(const GenerationInfo& info) const {
  const auto aligned = [this](std::size_t bytes) {
    return log->shape().Aligned(static_cast<std::uint32_t>(kRecordBytes + bytes));
  };
  const std::uint32_t bytes = log->shape().program_bytes + aligned(EncodeInfo(info).size()) + aligned(kNumberBytes);
  return info.unconfirmed ? bytes + aligned(kMaxInfoBytes) : bytes;
}

Result<std::uint64_t> GenerationStore::State::Measure(const Producer& changes) const {
  std::uint64_t bytes = kRecordBytes;
  HELIOSTAT_RETURN_IF_ERROR(Run(changes, [&bytes](std::span<const std::uint8_t> change) {
    bytes += kRecordBytes + change.size();
    return OkStatus();
  }));
  return bytes;
}

Result<std::uint64_t> GenerationStore::Commit(GenerationInfo info, const Producer& changes, const Producer& whole) {
  State& state = *state_;
  HELIOSTAT_RETURN_IF_ERROR(state.CheckNew(info));
  if (!info.unconfirmed) info.base = 0;
  info.number = next();
  Status status(Code::kDataLoss, "configuration", "what is stored can't be read", "apply the configuration again");
  if (changes) status = state.WriteBehindOthers(info, changes);
  const bool may_help = status.fix() == kMakeRoom || status.code() == Code::kDataLoss;
  if (whole && info.base == 0 && may_help) status = state.WriteAlone(info, whole);
  if (status.ok()) return info.number;
  if (info.base == 0 || status.fix() != kMakeRoom) return status;
  return Status(status.code(), status.subject(), status.reason() + " with generation " + std::to_string(info.base),
                "commit without a time to confirm, which needs no way back; or " + std::string(kMakeRoom));
}

Status GenerationStore::State::WriteBehindOthers(const GenerationInfo& info, const Producer& changes) {
  bool full = true;
  if (log->writer() != nullptr) {
    Status status = Write(info, changes, full);
    if (!full) return status;
  }
  const Result<std::uint64_t> needed = Measure(changes);
  if (!needed.ok()) return needed.status();
  std::uint64_t oldest = OldestNeeded();
  if (info.base != 0) oldest = std::min(oldest, info.base);
  HELIOSTAT_RETURN_IF_ERROR(Compact(*needed + ClosingBytes(info), oldest));
  return Write(info, changes, full);
}

// Writes into the other area, whose headers are the commit. The present area stays until then.
Status GenerationStore::State::WriteAlone(const GenerationInfo& info, const Producer& whole) {
  const Result<std::uint64_t> bytes = Measure(whole);
  if (!bytes.ok()) return bytes.status();
  const std::vector<std::uint8_t> encoded = EncodeInfo(info);
  const std::uint64_t total = *bytes + (info.unconfirmed ? ClosingBytes(info) : kRecordBytes + encoded.size());
  if (total > log->capacity_bytes()) return Full(total);
  Result<AreaWriter> writer = log->StartCompaction();
  if (!writer.ok()) return writer.status();
  GenerationIndex alone(options.kept);
  alone.Take(RecordOf(Type::kSnapshot, writer->position()));
  HELIOSTAT_RETURN_IF_ERROR(Append(*writer, Type::kSnapshot));
  HELIOSTAT_RETURN_IF_ERROR(
      Run(whole, [&writer](std::span<const std::uint8_t> change) { return Append(*writer, Type::kChange, change); }));
  alone.Take(RecordOf(Type::kCommit, writer->position(), encoded));
  HELIOSTAT_RETURN_IF_ERROR(Append(*writer, Type::kCommit, encoded));
  HELIOSTAT_RETURN_IF_ERROR(log->FinishCompaction(std::move(*writer)));
  index = std::move(alone);
  return OkStatus();
}

// Sets `full` when the area has no room for it; what was written will then never be closed.
Status GenerationStore::State::Write(const GenerationInfo& info, const Producer& changes, bool& full) {
  AreaWriter& writer = *log->writer();
  const std::vector<std::uint8_t> encoded = EncodeInfo(info);
  const std::uint32_t closing_bytes = ClosingBytes(info);
  const std::uint32_t begin = writer.position();
  full = false;
  const auto put = [&](Type type, std::span<const std::uint8_t> payload) -> Status {
    full = full || writer.room() < kRecordBytes + payload.size() + closing_bytes;
    return full ? Full(kRecordBytes + payload.size()) : Append(writer, type, payload);
  };
  Status status = put(Type::kBegin, {});
  if (status.ok()) {
    status = Run(changes, [&put](std::span<const std::uint8_t> change) { return put(Type::kChange, change); });
  }
  if (full || !status.ok()) {
    const Status abandoned = writer.Abandon();
    return abandoned.ok() || full ? status : abandoned;
  }
  // Only a record behind a sync proves that what lies before it was there.
  HELIOSTAT_RETURN_IF_ERROR(writer.Sync());
  status = WriteClosing(writer, begin, encoded);
  // The commit may lie on flash all the same, so an area without it is put in its place.
  if (!status.ok()) static_cast<void>(Compact(0, OldestNeeded()));
  return status;
}

Status GenerationStore::State::WriteClosing(AreaWriter& writer, std::uint32_t begin,
                                            std::span<const std::uint8_t> info) {
  // The next index is made before: once the commit is on flash, a lack of memory must not keep it from being known.
  GenerationIndex next = index;
  next.Take(RecordOf(Type::kBegin, begin));
  next.Take(RecordOf(Type::kCommit, writer.position(), info));
  HELIOSTAT_RETURN_IF_ERROR(Append(writer, Type::kCommit, info));
  HELIOSTAT_RETURN_IF_ERROR(writer.Sync());
  index = std::move(next);
  return OkStatus();
}

Status GenerationStore::Confirm(std::uint64_t number) {
  State& state = *state_;
  const std::vector<GenerationInfo>& kept = state.index.kept();
  if (kept.empty() || kept.back().number != number || !kept.back().unconfirmed) {
    return {Code::kFailedPrecondition, "generation " + std::to_string(number),
            kept.empty() || kept.back().number != number ? "is not the current one" : "needs no confirmation",
            "see the kept generations"};
  }
  const std::vector<std::uint8_t> payload = EncodeNumber(number);
  AreaWriter* writer = state.log->writer();
  if (writer == nullptr || writer->room() < kRecordBytes + payload.size()) {
    HELIOSTAT_RETURN_IF_ERROR(state.Compact(state.ClosingBytes({}), state.OldestNeeded()));
    writer = state.log->writer();
  }
  Status status = Append(*writer, Type::kConfirm, payload);
  if (status.ok()) status = writer->Sync();
  if (status.ok()) {
    state.index.Take(RecordOf(Type::kConfirm, 0, payload));
  } else {
    static_cast<void>(state.Compact(0, state.OldestNeeded()));
  }
  return status;
}

// The oldest generation that must stay: the current one, or what it may go back to.
std::uint64_t GenerationStore::State::OldestNeeded() const {
  if (index.kept().empty()) return 0;
  const GenerationInfo& newest = index.kept().back();
  return newest.unconfirmed && newest.base != 0 ? newest.base : newest.number;
}

Status GenerationStore::State::Full(std::uint64_t needed_bytes) const {
  return {Code::kResourceExhausted, "configuration",
          "does not fit on flash: its region of " + std::to_string(log->region_bytes()) + " bytes holds " +
              std::to_string(log->capacity_bytes()) + " at a time, " + std::to_string(needed_bytes) + " are needed",
          kMakeRoom};
}

// Keeps as many generations as leave a quarter free, so that not every commit compacts; else as many as fit. Half of
// them goes at a time: each try may mean to write out a whole configuration.
Status GenerationStore::State::Compact(std::uint64_t needed_bytes, std::uint64_t oldest_needed) {
  const std::size_t count = index.kept().size();
  if (count == 0) return Rewrite(0);
  std::vector<std::pair<std::size_t, std::uint64_t>> fitting;  // first kept, its bytes
  Status last = Full(needed_bytes);
  for (std::size_t keep = count; keep > 0; keep /= 2) {
    std::size_t first = count - keep;
    while (first > 0 && index.kept()[first].number > oldest_needed) --first;
    const Result<std::uint64_t> bytes = BytesFrom(first);
    if (!bytes.ok() && bytes.status().code() != Code::kDataLoss) return bytes.status();
    if (!bytes.ok()) {
      last = bytes.status();
      continue;
    }
    const std::uint64_t total = *bytes + needed_bytes;
    if (total <= log->capacity_bytes()) fitting.emplace_back(first, total);
    if (total > log->capacity_bytes()) last = Full(total);
    if (total <= log->capacity_bytes() / 4 * 3) break;
  }
  const auto roomy = std::ranges::find_if(
      fitting, [this](const auto& choice) { return choice.second <= log->capacity_bytes() / 4 * 3; });
  if (roomy != fitting.end()) std::rotate(fitting.begin(), roomy, fitting.end());
  for (const auto& [first, bytes] : fitting) {
    Status status = Rewrite(first);
    if (status.code() != Code::kDataLoss) return status;
    last = std::move(status);  // bytes have rotten; fewer generations may still be whole
  }
  return last;
}

// Returns how many bytes the kept generations from that one on take in a new area, or a little less.
Result<std::uint64_t> GenerationStore::State::BytesFrom(std::size_t first) const {
  std::uint64_t bytes = kRecordBytes + kNumberBytes + log->shape().program_bytes;
  for (std::size_t i = first; i < index.kept().size(); ++i) {
    bytes += 2 * kRecordBytes + EncodeInfo(index.kept()[i]).size();
    HELIOSTAT_RETURN_IF_ERROR(WriteChangesOf(i, i == first, [&bytes](std::span<const std::uint8_t> change) {
      bytes += kRecordBytes + change.size();
      return OkStatus();
    }));
  }
  return bytes;
}

// Writes the first generation as a snapshot, unless it is one, and a later one as it lies there.
Status GenerationStore::State::WriteChangesOf(std::size_t kept, bool first, const Sink& sink) const {
  const std::uint64_t number = index.kept()[kept].number;
  if (first && number != index.transactions().front().number) {
    return Run([this, number](const Sink& run) { return options.snapshot(number, run); }, sink);
  }
  const auto transaction = std::ranges::find(index.transactions(), number, &Transaction::number);
  return CopyChanges(*transaction, sink);
}

Status GenerationStore::State::Rewrite(std::size_t first) {
  Result<AreaWriter> writer = log->StartCompaction();
  if (!writer.ok()) return writer.status();
  GenerationIndex rewritten(options.kept);
  const auto put = [&](Type type, std::span<const std::uint8_t> payload) -> Status {
    const Record record = RecordOf(type, writer->position(), payload);
    HELIOSTAT_RETURN_IF_ERROR(Append(*writer, type, payload));
    rewritten.Take(record);
    return OkStatus();
  };
  if (index.highest() > index.current()) HELIOSTAT_RETURN_IF_ERROR(put(Type::kNumbers, EncodeNumber(index.highest())));
  for (std::size_t i = first; i < index.kept().size(); ++i) {
    HELIOSTAT_RETURN_IF_ERROR(put(i == first ? Type::kSnapshot : Type::kBegin, {}));
    HELIOSTAT_RETURN_IF_ERROR(WriteChangesOf(
        i, i == first, [&put](std::span<const std::uint8_t> change) { return put(Type::kChange, change); }));
    HELIOSTAT_RETURN_IF_ERROR(put(Type::kCommit, EncodeInfo(index.kept()[i])));
  }
  HELIOSTAT_RETURN_IF_ERROR(log->FinishCompaction(std::move(*writer)));
  index = std::move(rewritten);
  return OkStatus();
}

}  // namespace heliostat::storage
