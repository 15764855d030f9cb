#include "codec/unit_walk.h"

#include <algorithm>
#include <span>
#include <string>

#include "codec/unit_message.h"

namespace heliostat::codec {
namespace {

using Take = std::function<Status()>;

// Calls `fill` with each piece of the list, and its number, then `take`. Passes over the first `*skip` pieces, and
// subtracts from it how many it passed over.
template <typename Element, typename Fill>
Status WalkChunks(const std::vector<Element>& list, std::size_t* skip, const Take& take, Fill fill) {
  const std::size_t passed = std::min(*skip, (list.size() + kChunkElements - 1) / kChunkElements);
  *skip -= passed;
  for (std::size_t at = passed * kChunkElements; at < list.size(); at += kChunkElements) {
    const std::span<const Element> piece(list.data() + at, std::min(kChunkElements, list.size() - at));
    HELIOSTAT_RETURN_IF_ERROR(fill(piece, static_cast<std::uint32_t>(at / kChunkElements)));
    HELIOSTAT_RETURN_IF_ERROR(take());
  }
  return {};
}

Status CopyNames(std::string_view field, std::span<const std::string> names, char (&out)[kChunkElements][64],
                 pb_size_t* count) {
  for (std::size_t i = 0; i < names.size(); ++i) HELIOSTAT_RETURN_IF_ERROR(CopyText(field, names[i], out[i]));
  *count = static_cast<pb_size_t>(names.size());
  return {};
}

Status WalkMembers(const config::Target& target, std::size_t skip, heliostat_v1_Unit* unit, const Take& take) {
  return WalkChunks(target.members, &skip, take, [&](std::span<const std::string> names, std::uint32_t index) {
    unit->which_kind = heliostat_v1_Unit_members_tag;
    heliostat_v1_MemberChunk& chunk = unit->kind.members;
    chunk.index = index;
    HELIOSTAT_RETURN_IF_ERROR(CopyText("target", target.metadata.name, chunk.target));
    return CopyNames("members", names, chunk.members, &chunk.members_count);
  });
}

Status WalkSources(const config::Session& session, std::size_t skip, heliostat_v1_Unit* unit, const Take& take) {
  return WalkChunks(session.sources, &skip, take, [&](std::span<const std::string> names, std::uint32_t index) {
    unit->which_kind = heliostat_v1_Unit_sources_tag;
    heliostat_v1_SourceChunk& chunk = unit->kind.sources;
    chunk.index = index;
    HELIOSTAT_RETURN_IF_ERROR(CopyText("session", session.metadata.name, chunk.session));
    return CopyNames("sources", names, chunk.interfaces, &chunk.interfaces_count);
  });
}

Status WalkRules(const config::Filter& filter, bool inbound, std::size_t* skip, heliostat_v1_Unit* unit,
                 const Take& take) {
  const auto& rules = inbound ? filter.inbound : filter.outbound;
  return WalkChunks(rules, skip, take, [&](std::span<const config::Rule> piece, std::uint32_t index) {
    unit->which_kind = heliostat_v1_Unit_rules_tag;
    heliostat_v1_RuleChunk& chunk = unit->kind.rules;
    chunk.index = index;
    chunk.direction = inbound ? heliostat_v1_Direction_INBOUND : heliostat_v1_Direction_OUTBOUND;
    HELIOSTAT_RETURN_IF_ERROR(CopyText("filter", filter.metadata.name, chunk.filter));
    for (std::size_t i = 0; i < piece.size(); ++i) HELIOSTAT_RETURN_IF_ERROR(WriteRule(piece[i], &chunk.rules[i]));
    chunk.rules_count = static_cast<pb_size_t>(piece.size());
    return OkStatus();
  });
}

Status WriteHeader(const config::Config& config, config::Kind kind, std::size_t index, heliostat_v1_Unit* unit) {
  switch (kind) {
    case config::Kind::kInterface:
      unit->which_kind = heliostat_v1_Unit_interface_tag;
      return WriteInterface(config.interfaces[index], &unit->kind.interface);
    case config::Kind::kUnderlay:
      unit->which_kind = heliostat_v1_Unit_underlay_tag;
      return WriteUnderlay(config.underlays[index], &unit->kind.underlay);
    case config::Kind::kTarget:
      unit->which_kind = heliostat_v1_Unit_target_tag;
      return WriteTarget(config.targets[index], &unit->kind.target);
    case config::Kind::kFilter:
      unit->which_kind = heliostat_v1_Unit_filter_tag;
      return WriteFilter(config.filters[index], &unit->kind.filter);
    case config::Kind::kSession:
      unit->which_kind = heliostat_v1_Unit_session_tag;
      return WriteSession(config.sessions[index], &unit->kind.session);
  }
  return {Code::kInternal, "kind", "there is no such kind", {}};
}

}  // namespace

static_assert(std::size(heliostat_v1_RuleChunk{}.rules) == kChunkElements);

Status WalkUnits(const config::Config& config, config::Kind kind, std::size_t index, bool whole, std::size_t skip,
                 heliostat_v1_Unit* unit, const Take& take) {
  if (skip == 0) {
    HELIOSTAT_RETURN_IF_ERROR(WriteHeader(config, kind, index, unit));
    HELIOSTAT_RETURN_IF_ERROR(take());
  } else {
    --skip;
  }
  if (!whole) return {};
  if (kind == config::Kind::kTarget) return WalkMembers(config.targets[index], skip, unit, take);
  if (kind == config::Kind::kSession) return WalkSources(config.sessions[index], skip, unit, take);
  if (kind != config::Kind::kFilter) return {};
  HELIOSTAT_RETURN_IF_ERROR(WalkRules(config.filters[index], true, &skip, unit, take));
  return WalkRules(config.filters[index], false, &skip, unit, take);
}

}  // namespace heliostat::codec
