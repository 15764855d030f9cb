// Which end of a link each station of a capture lives on.
//
// A capture of a link holds both directions and does not say which frame went which way. Stations that talk with each
// other sit at different ends, so the conversations colour the stations with two colours. The first conversation to
// say so wins; one that would contradict (three stations that all talk with each other) changes nothing. In each group
// of stations that are connected by conversations, the first to send is on the guest side. Only unicast frames are
// conversations; a multicast or broadcast frame belongs to the side of the station that sends it. A frame too short
// to name its sender goes to the guest side. The answer depends on the frames and their order alone.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "base/address.h"

namespace heliostat::traffic {

enum class Side : std::uint8_t { kGuest = 0, kWire = 1 };

class Sides {
 public:
  // Learns from one frame. Show it all frames, in order, before asking.
  void Learn(std::span<const std::uint8_t> frame);

  [[nodiscard]] Side Of(std::span<const std::uint8_t> frame) const;

 private:
  // A union-find forest in which each station knows whether it is on its parent's side or opposite.
  struct Station {
    MacAddress parent;
    bool opposite_of_parent = false;
    std::uint64_t members = 1;          // in a root: the number of stations in its group
    std::uint64_t first_sent = kNever;  // in a root: the frame in which the first of the group sent
    bool first_is_opposite = false;     // in a root: whether that first sender is opposite to the root
  };
  struct Root {
    MacAddress mac;
    bool opposite = false;
  };
  static constexpr std::uint64_t kNever = UINT64_MAX;

  [[nodiscard]] Root Find(const MacAddress& mac) const;
  void Add(const MacAddress& mac);
  void Oppose(const MacAddress& one, const MacAddress& other);

  std::map<MacAddress, Station> stations_;
  std::uint64_t frames_ = 0;
};

}  // namespace heliostat::traffic
