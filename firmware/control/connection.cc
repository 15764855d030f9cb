#include "control/connection.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/address.h"
#include "base/out_of_memory.h"

namespace heliostat::control {
namespace {

using Outcome = hal::Transfer::Outcome;

// Steps of one Run: so that no connection holds up the others.
constexpr int kStepsPerRun = 16;
constexpr std::size_t kMaxLingerBytes = std::size_t{1} << 20U;

// Counts what the peer has sent.
class CountedStream final : public hal::ByteStream {
 public:
  CountedStream(std::unique_ptr<hal::ByteStream> stream, std::uint64_t& bytes)
      : stream_(std::move(stream)), bytes_(bytes) {}
  hal::Transfer Read(std::span<std::uint8_t> out) override {
    hal::Transfer transfer = stream_->Read(out);
    if (transfer.outcome == Outcome::kBytes) bytes_ += transfer.bytes;
    return transfer;
  }
  hal::Transfer Write(std::span<const std::uint8_t> bytes) override { return stream_->Write(bytes); }
  [[nodiscard]] const std::string& peer_address() const override { return stream_->peer_address(); }
  [[nodiscard]] int descriptor() const override { return stream_->descriptor(); }

 private:
  std::unique_ptr<hal::ByteStream> stream_;
  std::uint64_t& bytes_;  // of the connection, which owns this
};

bool Waits(Outcome outcome) { return outcome == Outcome::kWaitRead || outcome == Outcome::kWaitWrite; }

}  // namespace

std::string SourceOf(const std::string& peer_address) {
  std::string host = peer_address.substr(0, peer_address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::optional<IpAddress> address = IpAddress::Parse(host);
  if (!address || address->family != IpFamily::kIpv6) return host;
  // A host has a whole /64 to choose from.
  std::fill(address->bytes.begin() + 8, address->bytes.end(), std::uint8_t{0});
  return address->ToString() + "/64";
}

Connection::Connection(std::uint64_t number, std::unique_ptr<hal::ByteStream> stream, const Options& options,
                       std::uint64_t now_ns)
    : options_(options),
      number_(number),
      address_(stream->peer_address()),
      source_(SourceOf(address_)),
      descriptor_(stream->descriptor()),
      stream_(std::make_unique<CountedStream>(std::move(stream), heard_bytes_)),
      now_ns_(now_ns),
      begun_ns_(now_ns),
      phase_ns_(now_ns),
      active_ns_(now_ns),
      take_by_ns_(now_ns) {}

Connection::~Connection() {
  if (phase_ == Phase::kServing) options_.dispatcher->Forget(caller_);
}

bool Connection::wants_read() const {
  if (phase_ == Phase::kSilent || phase_ == Phase::kClosing) return true;
  if (sent_ < output_.size() && write_waits_ == Outcome::kWaitRead) return true;
  // While a request is answered the next may come, whole and no further: so an end of the connection shows.
  return read_waits_ == Outcome::kWaitRead && !reader_.whole();
}

bool Connection::wants_write() const {
  if (phase_ == Phase::kSilent) return false;
  if (phase_ == Phase::kClosing) return sent_ < output_.size();
  if (sent_ < output_.size() && write_waits_ == Outcome::kWaitWrite) return true;
  return read_waits_ == Outcome::kWaitWrite && !reader_.whole();
}

std::uint64_t Connection::due_ns() const {
  const ConnectionTimes& times = options_.times;
  switch (phase_) {
    case Phase::kSilent:
    case Phase::kHandshake: return begun_ns_ + times.handshake;
    case Phase::kClosing: return phase_ns_ + times.linger;
    case Phase::kGone: return kNever;
    case Phase::kHello: return phase_ns_ + times.hello;
    case Phase::kServing: break;
  }
  if (sending()) return take_by_ns_;
  std::uint64_t due = kNever;
  if (reader_.begun() && !reader_.whole()) due = frame_ns_ + times.frame;
  if (reply_ != nullptr) return std::min(due, reply_->due_ns());
  return std::min(due, active_ns_ + times.idle);
}

void Connection::CheckTime(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  if (now_ns < due_ns()) return;
  switch (phase_) {
    case Phase::kSilent: return Drop("nothing came");
    case Phase::kHandshake: return Drop("the handshake took too long");
    case Phase::kHello: return Drop("no hello came");
    case Phase::kClosing: return Drop("");
    case Phase::kGone: return;
    case Phase::kServing: break;
  }
  if (sending()) return Drop("it takes its answer too slowly");
  if (reply_ != nullptr && reply_->due_ns() <= now_ns) return;  // Run asks it
  if (reader_.begun() && !reader_.whole()) return Drop("a request came in part only");
  Close(now_ns);
}

void Connection::Drop(std::string_view why) {
  if (phase_ == Phase::kGone) return;
  if (!why.empty() && options_.log) {
    // Also when there is no memory for the line: it may be dropped because of that.
    LeaveOutOfMemory([&] { options_.log(address_ + ": " + std::string(why)); });
  }
  if (phase_ == Phase::kServing) options_.dispatcher->Forget(caller_);
  phase_ = Phase::kGone;
  reply_.reset();
}

void Connection::Close(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  if (half_open()) return Drop("");
  if (phase_ != Phase::kServing) return;
  Linger();
}

void Connection::CloseWhenAnswered(std::uint64_t now_ns) {
  if (!busy() || watching()) return Close(now_ns);
  end_when_sent_ = true;
}

// What the peer has sent but nobody read would make the kernel reset the connection, and the last answer be lost.
void Connection::Linger() {
  if (phase_ == Phase::kServing) options_.dispatcher->Forget(caller_);
  reply_.reset();
  output_.clear();
  sent_ = 0;
  channel_->Close();
  phase_ = Phase::kClosing;
  phase_ns_ = now_ns_;
}

void Connection::Run(std::uint64_t now_ns) {
  now_ns_ = now_ns;
  unfinished_ = false;
  if (phase_ == Phase::kSilent) {
    Result<std::unique_ptr<hal::SecureChannel>> channel = options_.secure->Accept(std::move(stream_));
    if (!channel.ok()) return Drop(channel.status().reason());
    channel_ = std::move(*channel);
    phase_ = Phase::kHandshake;
  }
  if (phase_ == Phase::kHandshake) Handshake();
  if (phase_ < Phase::kHello) return;
  for (int step = 0; step < kStepsPerRun; ++step) {
    if (phase_ == Phase::kGone || Serve() == Step::kWait) return;
  }
  unfinished_ = true;
}

void Connection::Handshake() {
  const hal::Transfer transfer = channel_->Handshake();
  if (Waits(transfer.outcome)) {
    read_waits_ = transfer.outcome;
    return;
  }
  if (transfer.outcome == Outcome::kClosed) return Drop("");
  if (transfer.outcome == Outcome::kFailed) return Drop(transfer.error.reason());
  phase_ = Phase::kHello;
  phase_ns_ = now_ns_;
  read_waits_ = Outcome::kWaitRead;
}

Connection::Step Connection::Serve() {
  if (phase_ == Phase::kClosing) return Receive();
  if (sent_ < output_.size()) return Flush();
  if (end_when_sent_ && reply_ == nullptr) {
    Linger();
    return Step::kGoOn;
  }
  if (reply_ != nullptr && Answer() == Step::kGoOn) return Step::kGoOn;
  if (phase_ == Phase::kGone) return Step::kWait;
  if (!reader_.whole()) return Receive();
  if (reply_ != nullptr) return Step::kWait;
  Take(reader_.frame());
  reader_.Next();
  active_ns_ = now_ns_;
  return Step::kGoOn;
}

Connection::Step Connection::Flush() {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(output_.data());
  const hal::Transfer transfer = channel_->Write({bytes + sent_, output_.size() - sent_});
  if (Waits(transfer.outcome)) {
    write_waits_ = transfer.outcome;
    return Step::kWait;
  }
  if (transfer.outcome != Outcome::kBytes) {
    Drop(transfer.outcome == Outcome::kFailed ? transfer.error.reason() : "");
    return Step::kWait;
  }
  sent_ += transfer.bytes;
  // A peer that takes a little now and then would hold what the answer holds for ever.
  take_by_ns_ =
      std::min(take_by_ns_ + transfer.bytes * options_.times.write_1024 / 1024, now_ns_ + options_.times.write_stall);
  if (sent_ == output_.size()) {
    output_.clear();
    sent_ = 0;
    active_ns_ = now_ns_;
  }
  return Step::kGoOn;
}

Connection::Step Connection::Answer() {
  const bool waited = reply_waits_;
  const Reply::Progress progress = reply_->Next(now_ns_, &output_);
  reply_waits_ = progress == Reply::Progress::kWaiting;
  // While it waited for the card it held up nobody.
  if (waited && !reply_waits_) BeginAnswer();
  if (progress == Reply::Progress::kDone) {
    reply_.reset();
    active_ns_ = now_ns_;
    return Step::kGoOn;
  }
  return progress == Reply::Progress::kMore ? Step::kGoOn : Step::kWait;
}

Connection::Step Connection::Receive() {
  std::array<std::uint8_t, 1024> rest{};
  const bool closing = phase_ == Phase::kClosing;
  const hal::Transfer transfer = channel_->Read(closing ? std::span<std::uint8_t>(rest) : reader_.Room());
  if (Waits(transfer.outcome)) {
    read_waits_ = transfer.outcome;
    return Step::kWait;
  }
  if (transfer.outcome != Outcome::kBytes) {
    Drop(!closing && transfer.outcome == Outcome::kFailed ? transfer.error.reason() : "");
    return Step::kWait;
  }
  if (closing) {
    lingered_bytes_ += transfer.bytes;
    if (lingered_bytes_ > kMaxLingerBytes) Drop("");
    return Step::kGoOn;
  }
  if (!reader_.begun()) frame_ns_ = now_ns_;
  if (const Status took = reader_.Took(transfer.bytes); !took.ok()) EndAfter(took, 0);
  return Step::kGoOn;
}

// Where the next frame would begin is not known any more, or the peer is not to be served.
void Connection::EndAfter(const Status& error, std::uint64_t id) {
  codec::AppendError(id, error, 0, &output_);
  BeginAnswer();
  reply_.reset();
  end_when_sent_ = true;
}

void Connection::Take(std::span<const std::uint8_t> frame) {
  std::uint64_t id = 0;
  asked_ns_ = now_ns_;
  reply_waits_ = false;
  BeginAnswer();
  const Result<codec::Request> request = codec::DecodeRequest(frame, &id);
  if (phase_ == Phase::kHello) {
    if (!request.ok()) return EndAfter(request.status(), id);
    const auto* hello = std::get_if<codec::Hello>(&request->call);
    if (hello != nullptr) return TakeHello(*request, *hello);
    return EndAfter({Code::kFailedPrecondition, "request", "the first of a connection is hello", "say hello first"},
                    id);
  }
  if (!request.ok()) {
    options_.dispatcher->Refused(caller_);
    return codec::AppendError(id, request.status(), 0, &output_);
  }
  reply_ = options_.dispatcher->Serve(caller_, *request, now_ns_, &output_);
}

void Connection::TakeHello(const codec::Request& request, const codec::Hello& hello) {
  if (hello.oldest_version > codec::kControlVersion || hello.newest_version < codec::kControlVersion) {
    return EndAfter({Code::kUnsupported, "hello",
                     "the card speaks version " + std::to_string(codec::kControlVersion) + ", the client " +
                         std::to_string(hello.oldest_version) + " to " + std::to_string(hello.newest_version),
                     "use a client of the card's release"},
                    request.id);
  }
  // What it was let in by is the trust of when it connected.
  if (const Status trusted = options_.secure->Recheck(*channel_); !trusted.ok()) return EndAfter(trusted, request.id);
  Result<Identity> identity = IdentityOf(channel_->peer(), address_);
  if (!identity.ok()) return EndAfter(identity.status(), request.id);
  caller_ = {number_, std::move(*identity), channel_.get()};
  if (const Status admitted = options_.admit(*this); !admitted.ok()) return EndAfter(admitted, request.id);
  phase_ = Phase::kServing;
  phase_ns_ = now_ns_;
  options_.dispatcher->Welcome(caller_, request.id, &output_);
  if (options_.announce) {
    options_.announce(address_ + ": " + caller_.identity.user + " is connected" +
                      (hello.client.empty() ? "" : " with " + hello.client));
  }
}

}  // namespace heliostat::control
