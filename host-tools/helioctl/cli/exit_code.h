// What helioctl's exit codes mean. The help of every command and the manual page tell them too.
#pragma once

namespace heliostat::helioctl {

inline constexpr int kDone = 0;     // of diff: nothing differs
inline constexpr int kFailed = 1;   // nothing was changed, unless the error says so
inline constexpr int kDiffers = 2;  // of diff
inline constexpr int kUnknown = 3;  // a change was asked for, and its answer is lost

}  // namespace heliostat::helioctl
