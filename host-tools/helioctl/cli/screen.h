// A terminal that is drawn anew again and again, and left as it was: after q, Ctrl-C, an end, or a signal.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace heliostat::helioctl {

// One at a time in a process. Standard input and output must be terminals.
class Screen {
 public:
  // Takes the terminal: its other page, no cursor, keys unbuffered.
  Screen();
  // Gives it back.
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // Shows as much of `text` as fits, from its first line. Shown again when the window changes.
  void Draw(std::string text);

  // Standard input and output are both terminals.
  static bool Possible();

 private:
  void ReadKeys();
  void Redraw();  // mutex_ is held

  std::mutex mutex_;
  std::string text_;
  int columns_ = 0;
  int rows_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread keys_;
};

// The first `rows` lines of `text`, each at most `columns` wide. Sequences that colour take no room.
std::string Cropped(const std::string& text, int columns, int rows);

}  // namespace heliostat::helioctl
