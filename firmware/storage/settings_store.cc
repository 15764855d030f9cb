#include "storage/settings_store.h"

#include <map>
#include <utility>

#include "storage/fields.h"
#include "storage/record_log.h"

namespace heliostat::storage {
namespace {

enum class Type : std::uint8_t {  // on flash: only append
  kBegin = 1,
  kValue = 2,   // its setting in a byte, then its bytes
  kCommit = 3,  // how many times values were set, this one included
};

using Values = std::map<std::uint8_t, std::string>;  // also settings that a later firmware knows

FieldWriter Encode(std::uint8_t setting, const std::string& value) {
  FieldWriter writer;
  writer.U8(setting);
  writer.Bytes({reinterpret_cast<const std::uint8_t*>(value.data()), value.size()});
  return writer;
}

// The settings that the records of a log add up to.
struct Found {
  Values values;
  std::uint64_t revision = 0;
  Values pending;
  bool nonsense = false;

  [[nodiscard]] std::uint64_t current() const { return revision; }
  [[nodiscard]] bool malformed() const { return nonsense; }

  void Take(const Record& record) {
    if (record.behind_hole || nonsense) return;
    FieldReader reader(record.payload);
    switch (static_cast<Type>(record.type)) {
      case Type::kBegin: pending.clear(); return;
      case Type::kValue: {
        const std::uint8_t setting = reader.U8();
        const auto bytes = reader.Rest();
        nonsense = !reader.whole();
        pending[setting].assign(bytes.begin(), bytes.end());
        return;
      }
      case Type::kCommit: {
        const std::uint64_t number = reader.U64();
        nonsense = !reader.whole() || number <= revision;
        if (nonsense) return;
        revision = number;
        for (auto& [setting, value] : pending) values[setting] = std::move(value);
        pending.clear();
        return;
      }
    }
    nonsense = true;
  }
};

Status PutAll(AreaWriter& writer, const Values& values, std::uint64_t revision, bool sync) {
  const auto put = [&writer](Type type, std::span<const std::uint8_t> payload) {
    return writer.Append(static_cast<std::uint8_t>(type), payload);
  };
  HELIOSTAT_RETURN_IF_ERROR(put(Type::kBegin, {}));
  for (const auto& [setting, value] : values) {
    HELIOSTAT_RETURN_IF_ERROR(put(Type::kValue, Encode(setting, value).bytes()));
  }
  if (sync) HELIOSTAT_RETURN_IF_ERROR(writer.Sync());
  FieldWriter number;
  number.U64(revision);
  return put(Type::kCommit, number.bytes());
}

}  // namespace

struct SettingsStore::State {
  explicit State(std::unique_ptr<RecordLog> opened) : log(std::move(opened)) {}

  Status Load();
  Status Write(const Values& changed, const Values& all);
  Status Compact(const Values& all, std::uint64_t to);
  [[nodiscard]] bool Fits(const Values& changed) const;

  std::unique_ptr<RecordLog> log;
  Values values;
  std::uint64_t revision = 0;
  Status damage;
};

SettingsStore::SettingsStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SettingsStore::~SettingsStore() = default;

Result<std::unique_ptr<SettingsStore>> SettingsStore::Open(hal::Flash& flash, Region region) {
  auto log = RecordLog::Open(flash, region, LogKind::kSettings, static_cast<std::uint32_t>(kMaxSettingBytes + 1));
  if (!log.ok()) return std::move(log.status()).Within("settings");
  auto state = std::make_unique<State>(std::move(*log));
  HELIOSTAT_RETURN_IF_ERROR(state->Load());
  return std::unique_ptr<SettingsStore>(new SettingsStore(std::move(state)));
}

Status SettingsStore::State::Load() {
  const auto found = log->Load(Found());
  if (!found.ok()) return found.status();
  if (!found->empty()) {
    values = found->front().values;
    revision = found->front().revision;
  }
  if (log->damaged()) {
    damage = {Code::kDataLoss, "settings", "bytes on flash have rotten: what was set last is lost",
              "set the trust bundle and the time again"};
  }
  return OkStatus();
}

const Status& SettingsStore::damage() const { return state_->damage; }

const std::string& SettingsStore::Get(Setting setting) const {
  static const std::string kNever;
  const auto found = state_->values.find(static_cast<std::uint8_t>(setting));
  return found == state_->values.end() ? kNever : found->second;
}

Status SettingsStore::Set(const std::vector<std::pair<Setting, std::string>>& values) {
  Values changed;
  for (const auto& [setting, value] : values) {
    if (value.size() > kMaxSettingBytes) {
      return {
          Code::kInvalidArgument, "setting " + std::to_string(static_cast<unsigned>(setting)),
          "has " + std::to_string(value.size()) + " bytes, at most " + std::to_string(kMaxSettingBytes) + " are kept",
          "make it shorter"};
    }
    changed[static_cast<std::uint8_t>(setting)] = value;
  }
  Values all = changed;
  all.insert(state_->values.begin(), state_->values.end());
  Status status = state_->Write(changed, all);
  if (status.code() == Code::kResourceExhausted) {
    return {Code::kResourceExhausted, "settings",
            "do not fit on flash: their region of " + std::to_string(state_->log->region_bytes()) + " bytes holds " +
                std::to_string(state_->log->capacity_bytes()) + " at a time",
            "make the values smaller, or the region larger in the board's flash map"};
  }
  if (!status.ok()) return status;
  state_->values = std::move(all);
  ++state_->revision;
  return OkStatus();
}

Status SettingsStore::State::Write(const Values& changed, const Values& all) {
  if (!Fits(changed)) return Compact(all, revision + 1);  // its headers make the new values count
  AreaWriter& writer = *log->writer();
  Status status = PutAll(writer, changed, revision + 1, true);
  if (status.ok()) status = writer.Sync();
  // The commit may lie on flash all the same, so an area without it is put in its place.
  if (!status.ok()) static_cast<void>(Compact(values, revision));
  return status;
}

bool SettingsStore::State::Fits(const Values& changed) const {
  AreaWriter* writer = log->writer();
  if (writer == nullptr) return false;
  std::uint64_t bytes = writer->shape().program_bytes + 2 * sizeof(RecordHeader) + sizeof(Be64);
  for (const auto& [setting, value] : changed) bytes += sizeof(RecordHeader) + 1 + value.size();
  return bytes <= writer->room();
}

Status SettingsStore::State::Compact(const Values& all, std::uint64_t to) {
  Result<AreaWriter> writer = log->StartCompaction();
  if (!writer.ok()) return writer.status();
  if (to > 0) HELIOSTAT_RETURN_IF_ERROR(PutAll(*writer, all, to, false));
  return log->FinishCompaction(std::move(*writer));
}

}  // namespace heliostat::storage
