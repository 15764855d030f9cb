// The kernel's clocks, through the vDSO.
#pragma once

#include "hal/clock.h"
#include "hal/secure_channel.h"

namespace heliostat::hal::linux_os {

class SystemClock final : public Clock {
 public:
  std::uint64_t MonotonicNs() override;
  std::uint64_t WallNs() override;
};

// The system's time for dates of certificates. A card has a time of its own for them (control/card_clock.h).
class SystemCertificateClock final : public CertificateClock {
 public:
  std::uint64_t NowS() override;
};

}  // namespace heliostat::hal::linux_os
