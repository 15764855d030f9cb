#include "control/shared_reading.h"

#include <algorithm>
#include <utility>

#include "agent/reading.h"

namespace heliostat::control {

void SharedReading::Get(Take take) {
  const auto free = [this] {
    return std::find_if(given_.begin(), given_.end(), [](const auto& given) { return given.expired(); });
  };
  if (!asked_ && free() == given_.end()) return take(std::shared_ptr<const agent::Reading>());
  waiting_.push_back(std::move(take));
  if (asked_) return;
  calls_.Call([this]() -> Taken { return read_(); },
              [this, free](const Taken& taken) {
                asked_ = false;
                if (taken.ok()) *free() = *taken;
                for (const Take& waiter : std::exchange(waiting_, {})) waiter(taken);
              });
  // Only now: when there was no memory to ask, the next who wants one asks for all.
  asked_ = true;
}

}  // namespace heliostat::control
