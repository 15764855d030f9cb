// A configuration in the making: what files and edits have in common. Takes decoded messages; subjects of errors are
// paths as a user writes them, or empty when the message itself is to blame. Holds one configuration and an index.
#pragma once

#include <control.pb.h>
#include <mirror.pb.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"
#include "codec/resource_table.h"
#include "codec/rule_list.h"
#include "config/config.h"
#include "config/difference.h"

namespace heliostat::codec {

class Draft {
 public:
  enum class Duplicates { kRefuse, kReplace };  // what becomes of a resource that is put and already there

  Draft(config::Config base, const config::Limits& limits, Duplicates duplicates);

  // Until the next call, the lists of rules that are opened for patches may have four times as many rules together as a
  // card may hold, which takes some milliseconds; beyond, the result is kResourceExhausted. Without a call there is no
  // such bound.
  void BeginFrame() { openings_ = std::uint64_t{4} * limits_.rules; }

  Status Put(const heliostat_v1_Unit& unit);  // any but a Header
  Status Patch(const heliostat_v1_Patch& patch);
  Status Remove(const heliostat_v1_Remove& remove);
  void PickIds(const heliostat_v1_PickedIds& picked);

  // Returns everything sorted; may be called once. IDs that were picked for sessions that are gone are dropped.
  Result<config::Config> Finish();

 private:
  ResourceTable<config::InterfaceSettings>& TableOf(const config::InterfaceSettings&) { return interfaces_; }
  ResourceTable<config::Underlay>& TableOf(const config::Underlay&) { return underlays_; }
  ResourceTable<config::Target>& TableOf(const config::Target&) { return targets_; }
  ResourceTable<config::Filter>& TableOf(const config::Filter&) { return filters_; }
  ResourceTable<config::Session>& TableOf(const config::Session&) { return sessions_; }
  [[nodiscard]] std::uint32_t MostOf(config::Kind kind) const;

  template <typename Resource>
  Status PutResource(config::Kind kind, Resource resource);
  template <typename Resource>
  Status ReplaceHeader(config::Kind kind, Resource resource);
  Status PutHeader(const heliostat_v1_Unit& unit);
  Status PutMembers(const heliostat_v1_MemberChunk& chunk);
  Status PutRules(const heliostat_v1_RuleChunk& chunk);
  Status PutSources(const heliostat_v1_SourceChunk& chunk);
  // A chunk follows its owner, the last resource put, and chunks are numbered from 0 without gaps.
  Status CheckChunk(config::Kind kind, std::string_view name, std::uint32_t index, std::size_t list,
                    std::size_t elements);
  Status PatchHeader(const heliostat_v1_Unit& unit);
  Status PatchRules(const heliostat_v1_RulePatch& patch);
  Status SetRules(const heliostat_v1_RulePatch& patch, const std::string& subject);
  Status RemoveRules(const heliostat_v1_RulePatch& patch, const std::string& subject);
  Status PatchSources(const heliostat_v1_SourcePatch& patch);
  // Opens the list, and closes the one that was open.
  Status OpenRules(const std::string& filter, bool inbound);
  // Is called before anything that may move or read rules.
  void CloseRules();
  template <typename Resource>
  Status RemoveFrom(config::Kind kind, ResourceTable<Resource>* table, std::string_view name);
  Status AddRules(const std::string& subject, std::size_t in_list, std::size_t more);
  Status AddSources(const std::string& subject, std::size_t in_session, std::size_t more);
  // Gives back what the resource took of the limits that hold for the whole card.
  void Release(const config::Filter& filter) { rules_ -= filter.inbound.size() + filter.outbound.size(); }
  void Release(const config::Session& session) { session_sources_ -= session.sources.size(); }
  template <typename Resource>
  void Release(const Resource&) {}
  Status CheckCounts();

  config::Limits limits_;
  Duplicates duplicates_;
  ResourceTable<config::InterfaceSettings> interfaces_;
  ResourceTable<config::Underlay> underlays_;
  ResourceTable<config::Target> targets_;
  ResourceTable<config::Filter> filters_;
  ResourceTable<config::Session> sessions_;
  std::map<std::string, std::uint32_t, std::less<>> picked_ids_;  // by session
  std::uint64_t rules_ = 0;
  std::uint64_t session_sources_ = 0;

  // The last resource put, which chunks may follow.
  bool has_owner_ = false;
  config::Kind owner_kind_ = config::Kind::kSession;
  std::string owner_;
  std::array<std::uint32_t, 2> next_index_{};  // of its next chunk, by list

  // The list that rules were patched in last.
  RuleList open_;
  std::string open_filter_;
  bool open_inbound_ = false;
  std::uint64_t openings_ = ~std::uint64_t{0};  // rules of lists that may still be opened
};

}  // namespace heliostat::codec
