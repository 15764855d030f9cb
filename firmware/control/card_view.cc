#include "control/card_view.h"

namespace heliostat::control {

codec::InterfaceState StateOf(const CardView& card, std::size_t port) {
  const config::Interface& interface = card.interfaces[port];
  return {.name = interface.name,
          .kind = interface.kind,
          .number = interface.number,
          .mac = interface.mac,
          .primary_ipv4 = interface.primary_ipv4,
          .primary_ipv6 = interface.primary_ipv6,
          .mtu = interface.mtu,
          .up = port < card.link_up.size() && card.link_up[port].load(std::memory_order_relaxed),
          .driver = port < card.drivers.size() ? card.drivers[port] : std::string()};
}

}  // namespace heliostat::control
