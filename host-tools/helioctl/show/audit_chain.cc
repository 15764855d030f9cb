#include "helioctl/show/audit_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace heliostat::helioctl {
namespace {

constexpr std::size_t kHashBytes = std::tuple_size_v<hal::Sha256Digest>;
constexpr std::size_t kMostTextBytes = 255;

void AppendU64(std::uint64_t value, std::string& out) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xffU);
}

// False when a text can't have been in a record.
bool AppendText(const std::string& text, std::string& out) {
  out += static_cast<char>(text.size());
  out += text;
  return text.size() <= kMostTextBytes;
}

bool AppendRecord(const v1::AuditRecord& record, std::string& out) {
  AppendU64(record.sequence(), out);
  AppendU64(record.generation(), out);
  AppendU64(record.time_ns(), out);
  out += static_cast<char>(record.role());
  bool good = true;
  for (const std::string* text :
       {&record.user(), &record.owner(), &record.address(), &record.action(), &record.summary(), &record.comment()}) {
    good = AppendText(*text, out) && good;
  }
  return good;
}

}  // namespace

ChainReport VerifyChain(const std::vector<v1::AuditRecord>& records, hal::Sha256Function sha256) {
  ChainReport report;
  std::string before;  // the hash of the record before; empty: not known
  std::uint64_t last = 0;
  for (const v1::AuditRecord& record : records) {
    const bool first = last == 0;
    if (first && record.sequence() == 1) {
      before.assign(kHashBytes, '\0');
      report.from_the_start = true;
    }
    if (!first && record.sequence() != last + 1) {
      const bool missing = record.sequence() > last + 1;
      report.problems.push_back(
          {record.sequence(), missing ? fmt::format("records {} to {} are missing", last + 1, record.sequence() - 1)
                                      : fmt::format("it follows on record {}", last)});
    } else if (!before.empty()) {
      std::string bytes = before;
      const bool good = AppendRecord(record, bytes);
      const auto digest = sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      ++report.checked;
      if (!good || !std::equal(digest.begin(), digest.end(), record.hash().begin(), record.hash().end(),
                               [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); })) {
        report.problems.push_back({record.sequence(), "its hash is not that of its content and the hash before"});
      }
    }
    before = record.hash().size() == kHashBytes ? record.hash() : std::string();
    last = record.sequence();
  }
  return report;
}

}  // namespace heliostat::helioctl
