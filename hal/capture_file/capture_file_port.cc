#include "capture_file/capture_file_port.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace heliostat::hal::capture_file {
namespace {

constexpr std::uint16_t kMaxSegments = 0xffff;
constexpr std::uint64_t kSecond_ns = 1'000'000'000;

std::uint64_t WallNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * kSecond_ns + static_cast<std::uint64_t>(now.tv_nsec);
}

bool WriteAll(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

void AppendWord(std::uint32_t word, std::vector<std::uint8_t>* out) {
  std::array<std::uint8_t, sizeof word> bytes;
  std::memcpy(bytes.data(), &word, sizeof word);  // pcap is in the writer's byte order
  out->insert(out->end(), bytes.begin(), bytes.end());
}

}  // namespace

CaptureFilePort::CaptureFilePort(const CaptureFileOptions& options) : pool_(options.pool) {
  info_.name = options.name;
  info_.driver = "capture_file";
  info_.mac = options.mac;
  info_.mtu = options.mtu;
  // DPDK and other players take no longer records, and what is sent must be playable again.
  info_.max_receive_bytes = 65'535;
  info_.max_send_bytes = 65'535;
  info_.max_send_segments = kMaxSegments;
  info_.multi_segment_send = true;
  info_.send_queues = static_cast<std::uint16_t>(2 * options.workers);
}

Result<std::unique_ptr<CaptureFilePort>> CaptureFilePort::Open(const CaptureFileOptions& options) {
  std::unique_ptr<CaptureFilePort> port(new CaptureFilePort(options));
  const std::string subject = "port \"" + options.name + "\"";
  if (!options.receive.empty()) {
    port->reader_ = std::make_unique<CaptureReader>(options.receive);
    if (Status wrong = port->reader_->Check(); !wrong.ok()) return std::move(wrong).Within(subject);
  }
  if (Status failed = port->OpenSend(options.send); !failed.ok()) return std::move(failed).Within(subject);
  return port;
}

CaptureFilePort::~CaptureFilePort() {
  if (send_file_ >= 0) close(send_file_);
}

Status CaptureFilePort::OpenSend(const std::string& path) {
  constexpr std::uint32_t kNanoseconds = 0xa1b23c4d;
  constexpr std::uint32_t kVersion = 4U << 16U | 2U;
  constexpr std::uint32_t kEthernet = 1;
  // On a host of the other byte order the two halves of the version would change places; there is none.
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  send_file_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  std::vector<std::uint8_t> header;
  for (const std::uint32_t word : {kNanoseconds, kVersion, 0U, 0U, kLongestRecord, kEthernet})
    AppendWord(word, &header);
  if (send_file_ >= 0 && WriteAll(send_file_, header)) return OkStatus();
  return {Code::kUnavailable, "capture " + path, std::strerror(errno), "give a folder that can be written"};
}

// Makes a packet of as many segments as it takes; returns null when there are not enough buffers.
Packet* CaptureFilePort::ToPacket(std::span<const std::uint8_t> frame) {
  Packet* head = nullptr;
  Packet** next = &head;
  std::uint16_t segments = 0;
  do {
    Packet* segment = Allocate(pool_);
    if (segment == nullptr) {
      if (head != nullptr) Release(head);
      return nullptr;
    }
    const auto part = static_cast<std::uint16_t>(std::min<std::size_t>(frame.size(), Room(segment)));
    std::copy_n(frame.data(), part, SetLength(segment, part));
    frame = frame.subspan(part);
    *next = segment;
    next = &segment->next;
    head->nb_segs = ++segments;
    if (segment != head) head->pkt_len += part;
  } while (!frame.empty());
  return head;
}

std::uint16_t CaptureFilePort::Receive(std::uint16_t /*queue*/, Packet** packets, std::uint16_t count) {
  if (!reader_) return 0;
  std::uint16_t received = 0;
  while (received < count) {
    if (!waiting_) waiting_ = reader_->Next();
    if (!waiting_) break;
    packets[received] = ToPacket(*waiting_);
    if (packets[received] == nullptr) break;
    waiting_.reset();
    ++received;
  }
  cut_.store(reader_->cut(), std::memory_order_relaxed);
  if (!reader_->failed().ok()) link_up_.store(false, std::memory_order_relaxed);
  return received;
}

void CaptureFilePort::AppendRecord(const Packet* packet, std::uint64_t time_ns) {
  AppendWord(static_cast<std::uint32_t>(time_ns / kSecond_ns), &burst_);
  AppendWord(static_cast<std::uint32_t>(time_ns % kSecond_ns), &burst_);
  AppendWord(Length(packet), &burst_);
  AppendWord(Length(packet), &burst_);
  const std::size_t at = burst_.size();
  burst_.resize(at + Length(packet));
  CopyOut(packet, Length(packet), burst_.data() + at);
}

std::uint16_t CaptureFilePort::Send(std::uint16_t /*queue*/, Packet** packets, std::uint16_t count) {
  if (!link_up_.load(std::memory_order_relaxed)) return 0;
  {
    const std::lock_guard lock(send_mutex_);
    burst_.clear();
    const std::uint64_t now_ns = WallNs();
    for (std::uint16_t i = 0; i < count; ++i) AppendRecord(packets[i], now_ns);
    // The disk may be full. What was written of the burst can't be taken back, and a reader stops at the torn record.
    if (!WriteAll(send_file_, burst_)) {
      link_up_.store(false, std::memory_order_relaxed);
      return 0;
    }
  }
  ReleaseBurst(packets, count);
  return count;
}

}  // namespace heliostat::hal::capture_file
