// One connection, from the first byte to the last: TLS, hello, then one request after another. Never waits; what it
// waits for is asked by its server. The I/O thread.
//
//   silent --first byte--> handshake --> hello --> serving --> closing --> gone
//
// A silent connection is a descriptor and little else: the TLS channel (about 35 KiB) comes with its first byte.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "control/dispatcher.h"
#include "control/frame_reader.h"
#include "control/identity.h"
#include "control/reply.h"
#include "hal/byte_stream.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

struct ConnectionTimes {  // nanoseconds
  static constexpr std::uint64_t kSecond = 1'000'000'000;
  std::uint64_t handshake = 5 * kSecond;     // from the connection's begin
  std::uint64_t hello = 10 * kSecond;        // from there
  std::uint64_t frame = 30 * kSecond;        // from a frame's first byte to its last
  std::uint64_t idle = 600 * kSecond;        // between requests
  std::uint64_t write_stall = 30 * kSecond;  // the peer takes nothing, or too little all in all: the least rate is
  std::uint64_t write_1024 = kSecond / 8;    // 1,024 bytes in this time
  std::uint64_t linger = 1 * kSecond;        // after goodbye, for the peer to read it
};

class Connection {
 public:
  enum class Phase : std::uint8_t { kSilent, kHandshake, kHello, kServing, kClosing, kGone };
  struct Options {
    hal::SecureServer* secure = nullptr;
    Dispatcher* dispatcher = nullptr;
    ConnectionTimes times;
    // Asked when an identity is known: may it be served?
    std::function<Status(const Connection&)> admit;
    std::function<void(std::string_view)> log;       // what strangers do
    std::function<void(std::string_view)> announce;  // what those do who are let in
  };

  Connection(std::uint64_t number, std::unique_ptr<hal::ByteStream> stream, const Options& options,
             std::uint64_t now_ns);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Goes as far as it can without waiting, bounded: `unfinished` when it could go on at once.
  void Run(std::uint64_t now_ns);
  // Ends it when its time is over.
  void CheckTime(std::uint64_t now_ns);
  // Says goodbye, as far as the peer takes it.
  void Close(std::uint64_t now_ns);
  // The same when what it is answered now has gone out. A watch ends at once.
  void CloseWhenAnswered(std::uint64_t now_ns);
  // Ends it without a word; `why` is logged unless empty.
  void Drop(std::string_view why);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool half_open() const { return phase_ <= Phase::kHello; }
  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const std::string& source() const { return source_; }  // whom limits are counted by
  [[nodiscard]] const std::string& peer_address() const { return address_; }
  [[nodiscard]] const Identity& identity() const { return caller_.identity; }
  [[nodiscard]] const hal::SecureChannel* channel() const { return channel_.get(); }
  // What the peer has sent so far, on the wire.
  [[nodiscard]] std::uint64_t heard_bytes() const { return heard_bytes_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool wants_read() const;
  [[nodiscard]] bool wants_write() const;
  [[nodiscard]] bool unfinished() const { return unfinished_; }
  // A request is being answered, or an answer is not all gone yet.
  [[nodiscard]] bool busy() const { return reply_ != nullptr || sending(); }
  [[nodiscard]] bool sending() const { return sent_ < output_.size(); }
  [[nodiscard]] bool watching() const { return reply_ != nullptr && reply_->endless(); }
  // Since its last request was answered; a watch, since it was asked for.
  [[nodiscard]] std::uint64_t idle_since_ns() const { return watching() ? asked_ns_ : active_ns_; }
  [[nodiscard]] std::uint64_t due_ns() const;

 private:
  enum class Step : std::uint8_t { kGoOn, kWait };
  void Handshake();
  Step Serve();
  Step Flush();
  Step Answer();
  void BeginAnswer() { take_by_ns_ = now_ns_ + options_.times.write_stall; }
  Step Receive();
  void Take(std::span<const std::uint8_t> frame);
  void TakeHello(const codec::Request& request, const codec::Hello& hello);
  void EndAfter(const Status& error, std::uint64_t id);
  void Linger();

  const Options& options_;
  std::uint64_t number_;
  std::string address_;
  std::string source_;
  int descriptor_;
  Phase phase_ = Phase::kSilent;
  std::uint64_t heard_bytes_ = 0;
  std::unique_ptr<hal::ByteStream> stream_;  // until the channel takes it
  std::unique_ptr<hal::SecureChannel> channel_;
  Caller caller_;
  FrameReader reader_;
  std::shared_ptr<Reply> reply_;
  bool reply_waits_ = false;  // it had nothing when last asked
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  bool end_when_sent_ = false;
  hal::Transfer::Outcome read_waits_ = hal::Transfer::Outcome::kWaitRead;
  hal::Transfer::Outcome write_waits_ = hal::Transfer::Outcome::kWaitWrite;
  bool unfinished_ = false;
  std::size_t lingered_bytes_ = 0;
  std::uint64_t now_ns_;
  std::uint64_t begun_ns_;
  std::uint64_t phase_ns_;      // this phase's begin
  std::uint64_t active_ns_;     // the last request's end
  std::uint64_t asked_ns_ = 0;  // ... and when it was read
  std::uint64_t take_by_ns_;    // the peer has taken what is sent, or more time for it
  std::uint64_t frame_ns_ = 0;  // the frame's first byte
};

// Whom limits are counted by: an IPv4 address, an IPv6 /64.
[[nodiscard]] std::string SourceOf(const std::string& peer_address);

}  // namespace heliostat::control
