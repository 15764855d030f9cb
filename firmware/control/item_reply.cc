#include "control/item_reply.h"

#include <algorithm>
#include <utility>

#include "codec/change.h"
#include "control/name_pattern.h"

namespace heliostat::control {
namespace {

using config::Kind;

constexpr auto kLastKind = Kind::kSession;

bool HasTags(const std::vector<config::Tag>& tags, const std::vector<config::Tag>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const config::Tag& want) {
    return std::any_of(tags.begin(), tags.end(), [&](const config::Tag& tag) {
      return tag.key == want.key && (want.value.empty() || tag.value == want.value);
    });
  });
}

std::uint32_t CountIn(const std::unordered_map<std::string_view, std::uint32_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

std::uint32_t Count(std::size_t size) { return static_cast<std::uint32_t>(size); }

// By name; null: there is none.
template <typename Report>
const Report* FindReport(const std::vector<Report>& reports, const std::string& name) {
  const auto found = std::lower_bound(reports.begin(), reports.end(), name,
                                      [](const Report& report, const std::string& n) { return report.name < n; });
  return found != reports.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

std::shared_ptr<const UseCounts> CountUses(std::shared_ptr<const config::Config> config) {
  auto uses = std::make_shared<UseCounts>();
  for (const config::Session& session : config->sessions) {
    ++uses->filters[session.filter];
    ++uses->targets[session.target];
  }
  uses->of = std::move(config);
  return uses;
}

ItemReply::ItemReply(std::uint64_t id, codec::List query, bool get, const CardView& card)
    : id_(id), query_(std::move(query)), get_(get), card_(card) {}

void ItemReply::Start(std::uint64_t generation, std::shared_ptr<const UseCounts> uses,
                      std::shared_ptr<const Published> published) {
  generation_ = generation;
  config_ = uses->of;
  uses_ = std::move(uses);
  published_ = std::move(published);
  FillInterfaces();
}

// Every port of the board is an interface, with settings or without.
void ItemReply::FillInterfaces() {
  for (std::size_t port = 0; port < card_.interfaces.size(); ++port) interfaces_.push_back({kNone, port});
  for (std::size_t index = 0; index < config_->interfaces.size(); ++index) {
    const std::string& name = config_->interfaces[index].name;
    const auto same = std::find_if(interfaces_.begin(), interfaces_.end(), [&](const Place& place) {
      return place.port != kNone && card_.interfaces[place.port].name == name;
    });
    if (same != interfaces_.end()) {
      same->index = index;
    } else {
      interfaces_.push_back({index, kNone});
    }
  }
  const auto name = [&](const Place& place) -> const std::string& {
    return place.port != kNone ? card_.interfaces[place.port].name : config_->interfaces[place.index].name;
  };
  std::sort(interfaces_.begin(), interfaces_.end(), [&](const Place& a, const Place& b) { return name(a) < name(b); });
}

std::size_t ItemReply::CountOf(Kind kind) const {
  switch (kind) {
    case Kind::kInterface: return interfaces_.size();
    case Kind::kUnderlay: return config_->underlays.size();
    case Kind::kTarget: return config_->targets.size();
    case Kind::kFilter: return config_->filters.size();
    case Kind::kSession: return config_->sessions.size();
  }
  return 0;
}

const std::string& ItemReply::NameOf(Kind kind, std::size_t at) const {
  switch (kind) {
    case Kind::kInterface: {
      const Place& place = interfaces_[at];
      return place.port != kNone ? card_.interfaces[place.port].name : config_->interfaces[place.index].name;
    }
    case Kind::kUnderlay: return config_->underlays[at].interface;
    case Kind::kTarget: return config_->targets[at].metadata.name;
    case Kind::kFilter: return config_->filters[at].metadata.name;
    case Kind::kSession: break;
  }
  return config_->sessions[at].metadata.name;
}

const std::vector<config::Tag>* ItemReply::TagsOf(Kind kind, std::size_t at) const {
  switch (kind) {
    case Kind::kInterface:
      return interfaces_[at].index == kNone ? nullptr : &config_->interfaces[interfaces_[at].index].tags;
    case Kind::kUnderlay: return nullptr;
    case Kind::kTarget: return &config_->targets[at].metadata.tags;
    case Kind::kFilter: return &config_->filters[at].metadata.tags;
    case Kind::kSession: break;
  }
  return &config_->sessions[at].metadata.tags;
}

bool ItemReply::Matches(Kind kind, std::size_t at) const {
  if (query_.kind && *query_.kind != kind) return false;
  const std::string& name = NameOf(kind, at);
  if (get_) return name == query_.name;
  if (query_.after_kind && (kind < *query_.after_kind || (kind == *query_.after_kind && name <= query_.after_name))) {
    return false;
  }
  if (!MatchesPattern(query_.name, name)) return false;
  if (query_.tags.empty()) return true;
  const std::vector<config::Tag>* tags = TagsOf(kind, at);
  return tags != nullptr && HasTags(*tags, query_.tags);
}

bool ItemReply::Seek() {
  while (true) {
    for (; at_ < CountOf(kind_); ++at_) {
      if (Matches(kind_, at_)) return true;
    }
    if (kind_ == kLastKind) return false;
    kind_ = static_cast<Kind>(static_cast<int>(kind_) + 1);
    at_ = 0;
  }
}

ItemReply::Progress ItemReply::Next(std::uint64_t /*now_ns*/, std::string* out) {
  if (!failed_.ok()) {
    codec::AppendError(id_, failed_, 0, out);
    return Progress::kDone;
  }
  if (config_ == nullptr) return Progress::kWaiting;
  codec::FrameWriter writer(codec::FrameWriter::Kind::kItems, id_);
  while (Seek()) {
    if (unit_ == 0 && query_.limit != 0 && given_ == query_.limit) {
      more_ = true;
      break;
    }
    if (!Write(writer)) {
      if (writer.empty()) {  // a unit has its bound, so this is a broken one
        codec::AppendError(id_, {Code::kInternal, "", "a resource does not fit a frame"}, 0, out);
        return Progress::kDone;
      }
      writer.Finish(true, false, out);
      return Progress::kMore;
    }
    last_kind_ = kind_;
    last_name_ = NameOf(kind_, at_);
    ++given_;
    ++at_;
    unit_ = 0;
    if (get_) break;
  }
  if (get_) {
    if (given_ == 0) {
      const std::string_view kind = query_.kind ? config::KindName(*query_.kind) : "resource";
      codec::AppendError(
          id_, {Code::kNotFound, std::string(kind) + " \"" + query_.name + "\"", "there is none", "list what there is"},
          0, out);
    } else {
      writer.Finish(false, false, out);
    }
    return Progress::kDone;
  }
  // The list's end is a frame of its own, and there is one frame a call.
  if (!writer.empty()) {
    writer.Finish(true, false, out);
    return Progress::kMore;
  }
  End(out);
  return Progress::kDone;
}

void ItemReply::End(std::string* out) {
  codec::ListEnd end;
  end.generation = generation_;
  end.more = more_;
  if (more_) {
    end.next_kind = last_kind_;
    end.next_name = last_name_;
  }
  codec::AppendListEnd(id_, end, out);
}

bool ItemReply::Write(codec::FrameWriter& writer) {
  std::size_t index = at_;
  const config::Config* config = config_.get();
  config::Config bare;
  if (kind_ == Kind::kInterface && (index = interfaces_[at_].index) == kNone) {
    bare.interfaces.push_back({.name = NameOf(kind_, at_)});
    config = &bare;
    index = 0;
  }
  const Status written = codec::WriteUnits(*config, kind_, index, get_ || query_.whole, unit_,
                                           [&](std::span<const std::uint8_t> unit) -> Status {
                                             if (!Add(writer, unit, unit_ == 0))
                                               return {Code::kResourceExhausted, "frame", "it is full"};
                                             ++unit_;
                                             return {};
                                           });
  return written.ok();
}

bool ItemReply::Add(codec::FrameWriter& writer, std::span<const std::uint8_t> unit, bool first) {
  if (!first) return writer.AddItem(unit, {});
  codec::FrameWriter::ItemState state;
  codec::InterfaceState interface;
  codec::TargetState target;
  codec::FilterState filter;
  codec::SessionState session;
  switch (kind_) {
    case Kind::kInterface:
      if (interfaces_[at_].port != kNone) {
        interface = StateOf(card_, interfaces_[at_].port);
        state.interface = &interface;
      }
      break;
    case Kind::kUnderlay: break;
    case Kind::kTarget:
      target = StateOfTarget(config_->targets[at_]);
      state.target = &target;
      break;
    case Kind::kFilter: {
      const config::Filter& of = config_->filters[at_];
      filter = {Count(of.inbound.size()), Count(of.outbound.size()), CountIn(uses_->filters, of.metadata.name)};
      state.filter = &filter;
      break;
    }
    case Kind::kSession:
      state.sources = Count(config_->sessions[at_].sources.size());
      if (published_ != nullptr) {
        session = StateOfSession(config_->sessions[at_].metadata.name);
        state.session = &session;
      }
      break;
  }
  return writer.AddItem(unit, state);
}

codec::SessionState ItemReply::StateOfSession(const std::string& name) const {
  const agent::SessionReport* report = FindReport(published_->sessions, name);
  if (report == nullptr) return {.name = name};
  return {.name = name, .tunnel_id = report->tunnel_id, .active = report->active, .reason = report->reason};
}

codec::TargetState ItemReply::StateOfTarget(const config::Target& target) const {
  codec::TargetState state;
  state.members = Count(target.members.size());
  state.sessions = CountIn(uses_->targets, target.metadata.name);
  if (published_ == nullptr) {  // of the past only what was configured is known
    state.reason = "not the current generation";
    return state;
  }
  const agent::TargetReport* report = FindReport(published_->targets, target.metadata.name);
  if (report == nullptr) {  // the card runs with less than is stored
    state.reason = "the configuration is not applied";
    return state;
  }
  state.up = report->up;
  state.reason = report->reason;
  return state;
}

}  // namespace heliostat::control
