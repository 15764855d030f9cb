// Aligned tables for a terminal, and text that is safe to show on one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heliostat::helioctl {

// How a cell is coloured, when colours are used at all.
enum class Tone : std::uint8_t { kPlain, kGood, kWarning, kBad, kFaint };

struct Cell {
  std::string text{};
  Tone tone = Tone::kPlain;

  Cell() = default;
  // NOLINTBEGIN(google-explicit-constructor): rows are written as texts.
  Cell(std::string cell_text, Tone cell_tone = Tone::kPlain) : text(std::move(cell_text)), tone(cell_tone) {}
  Cell(const char* cell_text, Tone cell_tone = Tone::kPlain) : text(cell_text), tone(cell_tone) {}
  // NOLINTEND(google-explicit-constructor)
};

enum class Align : std::uint8_t { kLeft, kRight };

struct Column {
  std::string title{};
  Align align = Align::kLeft;
};

struct TableStyle {
  bool headers = true;
  bool color = false;
  std::size_t indent = 0;
};

// Rows under titles, two spaces between columns, none at a line's end. An empty cell is shown as it is.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell a column; fewer leave the last ones empty.
  void Add(std::vector<Cell> row);
  // By the text of a column; rows that are equal there stay in their order.
  void SortBy(std::size_t column);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::size_t rows() const { return rows_.size(); }

  [[nodiscard]] std::string Render(const TableStyle& style = {}) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// The columns of a terminal that UTF-8 text takes: 2 for what East Asia writes wide, 0 for a mark on the letter before.
std::size_t DisplayWidth(std::string_view text);

// What came from a file, a card or a certificate drives no terminal: control characters, changes of the writing
// direction and broken UTF-8 become '?'.
std::string Printable(std::string_view text);

// `text` in a colour, or as it is.
std::string Colored(std::string_view text, Tone tone, bool color);

}  // namespace heliostat::helioctl
