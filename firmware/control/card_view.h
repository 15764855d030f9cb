// What the control connection says about the card itself. Set before the first connection, then only read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "codec/control.h"
#include "config/config.h"

namespace heliostat::control {

struct CardView {
  std::string name{};
  std::string board{};
  std::string description{};
  std::string firmware{};  // version
  std::uint32_t hardware_id = 0;
  std::uint32_t workers = 0;
  config::Limits limits{};
  std::vector<config::Interface> interfaces{};         // by port
  std::vector<std::string> drivers{};                  // by port
  std::span<const std::atomic<bool>> link_up{};        // by port; the agent keeps them
  std::function<std::uint64_t()> peak_memory_bytes{};  // of the process, packet buffers left out
  std::function<std::vector<std::string>()> remarks{};
};

// Of the interface of that port, now.
[[nodiscard]] codec::InterfaceState StateOf(const CardView& card, std::size_t port);

}  // namespace heliostat::control
