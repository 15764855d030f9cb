#include "config/difference.h"

#include <array>

namespace heliostat::config {
namespace {

constexpr std::size_t kMaxSummaryBytes = 128;

const std::string& NameOf(const InterfaceSettings& settings) { return settings.name; }
const std::string& NameOf(const Underlay& underlay) { return underlay.interface; }
template <typename Resource>
const std::string& NameOf(const Resource& resource) {
  return resource.metadata.name;
}

// Merges two sorted lists.
template <typename Resource>
void CompareLists(Kind kind, const std::vector<Resource>& before, const std::vector<Resource>& after,
                  std::vector<Difference>* out) {
  constexpr std::size_t kNone = Difference::kNone;
  std::size_t b = 0;
  std::size_t a = 0;
  while (b < before.size() || a < after.size()) {
    const int order = b == before.size() ? 1 : a == after.size() ? -1 : NameOf(before[b]).compare(NameOf(after[a]));
    if (order < 0) {
      out->push_back({.kind = kind, .name = &NameOf(before[b]), .before = b, .after = kNone});
    } else if (order > 0) {
      out->push_back({.kind = kind, .name = &NameOf(after[a]), .before = kNone, .after = a});
    } else if (before[b] != after[a]) {
      out->push_back({.kind = kind, .name = &NameOf(after[a]), .before = b, .after = a});
    }
    if (order <= 0) ++b;
    if (order >= 0) ++a;
  }
}

// `+3 sessions`.
std::string Counted(char sign, std::size_t count, std::string_view what) {
  std::string text = sign + std::to_string(count) + " ";
  text += what;
  if (count != 1) text += 's';
  return text;
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kInterface: return "interface";
    case Kind::kUnderlay: return "underlay";
    case Kind::kTarget: return "target";
    case Kind::kFilter: return "filter";
    case Kind::kSession: return "session";
  }
  return "resource";
}

std::vector<Difference> Compare(const Config& before, const Config& after) {
  std::vector<Difference> differences;
  CompareLists(Kind::kInterface, before.interfaces, after.interfaces, &differences);
  CompareLists(Kind::kUnderlay, before.underlays, after.underlays, &differences);
  CompareLists(Kind::kTarget, before.targets, after.targets, &differences);
  CompareLists(Kind::kFilter, before.filters, after.filters, &differences);
  CompareLists(Kind::kSession, before.sessions, after.sessions, &differences);
  return differences;
}

const std::string& OwnerOf(const Config& config, Kind kind, std::size_t index) {
  static const std::string kAdmin;
  switch (kind) {
    case Kind::kInterface: return config.interfaces[index].owner;
    case Kind::kUnderlay: return kAdmin;
    case Kind::kTarget: return config.targets[index].metadata.owner;
    case Kind::kFilter: return config.filters[index].metadata.owner;
    case Kind::kSession: return config.sessions[index].metadata.owner;
  }
  return kAdmin;
}

std::string Summarize(const std::vector<Difference>& differences) {
  if (differences.empty()) return "nothing";
  constexpr std::string_view kSigns = "+~-";
  constexpr std::array kOrder = {Kind::kSession, Kind::kFilter, Kind::kTarget, Kind::kUnderlay, Kind::kInterface};
  std::array<std::array<std::size_t, 6>, kSigns.size()> counts{};  // by sign, by kind
  std::array<std::size_t, kSigns.size()> totals{};
  for (const Difference& difference : differences) {
    const std::size_t sign = difference.added() ? 0 : difference.removed() ? 2 : 1;
    ++counts[sign][static_cast<std::size_t>(difference.kind)];
    ++totals[sign];
  }
  std::string each;
  std::string total;
  for (std::size_t sign = 0; sign < kSigns.size(); ++sign) {
    for (const Kind kind : kOrder) {
      const std::size_t count = counts[sign][static_cast<std::size_t>(kind)];
      if (count == 0) continue;
      if (!each.empty()) each += ", ";
      each += Counted(kSigns[sign], count, KindName(kind));
    }
    if (totals[sign] != 0) total += kSigns[sign] + std::to_string(totals[sign]) + " ";
  }
  return each.size() <= kMaxSummaryBytes ? each : total + "resources";
}

}  // namespace heliostat::config
