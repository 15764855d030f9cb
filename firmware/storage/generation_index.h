// The index says which generations a log holds, and where. Whoever reads or writes records builds it record by record.
// It knows no flash.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "storage/generation_store.h"
#include "storage/log_area.h"

namespace heliostat::storage {

enum class GenerationRecord : std::uint8_t {  // on flash: only append
  kSnapshot = 1,                              // opens a transaction that starts from nothing
  kBegin = 2,                                 // opens one that starts from the generation before
  kChange = 3,
  kCommit = 4,   // closes it: a GenerationInfo
  kConfirm = 5,  // a number
  kNumbers = 6,  // the highest number that was ever given
};

[[nodiscard]] std::vector<std::uint8_t> EncodeInfo(const GenerationInfo& info);
[[nodiscard]] std::optional<GenerationInfo> DecodeInfo(std::span<const std::uint8_t> payload);

// Records of one generation that was committed: from its opening to its commit.
struct Transaction {
  std::uint64_t number = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

class GenerationIndex {
 public:
  explicit GenerationIndex(std::uint32_t kept) : max_kept_(kept == 0 ? 1 : kept) {}

  // Is given every record, in the log's order.
  void Take(const Record& record);

  [[nodiscard]] std::uint64_t current() const { return transactions_.empty() ? 0 : transactions_.back().number; }
  // The highest number that was ever given, as far as can still be seen.
  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  void SawNumber(std::uint64_t number) { highest_ = number > highest_ ? number : highest_; }
  // The transactions that lead from nothing to the current generation.
  [[nodiscard]] const std::vector<Transaction>& transactions() const { return transactions_; }
  // The last generations of these, oldest first, with the base of the current one if that is unconfirmed.
  [[nodiscard]] const std::vector<GenerationInfo>& kept() const { return kept_; }
  [[nodiscard]] bool Keeps(std::uint64_t number) const;
  // A whole record made no sense; it and all behind it were left out.
  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  void Close(const Record& record);
  void Trim();

  std::uint32_t max_kept_;
  std::vector<Transaction> transactions_;
  std::vector<GenerationInfo> kept_;
  std::optional<std::uint32_t> open_;  // where the transaction began
  bool open_is_snapshot_ = false;
  std::uint64_t highest_ = 0;
  bool malformed_ = false;
};

}  // namespace heliostat::storage
