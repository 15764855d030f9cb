// DPDK's environment: started once a process, ended with it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "hal/packet.h"

namespace heliostat::hal::dpdk {

struct EalOptions {
  std::string lcores;  // EAL's --lcores; the first is the calling thread's
  std::uint32_t memory_mib = 256;
  bool huge_pages = false;
  bool pci = false;
  bool verbose = false;  // EAL's own log on stderr
};

class Eal {
 public:
  // kInvalidArgument or kUnavailable, with EAL's reason. Call once a process, from the thread that stays the main
  // lcore.
  static Result<Eal> Start(const EalOptions& options);
  Eal(Eal&& other) noexcept : live_(std::exchange(other.live_, false)) {}
  Eal& operator=(Eal&&) = delete;
  ~Eal();

  // Worker lcores: all but the main one.
  [[nodiscard]] static std::vector<unsigned> WorkerLcores();
  // Runs `work` on a worker lcore until it returns. The caller keeps `work` alive until Wait.
  [[nodiscard]] static Status Launch(unsigned lcore, std::function<void()>& work);
  static void Wait(unsigned lcore);

 private:
  Eal() = default;
  bool live_ = true;
};

// `count` packets of `data_room` bytes behind the usual headroom; 0: packets without memory, to attach to others.
// The pool lives until EAL ends. kResourceExhausted when memory does not suffice.
Result<PacketPool*> MakePool(const std::string& name, std::uint32_t count, std::uint16_t data_room);

}  // namespace heliostat::hal::dpdk
