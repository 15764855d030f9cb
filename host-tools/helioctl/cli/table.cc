#include "helioctl/cli/table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/utf8.h"

namespace heliostat::helioctl {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Unicode 15, East Asian Width W and F, in blocks: pictographs count as wide throughout.
constexpr std::array<CodeRange, 14> kWide{{{0x1100, 0x115f},
                                           {0x2e80, 0x303e},
                                           {0x3041, 0x33ff},
                                           {0x3400, 0x4dbf},
                                           {0x4e00, 0x9fff},
                                           {0xa000, 0xa4cf},
                                           {0xac00, 0xd7a3},
                                           {0xf900, 0xfaff},
                                           {0xfe30, 0xfe6f},
                                           {0xff00, 0xff60},
                                           {0xffe0, 0xffe6},
                                           {0x1f300, 0x1f64f},
                                           {0x1f900, 0x1f9ff},
                                           {0x20000, 0x3fffd}}};
constexpr std::array<CodeRange, 6> kMarks{
    {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}}};
// C0, DEL and C1; line and paragraph separators; embeddings, overrides and isolates.
constexpr std::array<CodeRange, 5> kControls{
    {{0x00, 0x1f}, {0x7f, 0x9f}, {0x2028, 0x2029}, {0x202a, 0x202e}, {0x2066, 0x2069}}};

bool In(char32_t code, std::span<const CodeRange> ranges) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [code](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

// Takes one character off the front. Nothing when the bytes are not UTF-8, or NUL; one byte is then gone.
std::optional<char32_t> TakeCharacter(std::string_view& text) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  const std::size_t length = CharacterBytes(bytes);
  text.remove_prefix(std::max<std::size_t>(length, 1));
  if (length == 0) return std::nullopt;
  char32_t code = length == 1 ? bytes[0] : bytes[0] & (0x7fU >> length);
  for (const std::uint8_t byte : bytes.subspan(1, length - 1)) code = (code << 6U) | (byte & 0x3fU);
  return code;
}

std::string_view Sequence(Tone tone) {
  switch (tone) {
    case Tone::kPlain: return "";
    case Tone::kGood: return "\x1b[32m";
    case Tone::kWarning: return "\x1b[33m";
    case Tone::kBad: return "\x1b[31m";
    case Tone::kFaint: return "\x1b[2m";
  }
  return "";
}

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kGap = 2;

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto code = TakeCharacter(text);
    if (!code || !In(*code, kMarks)) ++width;
    if (code && In(*code, kWide)) ++width;
  }
  return width;
}

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const std::string_view before = text;
    const auto code = TakeCharacter(text);
    if (code && !In(*code, kControls)) {
      printable += before.substr(0, before.size() - text.size());
    } else {
      printable += '?';
    }
  }
  return printable;
}

std::string Colored(std::string_view text, Tone tone, bool color) {
  const std::string_view sequence = color ? Sequence(tone) : "";
  if (sequence.empty() || text.empty()) return std::string(text);
  return std::string(sequence) + std::string(text) + std::string(kReset);
}

void Table::Add(std::vector<Cell> row) {
  row.resize(columns_.size());
  for (Cell& cell : row) cell.text = Printable(cell.text);
  rows_.push_back(std::move(row));
}

void Table::SortBy(std::size_t column) {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [column](const auto& a, const auto& b) { return a[column].text < b[column].text; });
}

std::string Table::Render(const TableStyle& style) const {
  std::vector<std::size_t> widths(columns_.size());
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (style.headers) widths[i] = DisplayWidth(columns_[i].title);
    for (const auto& row : rows_) widths[i] = std::max(widths[i], DisplayWidth(row[i].text));
  }
  std::string out;
  const auto line = [&](const auto& cell_of) {
    std::string text(style.indent, ' ');
    std::size_t owed = 0;  // spaces, written once something follows
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto [content, tone] = cell_of(i);
      const std::size_t padding = widths[i] - DisplayWidth(content);
      const bool right = columns_[i].align == Align::kRight;
      if (right) owed += padding;
      if (!content.empty()) {
        text.append(owed, ' ');
        owed = 0;
        text += Colored(content, tone, style.color);
      }
      owed += kGap + (right ? 0 : padding);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  using Content = std::pair<std::string_view, Tone>;
  if (style.headers) line([this](std::size_t i) { return Content(columns_[i].title, Tone::kPlain); });
  for (const auto& row : rows_) line([&row](std::size_t i) { return Content(row[i].text, row[i].tone); });
  return out;
}

}  // namespace heliostat::helioctl
