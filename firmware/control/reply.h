// What answers a request when one frame at once does not: it is asked for the next frame when the one before has gone
// out, so a connection never holds more than one. The I/O thread.
#pragma once

#include <cstdint>
#include <string>

namespace heliostat::control {

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

class Reply {
 public:
  enum class Progress : std::uint8_t {
    kMore,     // a frame was appended; ask again when it has gone out
    kWaiting,  // nothing yet: ask again when the agent has answered, or at due_ns
    kDone,     // what was appended, if anything, was the last
  };
  virtual ~Reply() = default;
  // Appends at most one frame, with its length, to `out`. Times are monotonic.
  [[nodiscard]] virtual Progress Next(std::uint64_t now_ns, std::string* out) = 0;
  [[nodiscard]] virtual std::uint64_t due_ns() const { return kNever; }
  // Goes on until the connection ends: nobody waits for its end.
  [[nodiscard]] virtual bool endless() const { return false; }
};

}  // namespace heliostat::control
