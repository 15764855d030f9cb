// Captures as files: pcap and pcapng of either byte order in, pcap with nanoseconds out. Link type Ethernet only.
//
// Not libpcap: it refuses a pcapng whose interfaces have different snap lengths, which is what Wireshark writes for a
// capture on two interfaces.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"

namespace heliostat::traffic {

inline constexpr std::uint32_t kLongestRecord = 262144;  // what other readers take, too

// Calls `take` for every frame, in the order of the file. A record that was cut when it was captured is the bytes that
// are there. A time stamp that the file does not hold is 0.
// kNotFound: no such file; kUnsupported: another format or link type; kDataLoss: damaged, or holds no frames.
[[nodiscard]] Status ReadCapture(const std::string& path,
                                 const std::function<void(std::uint64_t time_ns, std::span<const std::uint8_t>)>& take);

class CaptureWriter {
 public:
  // kUnavailable: the file can't be created.
  static Result<CaptureWriter> Create(const std::string& path);

  // `frame` has at most kLongestRecord bytes. Close says what went wrong.
  void Write(std::uint64_t time_ns, std::span<const std::uint8_t> frame);
  // Readers of the file see what was written so far.
  void Flush() { (void)std::fflush(file_.get()); }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  // Must be the last call. kUnavailable: not everything reached the file.
  [[nodiscard]] Status Close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  std::uint64_t frames_ = 0;
};

}  // namespace heliostat::traffic
