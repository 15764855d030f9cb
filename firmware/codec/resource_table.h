// The resources of one kind while they are edited: finding, adding and removing one takes constant time on average;
// order is made once, at the end. Beside the resources themselves it holds a few words each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "config/config.h"

namespace heliostat::codec {

inline const std::string& NameOf(const config::InterfaceSettings& settings) { return settings.name; }
inline const std::string& NameOf(const config::Underlay& underlay) { return underlay.interface; }
template <typename Resource>
const std::string& NameOf(const Resource& resource) {
  return resource.metadata.name;
}

// Sorts a list that is in order up to a tail; this is cheap when the tail is short.
template <typename Element, typename Less>
void SortTail(std::vector<Element>* elements, Less less) {
  const auto tail = std::is_sorted_until(elements->begin(), elements->end(), less);
  std::sort(tail, elements->end(), less);
  std::inplace_merge(elements->begin(), tail, elements->end(), less);
}

template <typename Resource>
class ResourceTable {
 public:
  // Names must be unique.
  explicit ResourceTable(std::vector<Resource> resources)
      : resources_(std::move(resources)), gone_(resources_.size()), index_(0, Hash{this}, Equal{this}) {
    BuildIndex();
  }
  ResourceTable(const ResourceTable&) = delete;  // the index points here
  ResourceTable& operator=(const ResourceTable&) = delete;

  [[nodiscard]] std::size_t size() const { return index_.size(); }

  // The pointer holds until the next Add or Remove; it is null when there is no such resource.
  [[nodiscard]] Resource* Find(std::string_view name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &resources_[*found];
  }

  // A resource of its name must not be there yet.
  void Add(Resource resource) {
    resources_.push_back(std::move(resource));
    gone_.push_back(false);
    index_.insert(static_cast<std::uint32_t>(resources_.size() - 1));
  }

  // The resource must be there.
  void Remove(std::string_view name) {
    const auto found = index_.find(name);
    const std::size_t position = *found;
    index_.erase(found);
    resources_[position] = {};
    gone_[position] = true;
    if (resources_.size() > 64 && index_.size() < resources_.size() / 2) Compact();
  }

  // Returns all of them by name; the table is of no use afterwards.
  [[nodiscard]] std::vector<Resource> Take() {
    index_.clear();
    DropGone();
    SortTail(&resources_, [](const Resource& a, const Resource& b) { return NameOf(a) < NameOf(b); });
    resources_.shrink_to_fit();  // kept as long as the configuration is
    return std::move(resources_);
  }

  template <typename Function>
  void ForEach(Function function) {
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      if (!gone_[i]) function(resources_[i]);
    }
  }

 private:
  // The index holds positions, and finds them by the name that lies there.
  struct Hash {
    using is_transparent = void;
    const ResourceTable* table;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
    std::size_t operator()(std::uint32_t position) const { return (*this)(NameOf(table->resources_[position])); }
  };
  struct Equal {
    using is_transparent = void;
    const ResourceTable* table;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
      return NameOf(table->resources_[a]) == NameOf(table->resources_[b]);
    }
    bool operator()(std::string_view name, std::uint32_t b) const { return name == NameOf(table->resources_[b]); }
    bool operator()(std::uint32_t a, std::string_view name) const { return name == NameOf(table->resources_[a]); }
  };

  void BuildIndex() {
    index_.reserve(resources_.size());
    for (std::uint32_t i = 0; i < resources_.size(); ++i) index_.insert(i);
  }

  void DropGone() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < resources_.size(); ++i) {
      if (gone_[i]) continue;
      if (kept != i) resources_[kept] = std::move(resources_[i]);
      ++kept;
    }
    resources_.resize(kept);
    gone_.assign(kept, false);
  }

  void Compact() {
    index_.clear();
    DropGone();
    BuildIndex();
  }

  std::vector<Resource> resources_;
  std::vector<bool> gone_;  // by position
  std::unordered_set<std::uint32_t, Hash, Equal> index_;
};

}  // namespace heliostat::codec
