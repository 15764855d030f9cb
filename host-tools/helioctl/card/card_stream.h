// The way to a card: TCP, then TLS with both certificates checked.
#pragma once

#include <memory>

#include "base/status.h"
#include "hal/byte_stream.h"
#include "helioctl/card/context.h"
#include "helioctl/card/message_channel.h"

namespace heliostat::helioctl {

// kUnavailable: nobody listens, the name can't be resolved, or the deadline, each with the address; kNotFound,
// kInvalidArgument: a file of the context, with its path; kPermissionDenied: a certificate, and whose.
[[nodiscard]] Result<std::unique_ptr<hal::ByteStream>> ConnectToCard(const Context& context, const Deadline& deadline);

}  // namespace heliostat::helioctl
