// Connections: bytes in order between two peers, never waiting, and how to wait for many of them at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"

namespace heliostat::hal {

// The outcome of one Read or Write.
struct Transfer {
  enum class Outcome : std::uint8_t {
    kBytes,      // `bytes` of them, at least one
    kWaitRead,   // nothing now: wait until the stream is readable
    kWaitWrite,  // ... until it is writable (a secure channel may want either, for Read and Write alike)
    kClosed,     // the peer ended the connection in order; of Write: it is gone
    kFailed,     // it is broken: `error`
  };
  Outcome outcome = Outcome::kFailed;
  std::size_t bytes = 0;
  Status error{};
};

// One thread at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;  // closes
  // Callers read until it waits, since a secure channel holds bytes that no poller sees.
  [[nodiscard]] virtual Transfer Read(std::span<std::uint8_t> out) = 0;
  // May take only a part. After kWaitWrite or kWaitRead the next Write begins with the same bytes again; more may
  // follow them.
  [[nodiscard]] virtual Transfer Write(std::span<const std::uint8_t> bytes) = 0;
  // The peer's address and port, for people: `192.0.2.1:40123`, `[2001:db8::1]:40123`.
  [[nodiscard]] virtual const std::string& peer_address() const = 0;
  // The descriptor that a Poller waits for.
  [[nodiscard]] virtual int descriptor() const = 0;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // Returns the next connection, or null when none waits. After an error (no descriptors left) the listener is usable
  // and the connection still waits, so a poller goes on reporting it.
  [[nodiscard]] virtual Result<std::unique_ptr<ByteStream>> Accept() = 0;
  [[nodiscard]] virtual const std::string& address() const = 0;  // with the port that it really has
  [[nodiscard]] virtual int descriptor() const = 0;
};

// Waits for descriptors. All calls but Wake belong to one thread.
class Poller {
 public:
  struct Event {
    std::uint64_t token = 0;
    bool readable = false;  // or it is closed or broken: a read will tell
    bool writable = false;
    bool broken = false;  // or closed by the peer, when neither reading nor writing is waited for
  };
  virtual ~Poller() = default;
  // `token` (not 2^64 - 1) comes back with the descriptor's events. Another Set changes what is waited for; with
  // neither `read` nor `write` that is only the connection's end.
  [[nodiscard]] virtual Status Set(int descriptor, std::uint64_t token, bool read, bool write) = 0;
  virtual void Remove(int descriptor) = 0;
  // Returns at most `events.size()` events, after at most `timeout_ms` (-1: any time). Returns none after a Wake, a
  // signal or the timeout, when nothing else is there.
  [[nodiscard]] virtual std::size_t Wait(std::span<Event> events, int timeout_ms) = 0;
  // Ends the present Wait, or else the next. Any thread.
  virtual void Wake() = 0;
};

}  // namespace heliostat::hal
