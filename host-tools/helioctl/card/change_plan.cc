#include "helioctl/card/change_plan.h"

#include <algorithm>
#include <utility>

#include "codec/change.h"
#include "helioctl/card/remote_configuration.h"

namespace heliostat::helioctl {
namespace {

// Of 64 KiB: leaves room for the frame's own fields and one more unit.
constexpr std::size_t kMostBatchBytes = 48 * 1024;
// How long a card may be busy with one request.
constexpr int kMostBatchChanges = 1'000;

const std::string& Name(const config::InterfaceSettings& settings) { return settings.name; }
const std::string& Name(const config::Underlay& underlay) { return underlay.interface; }
template <typename Resource>
const std::string& Name(const Resource& resource) {
  return resource.metadata.name;
}

template <typename Resource>
typename std::vector<Resource>::const_iterator Find(const std::vector<Resource>& resources, const std::string& name) {
  const auto found = std::lower_bound(resources.begin(), resources.end(), name,
                                      [](const Resource& r, const std::string& wanted) { return Name(r) < wanted; });
  return found != resources.end() && Name(*found) == name ? found : resources.end();
}

// A merge of two sorted lists; of two of a name, the second list's.
template <typename Resource>
std::vector<Resource> Merged(const std::vector<Resource>& base, const std::vector<Resource>& wanted) {
  std::vector<Resource> merged;
  merged.reserve(base.size() + wanted.size());
  auto old = base.begin();
  for (const Resource& resource : wanted) {
    while (old != base.end() && Name(*old) < Name(resource)) merged.push_back(*old++);
    if (old != base.end() && Name(*old) == Name(resource)) ++old;
    merged.push_back(resource);
  }
  merged.insert(merged.end(), old, base.end());
  return merged;
}

template <typename Resource>
void Prune(std::vector<Resource>& resources, const std::vector<Resource>& keep, const std::string* owner) {
  std::erase_if(resources, [&](const Resource& resource) {
    return (owner == nullptr || resource.metadata.owner == *owner) && Find(keep, Name(resource)) == keep.end();
  });
}

template <typename Resource>
bool Erase(std::vector<Resource>& resources, const std::string& name) {
  const auto found = Find(resources, name);
  if (found == resources.end()) return false;
  resources.erase(found);
  return true;
}

bool Erase(config::Config& config, const ResourceName& name) {
  switch (name.kind) {
    case ResourceKind::kInterface: return Erase(config.interfaces, name.name);
    case ResourceKind::kUnderlay: return Erase(config.underlays, name.name);
    case ResourceKind::kTarget: return Erase(config.targets, name.name);
    case ResourceKind::kFilter: return Erase(config.filters, name.name);
    case ResourceKind::kSession: break;
  }
  return Erase(config.sessions, name.name);
}

ResourceName AboutUnit(const v1::Unit& unit) {
  switch (unit.kind_case()) {
    case v1::Unit::kInterface: return {ResourceKind::kInterface, unit.interface().name()};
    case v1::Unit::kUnderlay: return {ResourceKind::kUnderlay, unit.underlay().interface()};
    case v1::Unit::kTarget: return {ResourceKind::kTarget, unit.target().metadata().name()};
    case v1::Unit::kMembers: return {ResourceKind::kTarget, unit.members().target()};
    case v1::Unit::kFilter: return {ResourceKind::kFilter, unit.filter().metadata().name()};
    case v1::Unit::kRules: return {ResourceKind::kFilter, unit.rules().filter()};
    case v1::Unit::kSession: return {ResourceKind::kSession, unit.session().metadata().name()};
    default: return {ResourceKind::kSession, unit.sources().session()};
  }
}

ResourceName About(const v1::Change& change) {
  if (change.has_put()) return AboutUnit(change.put());
  if (change.has_remove()) {
    const KindWords* kind = FindKind(change.remove().kind());
    return {kind == nullptr ? ResourceKind::kSession : kind->kind, change.remove().name()};
  }
  if (change.patch().has_rules()) return {ResourceKind::kFilter, change.patch().rules().filter()};
  if (change.patch().has_sources()) return {ResourceKind::kSession, change.patch().sources().session()};
  return AboutUnit(change.patch().header());
}

}  // namespace

config::Config Overlaid(const config::Config& base, const config::Config& wanted) {
  std::vector<config::InterfaceSettings> interfaces = wanted.interfaces;
  std::erase_if(interfaces, [&base](const config::InterfaceSettings& settings) {
    return IsBare(settings) && Find(base.interfaces, settings.name) == base.interfaces.end();
  });
  return {Merged(base.interfaces, interfaces), Merged(base.underlays, wanted.underlays),
          Merged(base.targets, wanted.targets), Merged(base.filters, wanted.filters),
          Merged(base.sessions, wanted.sessions)};
}

config::Config Pruned(const config::Config& base, const config::Config& keep, const std::string* owner) {
  config::Config pruned = base;
  Prune(pruned.targets, keep.targets, owner);
  Prune(pruned.filters, keep.filters, owner);
  Prune(pruned.sessions, keep.sessions, owner);
  return pruned;
}

config::Config Without(const config::Config& base, const std::vector<ResourceName>& names,
                       std::vector<ResourceName>& missing) {
  config::Config without = base;
  for (const ResourceName& name : names) {
    if (!Erase(without, name)) missing.push_back(name);
  }
  return without;
}

bool Has(const config::Config& config, const ResourceName& name) {
  switch (name.kind) {
    case ResourceKind::kInterface: return Find(config.interfaces, name.name) != config.interfaces.end();
    case ResourceKind::kUnderlay: return Find(config.underlays, name.name) != config.underlays.end();
    case ResourceKind::kTarget: return Find(config.targets, name.name) != config.targets.end();
    case ResourceKind::kFilter: return Find(config.filters, name.name) != config.filters.end();
    case ResourceKind::kSession: break;
  }
  return Find(config.sessions, name.name) != config.sessions.end();
}

Result<std::vector<PlannedChange>> PlanChanges(const config::Config& before, const config::Config& after) {
  std::vector<PlannedChange> plan;
  HELIOSTAT_RETURN_IF_ERROR(codec::WriteChanges(before, after, [&plan](std::span<const std::uint8_t> bytes) {
    v1::Change change;
    if (!change.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return Status(Code::kInternal, "", "a change can't be read back", "report it with the input");
    }
    plan.push_back({std::string(bytes.begin(), bytes.end()), About(change)});
    return OkStatus();
  }));
  return plan;
}

std::vector<v1::Edit> Batches(const std::vector<PlannedChange>& changes) {
  std::vector<v1::Edit> batches;
  std::size_t bytes = 0;
  for (const PlannedChange& change : changes) {
    if (batches.empty() || bytes + change.bytes.size() > kMostBatchBytes ||
        batches.back().changes_size() == kMostBatchChanges) {
      batches.emplace_back();
      bytes = 0;
    }
    batches.back().add_changes()->ParseFromString(change.bytes);
    bytes += change.bytes.size() + 4;  // its tag and length
  }
  return batches;
}

}  // namespace heliostat::helioctl
