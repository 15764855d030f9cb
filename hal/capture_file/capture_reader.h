// The frames of a pcap file that may still be written to, as `tail -f` would read it.
//
// Classic pcap (draft-ietf-opsawg-pcap), either byte order, micro- or nanoseconds, link type Ethernet. A file that is
// not there yet, or whose last record is not whole yet, has no more frames for now. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace heliostat::hal::capture_file {

inline constexpr std::uint32_t kLongestRecord = 262'144;  // what other readers take, too

class CaptureReader {
 public:
  explicit CaptureReader(std::string path) : path_(std::move(path)) {}
  ~CaptureReader();
  CaptureReader(const CaptureReader&) = delete;
  CaptureReader& operator=(const CaptureReader&) = delete;

  // Returns what is wrong with the file, as far as it can be told now; ok when it is not there yet, but its folder is.
  [[nodiscard]] Status Check();

  // Returns the next frame, valid until the next call; none when there is none now, or none will ever come (`failed`).
  std::optional<std::span<const std::uint8_t>> Next();

  // Says why nothing more comes from this file: kUnsupported, kDataLoss, kUnavailable.
  [[nodiscard]] const Status& failed() const { return failed_; }
  // The number of frames that were longer when they were captured. Next leaves them out, since a cut frame must not
  // pass for an original.
  [[nodiscard]] std::uint64_t cut() const { return cut_; }

 private:
  bool Fill(std::size_t bytes);  // `bytes` unread ones are in the buffer
  bool ReadHeader();
  [[nodiscard]] std::uint32_t Word(std::size_t offset) const;  // of what is unread
  void Fail(Code code, std::string reason, std::string fix);

  std::string path_;
  int file_ = -1;
  unsigned skipped_ = 0;  // calls since the file was last looked for
  bool has_header_ = false;
  bool swapped_ = false;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;  // of what is unread
  std::size_t end_ = 0;
  Status failed_;
  std::uint64_t cut_ = 0;
};

}  // namespace heliostat::hal::capture_file
