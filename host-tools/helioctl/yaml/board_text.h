// board.textproto -> the bytes that a card is built with, checked as the card checks them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/board.h"
#include "config/validate.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/problem.h"

namespace heliostat::helioctl {

struct BoardText {
  std::string bytes;  // one Board message
  config::Board board;
};

// Nothing when something is wrong, which is added to `problems` with its line.
std::optional<BoardText> ReadBoardText(const TextFile& file, std::vector<Problem>& problems);

// What a configuration for that board is checked against. A port whose MTU is the device's counts as 1500.
config::Card CardOf(const config::Board& board);

}  // namespace heliostat::helioctl
