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
    case config::Kind::kInterface: return Erase(config.interfaces, name.name);
    case config::Kind::kUnderlay: return Erase(config.underlays, name.name);
    case config::Kind::kTarget: return Erase(config.targets, name.name);
    case config::Kind::kFilter: return Erase(config.filters, name.name);
    case config::Kind::kSession: break;
  }
  return Erase(config.sessions, name.name);
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
    case config::Kind::kInterface: return Find(config.interfaces, name.name) != config.interfaces.end();
    case config::Kind::kUnderlay: return Find(config.underlays, name.name) != config.underlays.end();
    case config::Kind::kTarget: return Find(config.targets, name.name) != config.targets.end();
    case config::Kind::kFilter: return Find(config.filters, name.name) != config.filters.end();
    case config::Kind::kSession: break;
  }
  return Find(config.sessions, name.name) != config.sessions.end();
}

Result<std::vector<v1::Change>> PlanChanges(const config::Config& before, const config::Config& after) {
  std::vector<v1::Change> plan;
  HELIOSTAT_RETURN_IF_ERROR(codec::WriteChanges(before, after, [&plan](std::span<const std::uint8_t> bytes) {
    const bool read = plan.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    return read ? OkStatus() : Status(Code::kInternal, "", "a change can't be read back", "report it with the input");
  }));
  return plan;
}

ResourceName AboutWhat(const v1::Change& change) {
  if (change.has_put()) return OwnerOf(change.put());
  if (change.has_remove()) {
    const KindWords* kind = FindKind(change.remove().kind());
    return {kind == nullptr ? config::Kind::kSession : kind->kind, change.remove().name()};
  }
  if (change.patch().has_rules()) return {config::Kind::kFilter, change.patch().rules().filter()};
  if (change.patch().has_sources()) return {config::Kind::kSession, change.patch().sources().session()};
  return OwnerOf(change.patch().header());
}

std::vector<v1::Edit> Batches(std::vector<v1::Change> changes) {
  std::vector<v1::Edit> batches;
  std::size_t bytes = 0;
  for (v1::Change& change : changes) {
    const std::size_t size = change.ByteSizeLong() + 4;  // its tag and length
    if (batches.empty() || bytes + size > kMostBatchBytes || batches.back().changes_size() == kMostBatchChanges) {
      batches.emplace_back();
      bytes = 0;
    }
    batches.back().add_changes()->Swap(&change);
    bytes += size;
  }
  return batches;
}

}  // namespace heliostat::helioctl
