#include "helioctl/card/open_card.h"

namespace heliostat::helioctl {

Result<std::unique_ptr<CardClient>> OpenCard(const CardOptions& options) {
  const auto context = ResolveContext(options);
  if (!context.ok()) return context.status();
  return CardClient::Connect(*context, options.timeout_s);
}

}  // namespace heliostat::helioctl
