#include "helioctl/cli/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "helioctl/cli/table.h"

namespace heliostat::helioctl {
namespace {

constexpr int kKeyPollMs = 100;
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view kReset = "\x1b[0m";
constexpr char kCtrlC = 3;
constexpr char kCtrlD = 4;

termios saved_terminal{};  // as it was; written before any signal can come

// Called from a signal too: nothing but system calls.
void GiveBack() {
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_terminal);
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kLeave.data(), kLeave.size());
}

void OnSignal(int signal) {
  GiveBack();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

void WriteAll(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;  // the terminal is gone
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

winsize WindowSize() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {24, 80, 0, 0};
  return size;
}

// The length of a colouring sequence at the front of `text`; 0: there is none.
std::size_t SequenceLength(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  const auto end = text.find('m');
  return end == std::string_view::npos ? 0 : end + 1;
}

std::string CroppedLine(std::string_view line, int columns) {
  std::string out;
  int width = 0;
  bool colored = false;
  while (!line.empty()) {
    if (const std::size_t length = SequenceLength(line); length > 0) {
      out += line.substr(0, length);
      colored = line.substr(0, length) != kReset;
      line.remove_prefix(length);
      continue;
    }
    std::size_t bytes = 1;  // of one character of UTF-8
    while (bytes < line.size() && (static_cast<unsigned char>(line[bytes]) & 0xc0U) == 0x80) ++bytes;
    width += static_cast<int>(DisplayWidth(line.substr(0, bytes)));
    if (width > columns) break;
    out += line.substr(0, bytes);
    line.remove_prefix(bytes);
  }
  if (colored) out += kReset;
  return out;
}

}  // namespace

std::string Cropped(const std::string& text, int columns, int rows) {
  std::string out;
  std::string_view rest = text;
  for (int row = 0; row < rows && !rest.empty(); ++row) {
    const auto end = std::min(rest.find('\n'), rest.size());
    out += CroppedLine(rest.substr(0, end), columns) + "\n";
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

bool Screen::Possible() { return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1; }

Screen::Screen() {
  tcgetattr(STDIN_FILENO, &saved_terminal);
  for (const int signal : kSignals) std::signal(signal, OnSignal);
  termios raw = saved_terminal;
  // Ctrl-C and Ctrl-Z are keys like any other: a stop would leave the terminal on its other page.
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  WriteAll(kEnter);
  keys_ = std::thread([this] { ReadKeys(); });
}

Screen::~Screen() {
  ended_ = true;
  keys_.join();
  GiveBack();
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

void Screen::Draw(std::string text) {
  const std::lock_guard lock(mutex_);
  text_ = std::move(text);
  Redraw();
}

void Screen::Redraw() {
  const winsize size = WindowSize();
  columns_ = size.ws_col;
  rows_ = size.ws_row;
  std::string frame = "\x1b[H";
  const std::string shown = Cropped(text_, columns_, rows_);
  std::string_view rest = shown;
  for (bool first = true; !rest.empty(); first = false) {
    const auto end = rest.find('\n');
    // The break comes before a line, so that the last one does not scroll the page.
    frame += first ? "" : "\r\n";
    frame += rest.substr(0, end);
    frame += "\x1b[K";
    rest.remove_prefix(end + 1);
  }
  WriteAll(frame + "\x1b[J");
}

void Screen::ReadKeys() {
  while (!ended_) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    char key = 0;
    if (poll(&input, 1, kKeyPollMs) > 0 && read(STDIN_FILENO, &key, 1) == 1 &&
        (key == 'q' || key == 'Q' || key == kCtrlC || key == kCtrlD)) {
      // The other thread waits for the card; nothing of this program is worth waiting for that.
      const std::lock_guard lock(mutex_);
      GiveBack();
      std::_Exit(0);
    }
    const winsize size = WindowSize();
    const std::lock_guard lock(mutex_);
    if (size.ws_col != columns_ || size.ws_row != rows_) Redraw();
  }
}

}  // namespace heliostat::helioctl
