// The smallest configuration there is: texts by key. A change is `key=value`, or `key` to remove it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "storage/generation_store.h"

namespace heliostat::storage {

using KeyValues = std::map<std::string, std::string>;

inline std::span<const std::uint8_t> AsBytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline void ApplyChange(KeyValues& values, std::span<const std::uint8_t> change) {
  const std::string text(change.begin(), change.end());
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos) {
    values.erase(text);
  } else {
    values[text.substr(0, sign)] = text.substr(sign + 1);
  }
}

// The changes that make `after` of `before`.
inline Producer ChangesBetween(KeyValues before, KeyValues after) {
  return [before = std::move(before), after = std::move(after)](const Sink& sink) -> Status {
    for (const auto& [key, value] : before) {
      if (!after.contains(key)) HELIOSTAT_RETURN_IF_ERROR(sink(AsBytes(key)));
    }
    for (const auto& [key, value] : after) {
      const auto old = before.find(key);
      if (old != before.end() && old->second == value) continue;
      HELIOSTAT_RETURN_IF_ERROR(sink(AsBytes(key + "=" + value)));
    }
    return OkStatus();
  };
}

inline Result<KeyValues> ReadGeneration(GenerationStore& store, std::uint64_t number) {
  KeyValues values;
  HELIOSTAT_RETURN_IF_ERROR(store.Read(number, [&values](std::span<const std::uint8_t> change) {
    ApplyChange(values, change);
    return OkStatus();
  }));
  return values;
}

// A store whose snapshots are read from itself.
class KeyValueStore {
 public:
  KeyValueStore(hal::Flash& flash, Region region, std::uint32_t kept = 16) {
    GenerationStore::Options options;
    options.kept = kept;
    options.max_change_bytes = 8192;
    options.snapshot = [this](std::uint64_t number, const Sink& sink) -> Status {
      const Result<KeyValues> values = ReadGeneration(*store_, number);
      return values.ok() ? ChangesBetween({}, *values)(sink) : values.status();
    };
    auto opened = GenerationStore::Open(flash, region, options);
    status_ = opened.status();
    if (opened.ok()) store_ = std::move(*opened);
  }
  [[nodiscard]] const Status& status() const { return status_; }
  GenerationStore* operator->() { return store_.get(); }
  GenerationStore& operator*() { return *store_; }

  Result<std::uint64_t> Commit(const GenerationInfo& info, const KeyValues& after) {
    const Result<KeyValues> before = ReadGeneration(*store_, store_->current());
    if (!before.ok()) return before.status();
    return store_->Commit(info, ChangesBetween(*before, after));
  }

 private:
  Status status_;
  std::unique_ptr<GenerationStore> store_;
};

}  // namespace heliostat::storage
