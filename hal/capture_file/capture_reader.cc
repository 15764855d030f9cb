#include "capture_file/capture_reader.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace heliostat::hal::capture_file {
namespace {

constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kRecordHeaderBytes = 16;
constexpr std::uint32_t kMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kEthernet = 1;
constexpr std::size_t kBufferBytes = 1 << 20;
// A worker asks millions of times a second; a file that is not there is looked for less often.
constexpr unsigned kSkip = 4'096;

static_assert(kBufferBytes > kLongestRecord + kRecordHeaderBytes);

}  // namespace

CaptureReader::~CaptureReader() {
  if (file_ >= 0) close(file_);
}

void CaptureReader::Fail(Code code, std::string reason, std::string fix) {
  failed_ = Status(code, "capture " + path_, std::move(reason), std::move(fix));
}

std::uint32_t CaptureReader::Word(std::size_t offset) const {
  std::uint32_t word = 0;
  std::memcpy(&word, buffer_.data() + begin_ + offset, sizeof word);
  return swapped_ ? __builtin_bswap32(word) : word;
}

bool CaptureReader::Fill(std::size_t bytes) {
  if (end_ - begin_ >= bytes) return true;
  if (file_ < 0) {
    if (skipped_++ % kSkip != 0) return false;
    file_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file_ < 0) {
      if (errno != ENOENT) Fail(Code::kUnavailable, std::strerror(errno), "give a file that can be read");
      return false;
    }
    buffer_.resize(kBufferBytes);
  }
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const ssize_t got = read(file_, buffer_.data() + end_, buffer_.size() - end_);
  if (got < 0 && errno != EAGAIN && errno != EINTR) {
    Fail(Code::kUnavailable, std::strerror(errno), "give a file that can be read");
  }
  if (got > 0) end_ += static_cast<std::size_t>(got);
  return end_ - begin_ >= bytes;
}

bool CaptureReader::ReadHeader() {
  if (has_header_) return true;
  if (!failed_.ok() || !Fill(sizeof(std::uint32_t))) return false;
  // The first word tells a capture from anything else, before the rest has been written.
  const auto is_magic = [this](bool swapped) {
    swapped_ = swapped;
    return Word(0) == kMicroseconds || Word(0) == kNanoseconds;
  };
  if (!is_magic(false) && !is_magic(true)) {
    Fail(Code::kUnsupported, "it is no pcap file", "convert it: editcap -F pcap FILE NEW, or capture with tcpdump -w");
    return false;
  }
  if (!Fill(kHeaderBytes)) return false;
  const std::uint32_t link_type = Word(20) & 0x0fffffff;
  if (link_type != kEthernet) {
    Fail(Code::kUnsupported, "its link type is " + std::to_string(link_type) + ", not Ethernet (1)",
         "capture on an Ethernet interface");
    return false;
  }
  begin_ += kHeaderBytes;
  return has_header_ = true;
}

Status CaptureReader::Check() {
  if (!ReadHeader() && failed_.ok() && file_ < 0) {
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    if (access(folder.c_str(), X_OK) != 0)
      Fail(Code::kNotFound, std::strerror(errno), "give a file in a folder that exists");
  }
  return failed_;
}

std::optional<std::span<const std::uint8_t>> CaptureReader::Next() {
  while (ReadHeader() && failed_.ok() && Fill(kRecordHeaderBytes)) {
    const std::uint32_t captured = Word(8);
    const std::uint32_t original = Word(12);
    if (captured > kLongestRecord) {
      Fail(Code::kDataLoss, "a record claims " + std::to_string(captured) + " bytes", "write it again");
      return std::nullopt;
    }
    if (!Fill(kRecordHeaderBytes + captured)) return std::nullopt;
    const std::span<const std::uint8_t> frame(buffer_.data() + begin_ + kRecordHeaderBytes, captured);
    begin_ += kRecordHeaderBytes + captured;
    if (captured >= original) return frame;
    ++cut_;
  }
  return std::nullopt;
}

}  // namespace heliostat::hal::capture_file
