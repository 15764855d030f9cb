// Where the copies for a target leave, and to which MAC. Pure; neighbours are the static ones for now.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "config/config.h"
#include "config/use.h"

namespace heliostat::underlay {

struct NextHop {
  bool routed = false;                   // the egress interface is known
  bool resolved = false;                 // the next hop's MAC too: copies can leave
  std::string reason;                    // why not
  std::size_t interface = 0;             // index of the egress interface, when `routed`
  MacAddress destination_mac;            // when `resolved`
  IpAddress tunnel_source;               // family kNone: the egress has no tunnel address of the remote's family
  std::optional<std::uint16_t> vlan_id;  // outer 802.1Q tag
  std::uint16_t mtu = 0;                 // of the outer IP packet: the least of target, underlay and interface
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

// Resolves the targets of one configuration, which must outlive it, as must `interfaces`. Any thread.
class Resolver {
 public:
  Resolver(const config::Config& config, const std::vector<config::Interface>& interfaces);
  Resolver(const config::Config&, std::vector<config::Interface>&&) = delete;

  // `target` must not be a group. The longest prefix of all underlays wins; of equal ones, an on-link prefix comes
  // before a route and a route before a gateway, then the first underlay wins. A remote that is a local guest's primary
  // address goes to that guest's port; a target that names its interface uses that one alone.
  [[nodiscard]] NextHop Resolve(const config::Target& target) const;
  // Returns the index of the interface of that name, if there is one.
  [[nodiscard]] std::optional<std::size_t> FindInterface(std::string_view name) const;
  [[nodiscard]] const config::Guests& guests() const { return guests_; }

 private:
  [[nodiscard]] NextHop ToLocalPort(std::size_t interface, const config::Target& target) const;
  [[nodiscard]] NextHop ToLocalGuest(std::size_t guest, const config::Target& target) const;

  const config::Config& config_;
  const std::vector<config::Interface>& interfaces_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  config::Guests guests_;
};

}  // namespace heliostat::underlay
