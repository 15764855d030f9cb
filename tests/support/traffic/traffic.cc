// traffic: makes the frames that the emulated card is fed with, as one capture a port.
#include <getopt.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "support/traffic/capture_file.h"
#include "support/traffic/conversations.h"
#include "support/traffic/sides.h"

namespace heliostat::traffic {
namespace {

constexpr std::string_view kUsage =
    "usage: traffic generate [--seed N] [--packets N] [--rate N] -o FOLDER\n"
    "       traffic split CAPTURE [--rate N] -o FOLDER\n"
    "\n"
    "Writes FOLDER/guest0.pcap and FOLDER/wire0.pcap: the two directions of a link.\n"
    "  generate  makes a mix of web, DNS, SSH, ping and more; the same seed (1) gives the same frames (10000)\n"
    "  split     divides a pcap or pcapng that holds both directions: stations that talk with each other sit at\n"
    "            different ends, and the first one to send is the guest\n"
    "  --rate N  writes N packets a second, each when it is due, for a reader that follows; without it all at once\n";

struct Options {
  std::string folder;
  std::string capture;
  std::uint64_t seed = 1;
  std::uint64_t packets = 10'000;
  std::uint64_t rate_pps = 0;  // 0: no pace
};

// Lets packets through at a rate, some hundred times a second.
class Pace {
 public:
  explicit Pace(std::uint64_t rate_pps) : rate_pps_(rate_pps) {}

  // Is called before each packet; returns true when some time has gone by since the last.
  bool Wait() {
    if (rate_pps_ == 0) return false;
    const auto due = start_ + std::chrono::nanoseconds(kSecond_ns / rate_pps_ * packets_++);
    if (due - std::chrono::steady_clock::now() < kShortest) return false;
    std::this_thread::sleep_until(due);
    return true;
  }

 private:
  static constexpr std::uint64_t kSecond_ns = 1'000'000'000;
  static constexpr std::chrono::milliseconds kShortest{5};
  std::uint64_t rate_pps_;
  std::uint64_t packets_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Writes both files, or leaves none that is of use.
class Link {
 public:
  static Result<Link> Create(const std::string& folder, std::uint64_t rate_pps) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Status(Code::kUnavailable, folder, error.message(), "give a folder that can be written");
    Result<CaptureWriter> guest = CaptureWriter::Create(folder + "/guest0.pcap");
    if (!guest.ok()) return guest.status();
    Result<CaptureWriter> wire = CaptureWriter::Create(folder + "/wire0.pcap");
    if (!wire.ok()) return wire.status();
    return Link(folder, std::move(guest).value(), std::move(wire).value(), rate_pps);
  }

  void Write(Side side, std::uint64_t time_ns, std::span<const std::uint8_t> frame) {
    // Only whole records are written out, so that a follower need not wait for the rest of one.
    if (pace_.Wait()) {
      guest_.Flush();
      wire_.Flush();
    }
    (side == Side::kGuest ? guest_ : wire_).Write(time_ns, frame);
  }

  Status Close() {
    HELIOSTAT_RETURN_IF_ERROR(guest_.Close());
    HELIOSTAT_RETURN_IF_ERROR(wire_.Close());
    std::printf("%s/guest0.pcap: %llu frames\n%s/wire0.pcap: %llu frames\n", folder_.c_str(),
                static_cast<unsigned long long>(guest_.frames()), folder_.c_str(),
                static_cast<unsigned long long>(wire_.frames()));
    return OkStatus();
  }

 private:
  Link(std::string folder, CaptureWriter guest, CaptureWriter wire, std::uint64_t rate_pps)
      : folder_(std::move(folder)), guest_(std::move(guest)), wire_(std::move(wire)), pace_(rate_pps) {}
  std::string folder_;
  CaptureWriter guest_;
  CaptureWriter wire_;
  Pace pace_;
};

Status GenerateLink(const Options& options) {
  Result<Link> link = Link::Create(options.folder, options.rate_pps);
  if (!link.ok()) return link.status();
  for (const TimedFrame& frame : Generate(options.seed, options.packets)) {
    link->Write(frame.side, frame.time_ns, frame.bytes);
  }
  return link->Close();
}

// Reads the capture twice, so that its size does not matter. Nothing is written unless all of it can be read.
Status SplitLink(const Options& options) {
  Sides sides;
  HELIOSTAT_RETURN_IF_ERROR(ReadCapture(options.capture, [&](std::uint64_t, auto frame) { sides.Learn(frame); }));
  Result<Link> link = Link::Create(options.folder, options.rate_pps);
  if (!link.ok()) return link.status();
  HELIOSTAT_RETURN_IF_ERROR(ReadCapture(
      options.capture, [&](std::uint64_t time_ns, auto frame) { link->Write(sides.Of(frame), time_ns, frame); }));
  return link->Close();
}

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Returns false when the options make no sense; `mistake` says why.
bool ParseOptions(int argc, char** argv, Options& options, std::string& mistake) {
  const option kLong[] = {{"seed", required_argument, nullptr, 's'},
                          {"packets", required_argument, nullptr, 'n'},
                          {"rate", required_argument, nullptr, 'r'},
                          {"output", required_argument, nullptr, 'o'},
                          {nullptr, 0, nullptr, 0}};
  opterr = 0;
  for (int letter = 0; (letter = getopt_long(argc, argv, "o:", kLong, nullptr)) != -1;) {
    if (letter == '?') {
      mistake = std::string("not understood, or without its value: ") + argv[optind - 1];
      return false;
    }
    if (letter == 'o') {
      options.folder = optarg;
      continue;
    }
    const std::optional<std::uint64_t> number = Number(optarg);
    constexpr std::uint64_t kMostPackets = 10'000'000;  // all are held in memory
    constexpr std::uint64_t kMostPerSecond = 1'000'000;
    if (!number || (letter == 'n' && (*number == 0 || *number > kMostPackets)) ||
        (letter == 'r' && (*number == 0 || *number > kMostPerSecond))) {
      const char* name = letter == 's' ? "--seed" : letter == 'n' ? "--packets" : "--rate";
      mistake = std::string(name) + ": not a number in its range: " + optarg;
      return false;
    }
    (letter == 's' ? options.seed : letter == 'n' ? options.packets : options.rate_pps) = *number;
  }
  if (optind < argc) options.capture = argv[optind++];
  if (optind < argc) mistake = std::string("one too many: ") + argv[optind];
  if (options.folder.empty()) mistake = "no folder: give -o FOLDER";
  return mistake.empty();
}

int Main(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "--help" || command == "-h" || command == "help") {
    std::fputs(kUsage.data(), stdout);
    return 0;
  }
  Options options;
  std::string mistake;
  if (command != "generate" && command != "split") {
    mistake = "say `generate` or `split`";
  } else if (ParseOptions(argc - 1, argv + 1, options, mistake) && options.capture.empty() != (command == "generate")) {
    mistake = command == "split" ? "no capture: give a pcap or pcapng file" : "generate takes no file";
  }
  if (!mistake.empty()) {
    std::fprintf(stderr, "traffic: %s\n%s", mistake.c_str(), kUsage.data());
    return 2;
  }
  if (const Status status = command == "split" ? SplitLink(options) : GenerateLink(options); !status.ok()) {
    std::fprintf(stderr, "traffic: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace heliostat::traffic

int main(int argc, char** argv) { return heliostat::traffic::Main(argc, argv); }
