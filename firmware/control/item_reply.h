// Resources with their states, frame by frame: the answer to get and list. Holds the configuration it walks, and its
// place in it. The I/O thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codec/control.h"
#include "config/config.h"
#include "control/card_view.h"
#include "control/published.h"
#include "control/reply.h"

namespace heliostat::control {

// How often filters and targets are used. One a configuration, shared by those who walk it.
struct UseCounts {
  std::shared_ptr<const config::Config> of;  // whose names these are
  std::unordered_map<std::string_view, std::uint32_t> filters;
  std::unordered_map<std::string_view, std::uint32_t> targets;
};
[[nodiscard]] std::shared_ptr<const UseCounts> CountUses(std::shared_ptr<const config::Config> config);

class ItemReply final : public Reply {
 public:
  // `get`: one resource whole, kNotFound when there is none; else a list, which ends with a ListEnd.
  ItemReply(std::uint64_t id, codec::List query, bool get, const CardView& card);

  // What it walks; until then it waits. `published` (none for an older generation) gives the states.
  void Start(std::uint64_t generation, std::shared_ptr<const UseCounts> uses,
             std::shared_ptr<const Published> published);
  void Fail(Status why) { failed_ = std::move(why); }

  Progress Next(std::uint64_t now_ns, std::string* out) override;

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Place {  // a resource: its index in the configuration and, of an interface, its port
    std::size_t index = kNone;
    std::size_t port = kNone;
  };
  void FillInterfaces();
  [[nodiscard]] std::size_t CountOf(config::Kind kind) const;
  [[nodiscard]] const std::string& NameOf(config::Kind kind, std::size_t at) const;
  [[nodiscard]] const std::vector<config::Tag>* TagsOf(config::Kind kind, std::size_t at) const;
  [[nodiscard]] bool Matches(config::Kind kind, std::size_t at) const;
  // To the next resource that is asked for; false at the end.
  bool Seek();
  // False when the frame is full before the resource's last unit.
  bool Write(codec::FrameWriter& writer);
  bool Add(codec::FrameWriter& writer, std::span<const std::uint8_t> unit, bool first);
  [[nodiscard]] codec::TargetState StateOfTarget(const config::Target& target) const;
  [[nodiscard]] codec::SessionState StateOfSession(const std::string& name) const;
  void End(std::string* out);

  std::uint64_t id_;
  codec::List query_;
  bool get_;
  const CardView& card_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const config::Config> config_;
  std::shared_ptr<const UseCounts> uses_;
  std::shared_ptr<const Published> published_;
  std::vector<Place> interfaces_;  // the board's and the configuration's together, by name
  Status failed_;

  config::Kind kind_ = config::Kind::kInterface;
  std::size_t at_ = 0;       // the resource of that kind
  std::size_t unit_ = 0;     // of it, the next to be written
  std::uint32_t given_ = 0;  // resources so far
  bool more_ = false;        // the limit was reached before the end
  config::Kind last_kind_ = config::Kind::kInterface;
  std::string last_name_;
};

}  // namespace heliostat::control
