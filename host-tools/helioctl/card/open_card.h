// The beginning of every command that asks a card.
#pragma once

#include <memory>

#include "base/status.h"
#include "helioctl/card/card_client.h"
#include "helioctl/card/context.h"

namespace heliostat::helioctl {

// Finds out which card is meant and connects to it.
[[nodiscard]] Result<std::unique_ptr<CardClient>> OpenCard(const CardOptions& options);

}  // namespace heliostat::helioctl
