// Whose request it is.
#pragma once

#include <cstdint>

#include "control/identity.h"
#include "hal/secure_channel.h"

namespace heliostat::control {

struct Caller {
  std::uint64_t connection = 0;  // never used again
  Identity identity{};
  const hal::SecureChannel* channel = nullptr;  // while the connection lives
};

}  // namespace heliostat::control
