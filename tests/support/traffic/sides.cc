#include "support/traffic/sides.h"

#include <algorithm>
#include <optional>

namespace heliostat::traffic {
namespace {

MacAddress MacAt(std::span<const std::uint8_t> frame, std::size_t offset) {
  MacAddress mac;
  std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(offset), mac.bytes.size(), mac.bytes.begin());
  return mac;
}

std::optional<MacAddress> Sender(std::span<const std::uint8_t> frame) {
  if (frame.size() < 12) return std::nullopt;
  return MacAt(frame, 6);
}

}  // namespace

void Sides::Add(const MacAddress& mac) { stations_.try_emplace(mac, Station{.parent = mac}); }

Sides::Root Sides::Find(const MacAddress& mac) const {
  Root root{.mac = mac};
  for (auto station = stations_.find(mac); station->second.parent != root.mac; station = stations_.find(root.mac)) {
    root.opposite ^= station->second.opposite_of_parent;
    root.mac = station->second.parent;
  }
  return root;
}

void Sides::Oppose(const MacAddress& one, const MacAddress& other) {
  Root above = Find(one);
  Root below = Find(other);
  if (above.mac == below.mac) return;
  // The smaller group goes under the larger, so that Find stays logarithmic in a capture of a MAC flood too.
  if (stations_[above.mac].members < stations_[below.mac].members) std::swap(above, below);
  Station& parent = stations_[above.mac];
  Station& child = stations_[below.mac];
  child.parent = above.mac;
  child.opposite_of_parent = above.opposite == below.opposite;
  parent.members += child.members;
  if (child.first_sent < parent.first_sent) {
    parent.first_sent = child.first_sent;
    parent.first_is_opposite = child.first_is_opposite != child.opposite_of_parent;
  }
}

void Sides::Learn(std::span<const std::uint8_t> frame) {
  const std::uint64_t number = frames_++;
  const std::optional<MacAddress> sender = Sender(frame);
  if (!sender) return;
  Add(*sender);
  const Root root = Find(*sender);
  if (Station& group = stations_[root.mac]; group.first_sent == kNever) {
    group.first_sent = number;
    group.first_is_opposite = root.opposite;
  }
  const MacAddress receiver = MacAt(frame, 0);
  if (receiver.IsMulticast() || sender->IsMulticast() || receiver == *sender) return;
  Add(receiver);
  Oppose(*sender, receiver);
}

Side Sides::Of(std::span<const std::uint8_t> frame) const {
  const std::optional<MacAddress> sender = Sender(frame);
  if (!sender || !stations_.contains(*sender)) return Side::kGuest;
  const Root root = Find(*sender);
  const bool with_first = root.opposite == stations_.at(root.mac).first_is_opposite;
  return with_first ? Side::kGuest : Side::kWire;
}

}  // namespace heliostat::traffic
