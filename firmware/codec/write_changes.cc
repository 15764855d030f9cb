#include <control.pb.h>
#include <pb_encode.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "codec/change.h"
#include "codec/unit_message.h"
#include "codec/unit_walk.h"

namespace heliostat::codec {
namespace {

using config::Difference;
using config::Kind;

static_assert(heliostat_v1_Change_size <= kMaxChangeBytes, "the largest Change that the bounds allow must pass");

template <typename Message, std::size_t kMost>
constexpr bool HoldsPatch(const Message (&)[kMost]) {
  return kMost == kChunkElements;
}
static_assert(HoldsPatch(heliostat_v1_RulePatch{}.set) && HoldsPatch(heliostat_v1_SourcePatch{}.add) &&
              HoldsPatch(heliostat_v1_PickedIds{}.ids));

struct PickDifference {
  const std::string* session;
  std::optional<std::uint32_t> tunnel_id;  // none: not picked any more
};

// Holds the memory of one change and uses it again and again.
class ChangeWriter {
 public:
  explicit ChangeWriter(const ChangeSink& sink) : sink_(sink), bytes_(heliostat_v1_Change_size) {}

  Status Remove(Kind kind, const std::string& name);
  Status Put(const config::Config& config, Kind kind, std::size_t index);
  Status PatchHeader(const config::Config& config, Kind kind, std::size_t index);
  // Lists may have any length: they are written in as many patches as they need.
  Status RemoveRules(const std::string& filter, bool inbound, const std::vector<std::uint16_t>& numbers);
  Status SetRules(const std::string& filter, bool inbound, const std::vector<const config::Rule*>& rules);
  Status RemoveSources(const std::string& session, const std::vector<const std::string*>& names);
  Status AddSources(const std::string& session, const std::vector<const std::string*>& names);
  Status PickIds(const std::vector<PickDifference>& picks);

 private:
  Status Emit();
  Status BeginRules(const std::string& filter, bool inbound);
  Status BeginSources(const std::string& session);
  heliostat_v1_Patch& BeginPatch(pb_size_t kind);

  const ChangeSink& sink_;
  std::unique_ptr<heliostat_v1_Change> change_ = std::make_unique<heliostat_v1_Change>();
  std::vector<pb_byte_t> bytes_;
};

Status ChangeWriter::Emit() {
  pb_ostream_t stream = pb_ostream_from_buffer(bytes_.data(), bytes_.size());
  if (!pb_encode(&stream, heliostat_v1_Change_fields, change_.get())) {
    return {Code::kInternal, "change", PB_GET_ERROR(&stream), {}};
  }
  return sink_({bytes_.data(), stream.bytes_written});
}

Status ChangeWriter::Remove(Kind kind, const std::string& name) {
  change_->which_kind = heliostat_v1_Change_remove_tag;
  change_->kind.remove.kind = static_cast<heliostat_v1_Kind>(kind);
  HELIOSTAT_RETURN_IF_ERROR(CopyText("name", name, change_->kind.remove.name));
  return Emit();
}

Status ChangeWriter::Put(const config::Config& config, Kind kind, std::size_t index) {
  change_->which_kind = heliostat_v1_Change_put_tag;
  return WalkUnits(config, kind, index, true, 0, &change_->kind.put, [this] { return Emit(); });
}

heliostat_v1_Patch& ChangeWriter::BeginPatch(pb_size_t kind) {
  change_->which_kind = heliostat_v1_Change_patch_tag;
  change_->kind.patch.which_kind = kind;
  return change_->kind.patch;
}

Status ChangeWriter::PatchHeader(const config::Config& config, Kind kind, std::size_t index) {
  heliostat_v1_Patch& patch = BeginPatch(heliostat_v1_Patch_header_tag);
  return WalkUnits(config, kind, index, false, 0, &patch.kind.header, [this] { return Emit(); });
}

Status ChangeWriter::BeginRules(const std::string& filter, bool inbound) {
  heliostat_v1_RulePatch& patch = BeginPatch(heliostat_v1_Patch_rules_tag).kind.rules;
  patch.direction = inbound ? heliostat_v1_Direction_INBOUND : heliostat_v1_Direction_OUTBOUND;
  patch.set_count = 0;
  patch.remove_count = 0;
  return CopyText("filter", filter, patch.filter);
}

Status ChangeWriter::RemoveRules(const std::string& filter, bool inbound, const std::vector<std::uint16_t>& numbers) {
  for (std::size_t at = 0; at < numbers.size(); at += kChunkElements) {
    HELIOSTAT_RETURN_IF_ERROR(BeginRules(filter, inbound));
    heliostat_v1_RulePatch& patch = change_->kind.patch.kind.rules;
    const std::size_t count = std::min(kChunkElements, numbers.size() - at);
    for (std::size_t i = 0; i < count; ++i) patch.remove[i] = numbers[at + i];
    patch.remove_count = static_cast<pb_size_t>(count);
    HELIOSTAT_RETURN_IF_ERROR(Emit());
  }
  return {};
}

Status ChangeWriter::SetRules(const std::string& filter, bool inbound, const std::vector<const config::Rule*>& rules) {
  for (std::size_t at = 0; at < rules.size(); at += kChunkElements) {
    HELIOSTAT_RETURN_IF_ERROR(BeginRules(filter, inbound));
    heliostat_v1_RulePatch& patch = change_->kind.patch.kind.rules;
    const std::size_t count = std::min(kChunkElements, rules.size() - at);
    for (std::size_t i = 0; i < count; ++i) HELIOSTAT_RETURN_IF_ERROR(WriteRule(*rules[at + i], &patch.set[i]));
    patch.set_count = static_cast<pb_size_t>(count);
    HELIOSTAT_RETURN_IF_ERROR(Emit());
  }
  return {};
}

Status ChangeWriter::BeginSources(const std::string& session) {
  heliostat_v1_SourcePatch& patch = BeginPatch(heliostat_v1_Patch_sources_tag).kind.sources;
  patch.add_count = 0;
  patch.remove_count = 0;
  return CopyText("session", session, patch.session);
}

Status ChangeWriter::RemoveSources(const std::string& session, const std::vector<const std::string*>& names) {
  for (std::size_t at = 0; at < names.size(); at += kChunkElements) {
    HELIOSTAT_RETURN_IF_ERROR(BeginSources(session));
    heliostat_v1_SourcePatch& patch = change_->kind.patch.kind.sources;
    const std::size_t count = std::min(kChunkElements, names.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      HELIOSTAT_RETURN_IF_ERROR(CopyText("sources", *names[at + i], patch.remove[i]));
    }
    patch.remove_count = static_cast<pb_size_t>(count);
    HELIOSTAT_RETURN_IF_ERROR(Emit());
  }
  return {};
}

Status ChangeWriter::AddSources(const std::string& session, const std::vector<const std::string*>& names) {
  for (std::size_t at = 0; at < names.size(); at += kChunkElements) {
    HELIOSTAT_RETURN_IF_ERROR(BeginSources(session));
    heliostat_v1_SourcePatch& patch = change_->kind.patch.kind.sources;
    const std::size_t count = std::min(kChunkElements, names.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      HELIOSTAT_RETURN_IF_ERROR(CopyText("sources", *names[at + i], patch.add[i]));
    }
    patch.add_count = static_cast<pb_size_t>(count);
    HELIOSTAT_RETURN_IF_ERROR(Emit());
  }
  return {};
}

Status ChangeWriter::PickIds(const std::vector<PickDifference>& picks) {
  for (std::size_t at = 0; at < picks.size(); at += kChunkElements) {
    change_->which_kind = heliostat_v1_Change_picked_ids_tag;
    heliostat_v1_PickedIds& picked = change_->kind.picked_ids;
    const std::size_t count = std::min(kChunkElements, picks.size() - at);
    for (std::size_t i = 0; i < count; ++i) {
      const PickDifference& pick = picks[at + i];
      HELIOSTAT_RETURN_IF_ERROR(CopyText("session", *pick.session, picked.ids[i].session));
      picked.ids[i].has_tunnel_id = pick.tunnel_id.has_value();
      picked.ids[i].tunnel_id = pick.tunnel_id.value_or(0);
    }
    picked.ids_count = static_cast<pb_size_t>(count);
    HELIOSTAT_RETURN_IF_ERROR(Emit());
  }
  return {};
}

struct RuleDifferences {
  std::vector<std::uint16_t> removed;
  std::vector<const config::Rule*> set;
};

// Both sorted by number.
RuleDifferences CompareRules(const std::vector<config::Rule>& before, const std::vector<config::Rule>& after) {
  RuleDifferences differences;
  auto b = before.begin();
  auto a = after.begin();
  while (b != before.end() || a != after.end()) {
    if (a == after.end() || (b != before.end() && b->number < a->number)) {
      differences.removed.push_back((b++)->number);
    } else if (b == before.end() || a->number < b->number) {
      differences.set.push_back(&*a++);
    } else {
      if (*b != *a) differences.set.push_back(&*a);
      ++b;
      ++a;
    }
  }
  return differences;
}

struct SourceDifferences {
  std::vector<const std::string*> removed;
  std::vector<const std::string*> added;
};

// A patch adds at the end: what stays is the longest beginning of `after` that `before` holds in the same order.
SourceDifferences CompareSources(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  SourceDifferences differences;
  auto kept = after.begin();
  for (const std::string& name : before) {
    if (kept != after.end() && *kept == name) {
      ++kept;
    } else {
      differences.removed.push_back(&name);
    }
  }
  for (; kept != after.end(); ++kept) differences.added.push_back(&*kept);
  return differences;
}

// Both sorted by session.
std::vector<PickDifference> ComparePicks(const std::vector<config::PickedId>& before,
                                         const std::vector<config::PickedId>& after) {
  std::vector<PickDifference> differences;
  auto b = before.begin();
  auto a = after.begin();
  while (b != before.end() || a != after.end()) {
    if (a == after.end() || (b != before.end() && b->session < a->session)) {
      differences.push_back({&(b++)->session, {}});
    } else if (b == before.end() || a->session < b->session) {
      differences.push_back({&a->session, a->tunnel_id});
      ++a;
    } else {
      if (b->tunnel_id != a->tunnel_id) differences.push_back({&a->session, a->tunnel_id});
      ++b;
      ++a;
    }
  }
  return differences;
}

// HeaderOf gives everything but the lists that have patches of their own. Each field is named, so that a new one does
// not compile until it is added here.
auto HeaderOf(const config::Filter& filter) {
  const auto& [metadata, services, inbound, outbound] = filter;
  return std::tie(metadata, services);
}
auto HeaderOf(const config::Session& session) {
  const auto& [metadata, number, tier, enabled, sources, filter, target, direction, tunnel_id, packet_length,
               sample_hundredths, sampling, rate_limit, forwarded_only] = session;
  return std::tie(metadata, number, tier, enabled, filter, target, direction, tunnel_id, packet_length,
                  sample_hundredths, sampling, rate_limit, forwarded_only);
}

// Writes the whole way from one configuration to another. Removals come first, so that the way exceeds no limit that
// both ends keep.
class Way {
 public:
  Way(const config::Config& before, const config::Config& after, std::span<const Difference> differences,
      const ChangeSink& sink)
      : before_(before), after_(after), differences_(differences), writer_(sink) {}

  Status Write() {
    HELIOSTAT_RETURN_IF_ERROR(RemoveResources());
    for (const Difference& difference : differences_) {
      if (IsChanged(difference)) HELIOSTAT_RETURN_IF_ERROR(Shrink(difference));
    }
    for (const Difference& difference : differences_) {
      if (difference.added()) HELIOSTAT_RETURN_IF_ERROR(writer_.Put(after_, difference.kind, difference.after));
      if (IsChanged(difference)) HELIOSTAT_RETURN_IF_ERROR(Change(difference));
    }
    return writer_.PickIds(ComparePicks(before_.picked_ids, after_.picked_ids));
  }

 private:
  static bool IsChanged(const Difference& difference) { return !difference.added() && !difference.removed(); }

  // Users go before what they use: sessions, filters, groups, other targets, underlays, interfaces.
  Status RemoveResources() {
    for (const Kind kind : {Kind::kSession, Kind::kFilter, Kind::kTarget, Kind::kUnderlay, Kind::kInterface}) {
      for (const bool groups : {true, false}) {
        for (const Difference& difference : differences_) {
          if (!difference.removed() || difference.kind != kind) continue;
          const bool is_group = kind == Kind::kTarget && before_.targets[difference.before].group;
          if (is_group == groups) HELIOSTAT_RETURN_IF_ERROR(writer_.Remove(kind, *difference.name));
        }
      }
    }
    return {};
  }

  Status Shrink(const Difference& difference) {
    if (difference.kind == Kind::kFilter) {
      const config::Filter& before = before_.filters[difference.before];
      const config::Filter& after = after_.filters[difference.after];
      const std::string& name = *difference.name;
      HELIOSTAT_RETURN_IF_ERROR(writer_.RemoveRules(name, true, CompareRules(before.inbound, after.inbound).removed));
      return writer_.RemoveRules(name, false, CompareRules(before.outbound, after.outbound).removed);
    }
    if (difference.kind == Kind::kSession) {
      const auto& before = before_.sessions[difference.before].sources;
      const auto& after = after_.sessions[difference.after].sources;
      return writer_.RemoveSources(*difference.name, CompareSources(before, after).removed);
    }
    return {};
  }

  Status Change(const Difference& difference) {
    // Members have no patches: they are few, and their order matters.
    if (difference.kind == Kind::kTarget &&
        before_.targets[difference.before].members != after_.targets[difference.after].members) {
      return writer_.Put(after_, Kind::kTarget, difference.after);
    }
    if (!SameHeader(difference)) {
      HELIOSTAT_RETURN_IF_ERROR(writer_.PatchHeader(after_, difference.kind, difference.after));
    }
    return Grow(difference);
  }

  Status Grow(const Difference& difference) {
    if (difference.kind == Kind::kFilter) {
      const config::Filter& before = before_.filters[difference.before];
      const config::Filter& after = after_.filters[difference.after];
      const std::string& name = *difference.name;
      HELIOSTAT_RETURN_IF_ERROR(writer_.SetRules(name, true, CompareRules(before.inbound, after.inbound).set));
      return writer_.SetRules(name, false, CompareRules(before.outbound, after.outbound).set);
    }
    if (difference.kind == Kind::kSession) {
      const auto& before = before_.sessions[difference.before].sources;
      const auto& after = after_.sessions[difference.after].sources;
      return writer_.AddSources(*difference.name, CompareSources(before, after).added);
    }
    return {};
  }

  // Returns true when only the lists differ. Other kinds have no such lists: a target whose members differ does not
  // come here.
  [[nodiscard]] bool SameHeader(const Difference& difference) const {
    switch (difference.kind) {
      case Kind::kFilter:
        return HeaderOf(before_.filters[difference.before]) == HeaderOf(after_.filters[difference.after]);
      case Kind::kSession:
        return HeaderOf(before_.sessions[difference.before]) == HeaderOf(after_.sessions[difference.after]);
      default: return false;
    }
  }

  const config::Config& before_;
  const config::Config& after_;
  std::span<const Difference> differences_;
  ChangeWriter writer_;
};

}  // namespace

Status WriteChanges(const config::Config& before, const config::Config& after,
                    std::span<const config::Difference> differences, const ChangeSink& sink) {
  return Way(before, after, differences, sink).Write();
}

Status WriteChanges(const config::Config& before, const config::Config& after, const ChangeSink& sink) {
  return WriteChanges(before, after, config::Compare(before, after), sink);
}

}  // namespace heliostat::codec
