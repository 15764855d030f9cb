#include "codec/draft.h"

#include <algorithm>
#include <utility>

#include "codec/field.h"
#include "codec/unit.h"
#include "config/check.h"

namespace heliostat::codec {

using config::Invalid;
using config::Kind;
using config::KindName;
using config::Named;
using config::OverLimit;

namespace {

Status CheckCount(std::string subject, std::string_view limit, std::uint64_t most, std::uint64_t count) {
  return count <= most ? Status{} : OverLimit(std::move(subject), limit, most, count);
}

std::string Plural(Kind kind) { return std::string(KindName(kind)) + "s"; }

// The limit that bounds how many of a kind there are.
std::string LimitOf(Kind kind) { return kind == Kind::kUnderlay ? Plural(Kind::kInterface) : Plural(kind); }

Status NotThere(std::string subject) {
  return {Code::kNotFound, std::move(subject), "there is none", "name one that is there, or leave it out"};
}

Status RuleTwice(const std::string& subject, std::uint32_t number) {
  return {Code::kAlreadyExists, subject + " rule " + std::to_string(number), "the number is there twice",
          "give every rule of a list its own number"};
}

std::string_view DirectionName(bool inbound) { return inbound ? " inbound" : " outbound"; }

// Finds which list of a filter is meant, and what it is called.
template <typename Message>
Status ReadList(const Message& message, bool* inbound, std::string* subject) {
  *inbound = message.direction == heliostat_v1_Direction_INBOUND;
  if (!*inbound && message.direction != heliostat_v1_Direction_OUTBOUND) {
    return Invalid(Named("filter", message.filter) + " rules direction", "it is neither inbound nor outbound",
                   "say which list the rules belong to");
  }
  *subject = Named("filter", message.filter);
  subject->append(DirectionName(*inbound));
  return {};
}

Status SortRules(const config::Filter& filter, bool inbound, std::vector<config::Rule>* rules) {
  SortTail(rules, [](const config::Rule& a, const config::Rule& b) { return a.number < b.number; });
  const auto twice = std::adjacent_find(
      rules->begin(), rules->end(), [](const config::Rule& a, const config::Rule& b) { return a.number == b.number; });
  if (twice == rules->end()) return {};
  std::string subject = Named("filter", filter.metadata.name);
  subject.append(DirectionName(inbound));
  return RuleTwice(subject, twice->number);
}

Status Empty(std::string_view what) { return Invalid({}, "the " + std::string(what) + " is empty", "leave it out"); }

// KeepLists moves what a resource keeps when its header is replaced.
Status KeepLists(config::InterfaceSettings&, config::InterfaceSettings*) { return {}; }
Status KeepLists(config::Underlay&, config::Underlay*) { return {}; }
Status KeepLists(config::Target& old, config::Target* target) {
  if (!target->group && !old.members.empty()) {
    return Invalid("group", "the target has members", "put the target whole to make it no group");
  }
  target->members = std::move(old.members);
  return {};
}
Status KeepLists(config::Filter& old, config::Filter* filter) {
  filter->inbound = std::move(old.inbound);
  filter->outbound = std::move(old.outbound);
  return {};
}
Status KeepLists(config::Session& old, config::Session* session) {
  session->sources = std::move(old.sources);
  return {};
}

// Reads the unit's resource and hands it to the function with its kind; other units get `otherwise`.
template <typename Function>
Status WithResource(const heliostat_v1_Unit& unit, Status otherwise, Function function) {
  const auto read = [&](Kind kind, const char* name, auto resource, const auto& message, auto reader) -> Status {
    HELIOSTAT_RETURN_IF_ERROR(reader(message, &resource).Within(Named(KindName(kind), name)));
    return function(kind, std::move(resource));
  };
  const auto& kind = unit.kind;
  switch (unit.which_kind) {
    case heliostat_v1_Unit_interface_tag:
      return read(Kind::kInterface, kind.interface.name, config::InterfaceSettings{}, kind.interface, ReadInterface);
    case heliostat_v1_Unit_underlay_tag:
      return read(Kind::kUnderlay, kind.underlay.interface, config::Underlay{}, kind.underlay, ReadUnderlay);
    case heliostat_v1_Unit_target_tag:
      return read(Kind::kTarget, kind.target.metadata.name, config::Target{}, kind.target, ReadTarget);
    case heliostat_v1_Unit_filter_tag:
      return read(Kind::kFilter, kind.filter.metadata.name, config::Filter{}, kind.filter, ReadFilter);
    case heliostat_v1_Unit_session_tag:
      return read(Kind::kSession, kind.session.metadata.name, config::Session{}, kind.session, ReadSession);
    default: return otherwise;
  }
}

}  // namespace

Draft::Draft(config::Config base, const config::Limits& limits, Duplicates duplicates)
    : limits_(limits),
      duplicates_(duplicates),
      interfaces_(std::move(base.interfaces)),
      underlays_(std::move(base.underlays)),
      targets_(std::move(base.targets)),
      filters_(std::move(base.filters)),
      sessions_(std::move(base.sessions)) {
  filters_.ForEach([this](const config::Filter& filter) { rules_ += filter.inbound.size() + filter.outbound.size(); });
  sessions_.ForEach([this](const config::Session& session) { session_sources_ += session.sources.size(); });
  for (config::PickedId& picked : base.picked_ids) picked_ids_.emplace(std::move(picked.session), picked.tunnel_id);
}

std::uint32_t Draft::MostOf(Kind kind) const {
  switch (kind) {
    case Kind::kInterface:
    case Kind::kUnderlay: return limits_.interfaces;
    case Kind::kTarget: return limits_.targets;
    case Kind::kFilter: return limits_.filters;
    case Kind::kSession: return limits_.sessions;
  }
  return 0;
}

template <typename Resource>
Status Draft::PutResource(Kind kind, Resource resource) {
  has_owner_ = true;
  owner_kind_ = kind;
  owner_ = NameOf(resource);
  next_index_ = {};
  ResourceTable<Resource>& table = TableOf(resource);
  if (Resource* old = table.Find(owner_); old != nullptr) {
    if (duplicates_ == Duplicates::kRefuse) {
      return {Code::kAlreadyExists, Named(KindName(kind), owner_), "the name is there twice",
              "give every one its own name"};
    }
    Release(*old);
    *old = std::move(resource);
    return {};
  }
  HELIOSTAT_RETURN_IF_ERROR(CheckCount(Plural(kind), LimitOf(kind), MostOf(kind), table.size() + 1));
  table.Add(std::move(resource));
  return {};
}

template <typename Resource>
Status Draft::ReplaceHeader(Kind kind, Resource resource) {
  const std::string subject = Named(KindName(kind), NameOf(resource));
  Resource* old = TableOf(resource).Find(NameOf(resource));
  if (old == nullptr) return NotThere(subject);
  HELIOSTAT_RETURN_IF_ERROR(KeepLists(*old, &resource).Within(subject));
  *old = std::move(resource);
  return {};
}

Status Draft::Put(const heliostat_v1_Unit& unit) {
  switch (unit.which_kind) {
    case heliostat_v1_Unit_members_tag: return PutMembers(unit.kind.members);
    case heliostat_v1_Unit_rules_tag: return PutRules(unit.kind.rules);
    case heliostat_v1_Unit_sources_tag: return PutSources(unit.kind.sources);
    case heliostat_v1_Unit_header_tag: return Invalid("header", "it belongs to files", "leave it out");
    default: return PutHeader(unit);
  }
}

Status Draft::PutHeader(const heliostat_v1_Unit& unit) {
  CloseRules();
  const Status nothing = Invalid({}, "it holds nothing", "leave it out");
  return WithResource(unit, nothing,
                      [this](Kind kind, auto resource) { return PutResource(kind, std::move(resource)); });
}

Status Draft::CheckChunk(Kind kind, std::string_view name, std::uint32_t index, std::size_t list,
                         std::size_t elements) {
  if (!has_owner_ || owner_kind_ != kind || owner_ != name) {
    return Invalid({}, "the chunk does not follow its owner",
                   "put chunks right after the resource that they belong to");
  }
  if (index != next_index_[list]) {
    return Invalid("index", "it is " + std::to_string(index) + ", expected " + std::to_string(next_index_[list]),
                   "number the chunks of a list from 0 in order");
  }
  if (elements == 0) return Empty("chunk");
  ++next_index_[list];
  return {};
}

Status Draft::PutMembers(const heliostat_v1_MemberChunk& chunk) {
  const std::string subject = Named("target", chunk.target) + " members";
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(Kind::kTarget, chunk.target, chunk.index, 0, chunk.members_count).Within(subject));
  config::Target& target = *targets_.Find(owner_);
  if (!target.group) return Invalid(subject, "the target is not a group", "set `group`, or leave the members out");
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount(subject, "members_per_group", limits_.members_per_group, target.members.size() + chunk.members_count));
  for (std::size_t i = 0; i < chunk.members_count; ++i) target.members.emplace_back(chunk.members[i]);
  return {};
}

Status Draft::AddRules(const std::string& subject, std::size_t in_list, std::size_t more) {
  HELIOSTAT_RETURN_IF_ERROR(CheckCount(subject + " rules", "rules_per_list", limits_.rules_per_list, in_list + more));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("rules of all filters", "rules", limits_.rules, rules_ + more));
  rules_ += more;
  return {};
}

Status Draft::PutRules(const heliostat_v1_RuleChunk& chunk) {
  bool inbound = false;
  std::string subject;
  HELIOSTAT_RETURN_IF_ERROR(ReadList(chunk, &inbound, &subject));
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(Kind::kFilter, chunk.filter, chunk.index, inbound ? 0 : 1, chunk.rules_count).Within(subject));
  config::Filter& filter = *filters_.Find(owner_);
  auto& list = inbound ? filter.inbound : filter.outbound;
  HELIOSTAT_RETURN_IF_ERROR(AddRules(subject, list.size(), chunk.rules_count));
  if (list.empty()) list.reserve(chunk.rules_count);  // most lists are one chunk: no room to spare
  for (std::size_t i = 0; i < chunk.rules_count; ++i) {
    if (Status status = ReadRule(chunk.rules[i], &list.emplace_back()); !status.ok()) {
      return std::move(status).Within(subject + " rule " + std::to_string(chunk.rules[i].number));
    }
  }
  return {};
}

Status Draft::AddSources(const std::string& subject, std::size_t in_session, std::size_t more) {
  HELIOSTAT_RETURN_IF_ERROR(CheckCount(subject, "sources_per_session", limits_.sources_per_session, in_session + more));
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount("pairs of session and source", "session_sources", limits_.session_sources, session_sources_ + more));
  session_sources_ += more;
  return {};
}

Status Draft::PutSources(const heliostat_v1_SourceChunk& chunk) {
  const std::string subject = Named("session", chunk.session) + " sources";
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(Kind::kSession, chunk.session, chunk.index, 0, chunk.interfaces_count).Within(subject));
  auto& sources = sessions_.Find(owner_)->sources;
  HELIOSTAT_RETURN_IF_ERROR(AddSources(subject, sources.size(), chunk.interfaces_count));
  if (sources.empty()) sources.reserve(chunk.interfaces_count);
  for (std::size_t i = 0; i < chunk.interfaces_count; ++i) sources.emplace_back(chunk.interfaces[i]);
  return {};
}

Status Draft::Patch(const heliostat_v1_Patch& patch) {
  has_owner_ = false;
  switch (patch.which_kind) {
    case heliostat_v1_Patch_header_tag: return PatchHeader(patch.kind.header);
    case heliostat_v1_Patch_rules_tag: return PatchRules(patch.kind.rules);
    case heliostat_v1_Patch_sources_tag: return PatchSources(patch.kind.sources);
    default: return Empty("patch");
  }
}

Status Draft::PatchHeader(const heliostat_v1_Unit& unit) {
  CloseRules();
  const Status nothing =
      Invalid("patch header", "it is no resource", "give an interface, underlay, target, filter or session");
  return WithResource(unit, nothing,
                      [this](Kind kind, auto resource) { return ReplaceHeader(kind, std::move(resource)); });
}

void Draft::CloseRules() {
  open_.Close();
  open_filter_.clear();
}

Status Draft::OpenRules(const std::string& filter, bool inbound) {
  if (open_.is_open() && open_filter_ == filter && open_inbound_ == inbound) return {};
  CloseRules();
  config::Filter* found = filters_.Find(filter);
  if (found == nullptr) return NotThere(Named("filter", filter));
  // A number that chunks have put twice is told of now rather than in Finish.
  auto& rules = inbound ? found->inbound : found->outbound;
  // Opening goes through the whole list, so patches that alternate between long lists would take very long.
  if (rules.size() > openings_) {
    return {Code::kResourceExhausted, Named("filter", filter) + " rules",
            "one edit patches long lists in turns too often", "send the patches of a list one behind the other"};
  }
  openings_ -= rules.size();
  if (!open_.Open(&rules)) return SortRules(*found, inbound, &rules);
  open_filter_ = filter;
  open_inbound_ = inbound;
  return {};
}

Status Draft::PatchRules(const heliostat_v1_RulePatch& patch) {
  bool inbound = false;
  std::string subject;
  HELIOSTAT_RETURN_IF_ERROR(ReadList(patch, &inbound, &subject));
  if (patch.set_count == 0 && patch.remove_count == 0) return Empty("patch").Within(subject);
  HELIOSTAT_RETURN_IF_ERROR(OpenRules(patch.filter, inbound));
  // Removals come first, so that a full list takes as many rules as it gives.
  HELIOSTAT_RETURN_IF_ERROR(RemoveRules(patch, subject));
  return SetRules(patch, subject);
}

Status Draft::RemoveRules(const heliostat_v1_RulePatch& patch, const std::string& subject) {
  for (std::size_t i = 0; i < patch.remove_count; ++i) {
    const std::uint32_t number = patch.remove[i];
    if (number > 65535 || !open_.Has(static_cast<std::uint16_t>(number))) {
      return NotThere(subject + " rule " + std::to_string(number));
    }
    open_.Remove(static_cast<std::uint16_t>(number));
    --rules_;
  }
  return {};
}

Status Draft::SetRules(const heliostat_v1_RulePatch& patch, const std::string& subject) {
  for (std::size_t i = 0; i < patch.set_count; ++i) {
    config::Rule rule;
    Status status = ReadRule(patch.set[i], &rule);
    if (status.ok() && rule.number == 0) status = Invalid("number", "it is 0", "use 1 to 65535");
    if (!status.ok()) return std::move(status).Within(subject + " rule " + std::to_string(patch.set[i].number));
    if (!open_.Has(rule.number)) HELIOSTAT_RETURN_IF_ERROR(AddRules(subject, open_.size(), 1));
    open_.Set(std::move(rule));
  }
  return {};
}

Status Draft::PatchSources(const heliostat_v1_SourcePatch& patch) {
  const std::string subject = Named("session", patch.session);
  config::Session* session = sessions_.Find(patch.session);
  if (session == nullptr) return NotThere(subject);
  if (patch.add_count == 0 && patch.remove_count == 0) return Empty("patch").Within(subject + " sources");
  auto& sources = session->sources;
  for (std::size_t i = 0; i < patch.remove_count; ++i) {
    const auto found = std::find(sources.begin(), sources.end(), patch.remove[i]);
    if (found == sources.end()) return NotThere(subject + " sources " + config::Quoted(patch.remove[i]));
    sources.erase(found);
    --session_sources_;
  }
  HELIOSTAT_RETURN_IF_ERROR(AddSources(subject + " sources", sources.size(), patch.add_count));
  for (std::size_t i = 0; i < patch.add_count; ++i) {
    if (std::find(sources.begin(), sources.end(), patch.add[i]) != sources.end()) {
      return {Code::kAlreadyExists, subject + " sources " + config::Quoted(patch.add[i]), "it is there",
              "leave it out"};
    }
    sources.emplace_back(patch.add[i]);
  }
  return {};
}

template <typename Resource>
Status Draft::RemoveFrom(Kind kind, ResourceTable<Resource>* table, std::string_view name) {
  const Resource* old = table->Find(name);
  if (old == nullptr) return NotThere(Named(KindName(kind), name));
  Release(*old);
  table->Remove(name);
  return {};
}

Status Draft::Remove(const heliostat_v1_Remove& remove) {
  has_owner_ = false;
  CloseRules();
  switch (remove.kind) {
    case heliostat_v1_Kind_INTERFACE: return RemoveFrom(Kind::kInterface, &interfaces_, remove.name);
    case heliostat_v1_Kind_UNDERLAY: return RemoveFrom(Kind::kUnderlay, &underlays_, remove.name);
    case heliostat_v1_Kind_TARGET: return RemoveFrom(Kind::kTarget, &targets_, remove.name);
    case heliostat_v1_Kind_FILTER: return RemoveFrom(Kind::kFilter, &filters_, remove.name);
    case heliostat_v1_Kind_SESSION: return RemoveFrom(Kind::kSession, &sessions_, remove.name);
    case heliostat_v1_Kind_KIND_UNSPECIFIED: break;
  }
  return Missing("remove kind", "say interface, underlay, target, filter or session");
}

// The base's resources count too.
Status Draft::CheckCounts() {
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("interfaces", "interfaces", limits_.interfaces, interfaces_.size()));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("underlays", "interfaces", limits_.interfaces, underlays_.size()));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("targets", "targets", limits_.targets, targets_.size()));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("filters", "filters", limits_.filters, filters_.size()));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("sessions", "sessions", limits_.sessions, sessions_.size()));
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("rules of all filters", "rules", limits_.rules, rules_));
  return CheckCount("pairs of session and source", "session_sources", limits_.session_sources, session_sources_);
}

void Draft::PickIds(const heliostat_v1_PickedIds& picked) {
  for (std::size_t i = 0; i < picked.ids_count; ++i) {
    const heliostat_v1_PickedId& one = picked.ids[i];
    if (one.has_tunnel_id) {
      picked_ids_[one.session] = one.tunnel_id;
    } else {
      picked_ids_.erase(one.session);
    }
  }
}

Result<config::Config> Draft::Finish() {
  CloseRules();
  HELIOSTAT_RETURN_IF_ERROR(CheckCounts());
  config::Config config{.interfaces = interfaces_.Take(),
                        .underlays = underlays_.Take(),
                        .targets = targets_.Take(),
                        .filters = filters_.Take(),
                        .sessions = sessions_.Take(),
                        .picked_ids = {}};
  for (const config::Session& session : config.sessions) {
    const auto picked = picked_ids_.find(session.metadata.name);
    if (picked != picked_ids_.end()) config.picked_ids.push_back({picked->first, picked->second});
  }
  for (config::Filter& filter : config.filters) {
    HELIOSTAT_RETURN_IF_ERROR(SortRules(filter, true, &filter.inbound));
    HELIOSTAT_RETURN_IF_ERROR(SortRules(filter, false, &filter.outbound));
  }
  return config;
}

}  // namespace heliostat::codec
