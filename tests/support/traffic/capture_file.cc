#include "support/traffic/capture_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace heliostat::traffic {
namespace {

using Take = std::function<void(std::uint64_t time_ns, std::span<const std::uint8_t>)>;

constexpr std::uint64_t kSecond_ns = 1'000'000'000;
constexpr std::uint32_t kEthernet = 1;

// https://www.tcpdump.org/linktypes.html, those that people meet.
std::string LinkTypeName(std::uint32_t type) {
  switch (type) {
    case 0: return "BSD loopback";
    case 12:
    case 14:
    case 101: return "raw IP";
    case 105: return "802.11";
    case 113: return "Linux cooked";
    case 127: return "802.11 radiotap";
    case 276: return "Linux cooked v2";
    default: return "number " + std::to_string(type);
  }
}

// The file's bytes in its own byte order, bounded. Counts the frames for what errors say.
class Input {
 public:
  Input(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  // Returns false at the end or when fewer bytes are left.
  bool Read(std::span<std::uint8_t> out) { return std::fread(out.data(), 1, out.size(), file_) == out.size(); }
  bool AtEnd() {
    const int next = std::getc(file_);
    if (next != EOF) std::ungetc(next, file_);
    return next == EOF;
  }
  // Returns the next `size` bytes, valid until the next call, or nullopt when the file is cut short.
  std::optional<std::span<const std::uint8_t>> Next(std::size_t size) {
    buffer_.resize(size);
    if (!Read(buffer_)) return std::nullopt;
    return buffer_;
  }

  void UseBigEndian(bool big) { big_endian_ = big; }
  [[nodiscard]] std::uint32_t Word(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t size = 4) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | bytes[big_endian_ ? at + i : at + size - 1 - i];
    return value;
  }

  void CountFrame() { ++frames_; }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

  [[nodiscard]] Status Damaged(const std::string& how) const {
    return {Code::kDataLoss, path_, "damaged at frame " + std::to_string(frames_ + 1) + ": " + how,
            "capture it again, or cut it with `editcap`"};
  }
  [[nodiscard]] Status NotEthernet(std::uint32_t type) const {
    return {Code::kUnsupported, path_, "its link type is " + LinkTypeName(type) + ", not Ethernet",
            "capture on an Ethernet interface"};
  }
  [[nodiscard]] Status NotACapture() const {
    return {Code::kUnsupported, path_, "neither pcap nor pcapng", "give a capture file"};
  }

 private:
  std::string path_;
  std::FILE* file_;
  std::vector<std::uint8_t> buffer_;
  bool big_endian_ = false;
  std::uint64_t frames_ = 0;
};

constexpr std::array<std::uint8_t, 4> kPcapngSection{0x0a, 0x0d, 0x0d, 0x0a};  // reads the same in both byte orders
constexpr std::uint32_t kPcapMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kPcapNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kPcapngByteOrder = 0x1a2b3c4d;

Status ReadPcap(Input& input, bool nanoseconds, const Take& take) {
  const auto header = input.Next(20);
  if (!header) return input.Damaged("the file header is cut short");
  // The upper bits of the field tell of a frame check sequence.
  if (const std::uint32_t type = input.Word(*header, 16) & 0xffff; type != kEthernet) return input.NotEthernet(type);
  while (!input.AtEnd()) {
    const auto record = input.Next(16);
    if (!record) return input.Damaged("its record header is cut short");
    const std::uint64_t time_ns =
        input.Word(*record, 0) * kSecond_ns + std::uint64_t{input.Word(*record, 4)} * (nanoseconds ? 1 : 1000);
    const std::uint32_t length = input.Word(*record, 8);
    if (length > kLongestRecord) return input.Damaged("it claims " + std::to_string(length) + " bytes");
    const auto frame = input.Next(length);
    if (!frame) return input.Damaged("the file ends inside it");
    take(time_ns, *frame);
    input.CountFrame();
  }
  return OkStatus();
}

struct PcapngInterface {
  std::uint32_t link_type = 0;
  std::uint32_t snap_length = 0;  // 0: no limit
  std::uint64_t units_per_second = 1'000'000;
};

constexpr std::uint32_t kInterfaceBlock = 1;
constexpr std::uint32_t kObsoletePacketBlock = 2;
constexpr std::uint32_t kSimplePacketBlock = 3;
constexpr std::uint32_t kEnhancedPacketBlock = 6;

// pcapng, draft-ietf-opsawg-pcapng: sections of blocks, each block with its length in front and behind.
class Pcapng {
 public:
  Pcapng(Input& input, const Take& take) : input_(input), take_(take) {}

  // The first block's type has been read.
  Status Read() {
    HELIOSTAT_RETURN_IF_ERROR(ReadSection());
    while (!input_.AtEnd()) {
      std::array<std::uint8_t, 4> type{};
      if (!input_.Read(type)) return input_.Damaged("a block is cut short");
      HELIOSTAT_RETURN_IF_ERROR(type == kPcapngSection ? ReadSection() : ReadBlock(input_.Word(type, 0)));
    }
    return OkStatus();
  }

 private:
  Status ReadSection() {
    const auto head = input_.Next(8);
    if (!head) return input_.Damaged("the section header is cut short");
    input_.UseBigEndian(true);
    if (input_.Word(*head, 4) != kPcapngByteOrder) input_.UseBigEndian(false);
    if (input_.Word(*head, 4) != kPcapngByteOrder) return input_.Damaged("the section header has no byte order");
    const std::uint32_t length = input_.Word(*head, 0);
    interfaces_.clear();
    return ReadRest(length, 12).status();
  }

  // A block has `length` bytes, of which `taken` have been read. Returns what is left, without the length behind it.
  Result<std::span<const std::uint8_t>> ReadRest(std::uint32_t length, std::uint32_t taken) {
    constexpr std::uint32_t kLongestBlock = kLongestRecord + 65536;  // with its options
    if (length % 4 != 0 || length < taken + 4 || length > kLongestBlock) {
      return input_.Damaged("a block claims " + std::to_string(length) + " bytes");
    }
    const auto rest = input_.Next(length - taken);
    if (!rest) return input_.Damaged("the file ends inside a block");
    if (input_.Word(*rest, rest->size() - 4) != length) return input_.Damaged("a block has two lengths");
    return rest->first(rest->size() - 4);
  }

  Status ReadBlock(std::uint32_t type) {
    const auto length = input_.Next(4);
    if (!length) return input_.Damaged("a block is cut short");
    const Result<std::span<const std::uint8_t>> body = ReadRest(input_.Word(*length, 0), 8);
    if (!body.ok()) return body.status();
    switch (type) {
      case kInterfaceBlock: return ReadInterface(*body);
      case kSimplePacketBlock: return ReadSimplePacket(*body);
      case kEnhancedPacketBlock: return ReadPacket(*body, 4);
      case kObsoletePacketBlock: return ReadPacket(*body, 2);
      default: return OkStatus();  // names, statistics, keys
    }
  }

  Status ReadInterface(std::span<const std::uint8_t> body) {
    constexpr std::size_t kMostInterfaces = 65536;
    if (body.size() < 8 || interfaces_.size() == kMostInterfaces) return input_.Damaged("an interface is cut short");
    PcapngInterface interface { .link_type = input_.Word(body, 0, 2), .snap_length = input_.Word(body, 4) };
    for (std::size_t at = 8; at + 4 <= body.size();) {
      const std::uint32_t code = input_.Word(body, at, 2);
      const std::uint32_t length = input_.Word(body, at + 2, 2);
      constexpr std::uint32_t kTimeResolution = 9;
      if (code == 0 || at + 4 + length > body.size()) break;
      if (code == kTimeResolution && length == 1) interface.units_per_second = UnitsPerSecond(body[at + 4]);
      at += 4 + (length + 3) / 4 * 4;
    }
    interfaces_.push_back(interface);
    return OkStatus();
  }

  // Returns 0 when the resolution is finer than 64 bits can say; the time is then not known.
  static std::uint64_t UnitsPerSecond(std::uint8_t resolution) {
    const unsigned exponent = resolution & 0x7fU;
    if ((resolution & 0x80U) != 0) return exponent < 64 ? std::uint64_t{1} << exponent : 0;
    if (exponent > 19) return 0;
    std::uint64_t units = 1;
    for (unsigned i = 0; i < exponent; ++i) units *= 10;
    return units;
  }

  Status ReadPacket(std::span<const std::uint8_t> body, std::size_t interface_bytes) {
    if (body.size() < 20) return input_.Damaged("its block is cut short");
    const std::uint32_t number = input_.Word(body, 0, interface_bytes);
    const std::uint64_t time = std::uint64_t{input_.Word(body, 4)} << 32 | input_.Word(body, 8);
    return Deliver(number, time, input_.Word(body, 12), body.subspan(20));
  }

  Status ReadSimplePacket(std::span<const std::uint8_t> body) {
    if (body.size() < 4) return input_.Damaged("its block is cut short");
    std::uint32_t length = input_.Word(body, 0);
    if (!interfaces_.empty() && interfaces_[0].snap_length != 0) length = std::min(length, interfaces_[0].snap_length);
    return Deliver(0, 0, length, body.subspan(4));
  }

  Status Deliver(std::uint32_t number, std::uint64_t time, std::uint32_t length, std::span<const std::uint8_t> bytes) {
    if (number >= interfaces_.size()) return input_.Damaged("it names an interface that the file does not have");
    const PcapngInterface& interface = interfaces_[number];
    if (interface.link_type != kEthernet) return input_.NotEthernet(interface.link_type);
    if (length > bytes.size() || length > kLongestRecord) {
      return input_.Damaged("it claims " + std::to_string(length) + " bytes");
    }
    const std::uint64_t units = interface.units_per_second;
    std::uint64_t time_ns = 0;
    if (units != 0) {
      const auto part = static_cast<unsigned __int128>(time % units) * kSecond_ns / units;
      time_ns = time / units * kSecond_ns + static_cast<std::uint64_t>(part);
    }
    take_(time_ns, bytes.first(length));
    input_.CountFrame();
    return OkStatus();
  }

  Input& input_;
  const Take& take_;
  std::vector<PcapngInterface> interfaces_;
};

Status ReadAny(Input& input, const Take& take) {
  std::array<std::uint8_t, 4> magic{};
  if (!input.Read(magic)) return input.NotACapture();
  if (magic == kPcapngSection) return Pcapng(input, take).Read();
  for (const bool big_endian : {false, true}) {
    input.UseBigEndian(big_endian);
    const std::uint32_t word = input.Word(magic, 0);
    if (word == kPcapMicroseconds || word == kPcapNanoseconds) return ReadPcap(input, word == kPcapNanoseconds, take);
  }
  return input.NotACapture();
}

void PutWord(std::FILE* file, std::uint32_t value) { std::fwrite(&value, sizeof value, 1, file); }

}  // namespace

Status ReadCapture(const std::string& path, const Take& take) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) return {Code::kNotFound, path, std::strerror(errno), "give a capture file"};
  if (!S_ISREG(about.st_mode)) return {Code::kNotFound, path, "not a file", "give a capture file"};
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return {Code::kNotFound, path, std::strerror(errno), "give a file that can be read"};
  Input input(path, file.get());
  HELIOSTAT_RETURN_IF_ERROR(ReadAny(input, take));
  if (input.frames() == 0) return {Code::kDataLoss, path, "it holds no frames", "give a capture that has some"};
  return OkStatus();
}

Result<CaptureWriter> CaptureWriter::Create(const std::string& path) {
  CaptureWriter writer;
  writer.path_ = path;
  writer.file_.reset(std::fopen(path.c_str(), "wb"));
  std::FILE* file = writer.file_.get();
  if (file == nullptr)
    return Status(Code::kUnavailable, path, std::strerror(errno), "give a folder that can be written");
  PutWord(file, kPcapNanoseconds);  // in this machine's byte order, as pcap wants it
  const std::array<std::uint16_t, 2> version{2, 4};
  std::fwrite(version.data(), sizeof version, 1, file);
  for (const std::uint32_t word : {0U, 0U, kLongestRecord, kEthernet}) PutWord(file, word);
  return writer;
}

void CaptureWriter::Write(std::uint64_t time_ns, std::span<const std::uint8_t> frame) {
  const auto length = static_cast<std::uint32_t>(frame.size());
  PutWord(file_.get(), static_cast<std::uint32_t>(time_ns / kSecond_ns));
  PutWord(file_.get(), static_cast<std::uint32_t>(time_ns % kSecond_ns));
  PutWord(file_.get(), length);
  PutWord(file_.get(), length);
  std::fwrite(frame.data(), 1, frame.size(), file_.get());
  ++frames_;
}

Status CaptureWriter::Close() {
  const bool failed = std::ferror(file_.get()) != 0;
  if (std::fclose(file_.release()) != 0 || failed) {
    return {Code::kUnavailable, path_, "not everything could be written", "make room on the disk"};
  }
  return OkStatus();
}

}  // namespace heliostat::traffic
