#include "rules/filter_table.h"

#include <algorithm>
#include <bit>
#include <map>
#include <span>
#include <type_traits>
#include <utility>

namespace heliostat::rules {
namespace {

using packet::FlowKey;
using Words = std::array<std::uint64_t, 8>;

static_assert(std::has_unique_object_representations_v<FlowKey>, "keys compare as bytes");

// A group with fewer patterns is compared one by one.
constexpr std::size_t kMinHashedPatterns = 5;

constexpr Words kOddMultipliers{0x9e3779b97f4a7c15U, 0xbf58476d1ce4e5b9U, 0x94d049bb133111ebU, 0xd6e8feb86659fd93U,
                                0xff51afd7ed558ccdU, 0xc4ceb9fe1a85ec53U, 0xa0761d6478bd642fU, 0xe7037ed1a0b428dbU};

// The products are independent of each other, so that they overlap in the pipeline.
std::uint64_t Bucket(const Words& words, const Words& mask, std::uint32_t bucket_bits) {
  if (bucket_bits == 0) return 0;
  std::uint64_t hash = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::uint64_t masked = words[i] & mask[i];
    hash += (masked ^ (masked >> 32U)) * kOddMultipliers[i];
  }
  hash = (hash ^ (hash >> 32U)) * kOddMultipliers[0];
  return hash >> (64U - bucket_bits);
}

Words And(const Words& a, const Words& b) {
  Words result;
  for (std::size_t i = 0; i < a.size(); ++i) result[i] = a[i] & b[i];
  return result;
}

bool EqualMasked(const Words& key, const Words& mask, const Words& value) {
  std::uint64_t different = 0;
  for (std::size_t i = 0; i < key.size(); ++i) different |= (key[i] & mask[i]) ^ value[i];
  return different == 0;
}

// Coarse masks have multiples of these lengths only, which keeps groups few, and the patterns in a bucket few all the
// same.
constexpr unsigned kIpv4StepBits = 8;
constexpr unsigned kIpv6StepBits = 16;
constexpr unsigned kPortStepBits = 4;

// A match as masks and the rest, before it is put into a group.
struct MaskedMatch {
  FlowKey mask;
  FlowKey coarse_mask;  // addresses and ports only; the rest of it is `mask`
  FlowKey value;
  config::PortRange source_ports;
  config::PortRange destination_ports;
};

// `mask`, which covers the leading bits of an address, shortened to a multiple of `step`.
std::array<std::uint8_t, 16> Shortened(const std::array<std::uint8_t, 16>& mask, unsigned step) {
  unsigned length = 0;
  for (const std::uint8_t byte : mask) length += static_cast<unsigned>(std::popcount(byte));
  const unsigned kept = length - length % step;
  std::array<std::uint8_t, 16> shortened{};
  for (unsigned i = 0; i < shortened.size(); ++i) {
    const int covered = std::clamp(static_cast<int>(kept) - static_cast<int>(8 * i), 0, 8);
    shortened[i] = static_cast<std::uint8_t>(0xff00 >> covered);
  }
  return shortened;
}

// An aligned block of 2^n numbers, such as a single one or all of them, is a mask.
bool MatchRange(std::uint16_t first, std::uint16_t last, std::uint16_t& mask, std::uint16_t& value) {
  const auto varying = static_cast<std::uint16_t>(first ^ last);
  if (first > last || (varying & (varying + 1)) != 0 || (first & varying) != 0) return false;
  mask = static_cast<std::uint16_t>(~varying);
  value = first;
  return true;
}

// `port` is FlowKey's source_port or destination_port. All ports of a range have the leading bits in which its ends
// agree; `rest` is what is still to be compared.
void MaskPorts(const config::PortRange& ports, std::uint16_t FlowKey::*port, config::PortRange& rest, MaskedMatch& m) {
  const auto varying = static_cast<std::uint16_t>(ports.first ^ ports.last);
  const auto common_bits = static_cast<unsigned>(std::countl_zero(varying));
  if (!MatchRange(ports.first, ports.last, m.mask.*port, m.value.*port)) {
    rest = ports;
    m.mask.*port = static_cast<std::uint16_t>(0xffff0000U >> common_bits);
    m.value.*port = ports.first;
  }
  m.coarse_mask.*port = static_cast<std::uint16_t>(0xffff0000U >> (common_bits - common_bits % kPortStepBits));
}

MaskedMatch Masked(const Match& match) {
  MaskedMatch m{
      .mask = match.mask, .coarse_mask = {}, .value = match.value, .source_ports = {}, .destination_ports = {}};
  const unsigned step = (match.value.flags & FlowKey::kIpv4) != 0 ? kIpv4StepBits : kIpv6StepBits;
  m.coarse_mask.source_ip = Shortened(match.mask.source_ip, step);
  m.coarse_mask.destination_ip = Shortened(match.mask.destination_ip, step);
  if (match.source_ports) MaskPorts(*match.source_ports, &FlowKey::source_port, m.source_ports, m);
  if (match.destination_ports) MaskPorts(*match.destination_ports, &FlowKey::destination_port, m.destination_ports, m);
  return m;
}

}  // namespace

KeyWords::KeyWords(const packet::FlowKey& key)
    : flags(key.flags), vlan_id(key.vlan_id), source_port(key.source_port), destination_port(key.destination_port) {
  words = std::bit_cast<Words>(key);
  if ((flags & (FlowKey::kIpv4 | FlowKey::kIpv6)) == 0) return;
  flags = static_cast<std::uint16_t>(flags | kAnyIp);
  // The flag is set in the words, not in a key: the processor is slow to read as words what was just written as fields.
  constexpr Words kMark = std::bit_cast<Words>([] {
    FlowKey mark;
    mark.flags = kAnyIp;
    return mark;
  }());
  for (std::size_t i = 0; i < words.size(); ++i) words[i] |= kMark[i];
}

bool FilterTable::Matches(const Pattern& p, const KeyWords& key) const {
  return EqualMasked(key.words, masks_[p.mask], p.value) &&  //
         key.source_port >= p.source_ports.first && key.source_port <= p.source_ports.last &&
         key.destination_port >= p.destination_ports.first && key.destination_port <= p.destination_ports.last &&
         (p.vlan_set == kAnyVlan || vlan_sets_[p.vlan_set].Contains((key.flags & FlowKey::kTagged) != 0, key.vlan_id));
}

std::uint32_t FilterTable::Find(const KeyWords& key) const {
  std::uint32_t best = kNoRule;
  for (const Group& group : groups_) {
    if (group.first_rule >= best) break;
    if ((key.flags & group.flags_mask) != group.flags_value) continue;
    const std::uint64_t bucket = group.bucket_starts + Bucket(key.words, group.mask, group.bucket_bits);
    for (std::uint32_t i = bucket_starts_[bucket]; i < bucket_starts_[bucket + 1]; ++i) {
      if (patterns_[i].rule >= best) break;
      if (Matches(patterns_[i], key)) {
        best = patterns_[i].rule;
        break;
      }
    }
  }
  return best;
}

std::size_t FilterTable::MemoryBytes() const {
  std::size_t bytes = sizeof *this + groups_.capacity() * sizeof(Group) +
                      bucket_starts_.capacity() * sizeof(std::uint32_t) + patterns_.capacity() * sizeof(Pattern) +
                      masks_.capacity() * sizeof(Words) + vlan_sets_.capacity() * sizeof(VlanSet) +
                      outcomes_.capacity() * sizeof(Outcome) + origins_.capacity() * sizeof(RuleOrigin);
  for (const VlanSet& set : vlan_sets_) bytes += set.ranges.capacity() * sizeof(config::VlanRange);
  return bytes;
}

class FilterTable::Builder {
 public:
  // Begins the next rule: the patterns added from now on are its.
  void BeginRule(Outcome outcome, const RuleOrigin& origin) {
    table_.outcomes_.push_back(outcome);
    table_.origins_.push_back(origin);
  }
  void AddPattern(const Match& match);
  [[nodiscard]] FilterTable Finish();

 private:
  // Groups differ in their coarse masks and in the flags that they ask for.
  using GroupKey = std::pair<Words, std::uint16_t>;

  std::uint32_t MatchVlans(const VlanSet& vlans, MaskedMatch& m);
  std::uint32_t MaskNumber(const Words& mask);
  void AddGroup(const GroupKey& key, const std::vector<Pattern>& patterns);

  FilterTable table_;
  std::map<GroupKey, std::vector<Pattern>> groups_;
  std::map<Words, std::uint32_t> mask_numbers_;
  std::map<std::vector<std::uint32_t>, std::uint32_t> vlan_set_numbers_;
};

// Simple cases become a mask; the others share a set. Returns its number or kAnyVlan.
std::uint32_t FilterTable::Builder::MatchVlans(const VlanSet& vlans, MaskedMatch& m) {
  if (vlans.IsAny()) return kAnyVlan;
  const bool either = vlans.untagged && !vlans.ranges.empty();
  if (!either) m.mask.flags = static_cast<std::uint16_t>(m.mask.flags | FlowKey::kTagged);
  if (vlans.ranges.empty()) return kAnyVlan;
  if (!vlans.untagged) {
    m.value.flags = static_cast<std::uint16_t>(m.value.flags | FlowKey::kTagged);
    if (vlans.ranges.size() == 1 &&
        MatchRange(vlans.ranges[0].first, vlans.ranges[0].last, m.mask.vlan_id, m.value.vlan_id)) {
      return kAnyVlan;
    }
  }
  std::vector<std::uint32_t> identity{vlans.untagged ? 1U : 0U};
  for (const auto& range : vlans.ranges) identity.push_back(std::uint32_t{range.first} << 16U | range.last);
  const auto next = static_cast<std::uint32_t>(table_.vlan_sets_.size());
  const auto [known, added] = vlan_set_numbers_.try_emplace(std::move(identity), next);
  if (added) table_.vlan_sets_.push_back(vlans);
  return known->second;
}

std::uint32_t FilterTable::Builder::MaskNumber(const Words& mask) {
  const auto [known, added] = mask_numbers_.try_emplace(mask, static_cast<std::uint32_t>(table_.masks_.size()));
  if (added) table_.masks_.push_back(mask);
  return known->second;
}

void FilterTable::Builder::AddPattern(const Match& match) {
  MaskedMatch m = Masked(match);
  const std::uint32_t vlan_set = MatchVlans(match.vlans, m);
  FlowKey coarse = m.mask;
  coarse.source_ip = m.coarse_mask.source_ip;
  coarse.destination_ip = m.coarse_mask.destination_ip;
  coarse.source_port = m.coarse_mask.source_port;
  coarse.destination_port = m.coarse_mask.destination_port;
  const auto mask = std::bit_cast<Words>(m.mask);
  const Pattern pattern{.value = And(std::bit_cast<Words>(m.value), mask),
                        .rule = static_cast<std::uint32_t>(table_.outcomes_.size() - 1),
                        .mask = MaskNumber(mask),
                        .vlan_set = vlan_set,
                        .source_ports = m.source_ports,
                        .destination_ports = m.destination_ports};
  groups_[{std::bit_cast<Words>(coarse), m.value.flags}].push_back(pattern);
}

// `patterns` are in the order of their rules, and stay so within each bucket: a counting sort.
void FilterTable::Builder::AddGroup(const GroupKey& key, const std::vector<Pattern>& patterns) {
  const std::uint32_t bits =
      patterns.size() < kMinHashedPatterns ? 0U : static_cast<std::uint32_t>(std::bit_width(patterns.size() - 1));
  const std::size_t buckets = std::size_t{1} << bits;
  const std::size_t first = table_.bucket_starts_.size();
  std::vector<std::size_t> bucket_of;
  bucket_of.reserve(patterns.size());
  table_.bucket_starts_.resize(first + buckets + 1);
  std::uint32_t* const starts = &table_.bucket_starts_[first];
  for (const Pattern& pattern : patterns) {
    bucket_of.push_back(Bucket(pattern.value, key.first, bits));
    ++starts[bucket_of.back() + 1];
  }
  starts[0] = static_cast<std::uint32_t>(table_.patterns_.size());
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) starts[bucket + 1] += starts[bucket];
  std::vector<std::uint32_t> next(starts, starts + buckets);
  table_.patterns_.resize(table_.patterns_.size() + patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) table_.patterns_[next[bucket_of[i]]++] = patterns[i];
  table_.groups_.push_back({.mask = key.first,
                            .flags_mask = std::bit_cast<FlowKey>(key.first).flags,
                            .flags_value = key.second,
                            .first_rule = patterns.front().rule,
                            .bucket_starts = static_cast<std::uint32_t>(first),
                            .bucket_bits = bits});
}

FilterTable FilterTable::Builder::Finish() {
  std::vector<std::pair<const GroupKey, std::vector<Pattern>>*> by_first_rule;
  for (auto& group : groups_) by_first_rule.push_back(&group);
  std::sort(by_first_rule.begin(), by_first_rule.end(),
            [](const auto* a, const auto* b) { return a->second.front().rule < b->second.front().rule; });
  for (auto* group : by_first_rule) AddGroup(group->first, group->second);
  table_.groups_.shrink_to_fit();
  table_.bucket_starts_.shrink_to_fit();
  table_.patterns_.shrink_to_fit();
  table_.masks_.shrink_to_fit();
  table_.vlan_sets_.shrink_to_fit();
  table_.outcomes_.shrink_to_fit();
  table_.origins_.shrink_to_fit();
  return std::move(table_);
}

std::shared_ptr<const FilterTable> FilterTable::Compile(const RuleList& list) {
  Builder builder;
  for (const ListedRule& rule : list.rules) {
    builder.BeginRule(rule.outcome, rule.origin);
    for (const Match& match : std::span(list.matches).subspan(rule.first_match, rule.matches)) {
      builder.AddPattern(match);
    }
  }
  return std::make_shared<const FilterTable>(builder.Finish());
}

}  // namespace heliostat::rules
