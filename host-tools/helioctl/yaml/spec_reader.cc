#include "helioctl/yaml/spec_reader.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "helioctl/yaml/message_fields.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

// Units of chunks, each filled before the next is begun.
template <typename Chunk>
class Chunks {
 public:
  Chunks(std::vector<v1::Unit>& units, Chunk* (v1::Unit::*mutable_chunk)())
      : units_(units), mutable_chunk_(mutable_chunk) {}

  // The chunk that takes one more item; `begin` says whose a new one is.
  template <typename Begin>
  Chunk& Next(Begin begin) {
    if (used_++ % kItemsPerChunk == 0) {
      chunk_ = (units_.emplace_back().*mutable_chunk_)();
      chunk_->set_index(index_++);
      begin(*chunk_);
    }
    return *chunk_;
  }

 private:
  std::vector<v1::Unit>& units_;
  Chunk* (v1::Unit::*mutable_chunk_)();
  Chunk* chunk_ = nullptr;
  int used_ = 0;
  std::uint32_t index_ = 0;
};

std::vector<std::string> ReadNames(const Mapping& spec, const Field& field) {
  std::vector<std::string> names;
  const auto list = spec.Find(field.name);
  if (!list) return names;
  for (const Value& item : ReadItems(*list, field)) {
    if (auto name = item.Name()) names.push_back(std::move(*name));
  }
  return names;
}

// Errors call a rule by its number when it has one that can be read.
std::string RulePath(const Value& item, const std::string& list_path) {
  if (!item.node().IsMap()) return item.path();
  for (const auto& entry : item.node()) {
    if (entry.first.IsScalar() && entry.first.Scalar() == "number" && entry.second.IsScalar()) {
      return list_path + " rule " + entry.second.Scalar().substr(0, 16);
    }
  }
  return item.path();
}

void ReadRules(const Mapping& spec, std::string_view direction, const std::string& filter,
               std::vector<v1::Unit>& units) {
  const auto list = spec.Find(direction);
  if (!list) return;
  const Field& field = *FindField(WordsOf(config::Kind::kFilter).spec, direction);
  std::map<std::uint32_t, v1::Rule> rules;
  for (const Value& item : ReadItems(*list, field)) {
    v1::Rule rule;
    ReadFields(Mapping(Value(item.source(), item.node(), RulePath(item, list->path())), field.fields), field.fields,
               rule);
    if (rule.number() == 0) continue;
    const std::uint32_t number = rule.number();
    if (!rules.emplace(number, std::move(rule)).second) {
      item.Report("another rule of this list has number " + std::to_string(number), "give it a free number");
    }
  }
  Chunks chunks(units, &v1::Unit::mutable_rules);
  for (auto& [number, rule] : rules) {
    v1::RuleChunk& chunk = chunks.Next([&](v1::RuleChunk& begun) {
      begun.set_filter(filter);
      begun.set_direction(direction == "inbound" ? v1::INBOUND : v1::OUTBOUND);
    });
    *chunk.add_rules() = std::move(rule);
  }
}

void ReadMembers(const Mapping& spec, const std::string& target, std::vector<v1::Unit>& units) {
  for (const Field& field : WordsOf(config::Kind::kTarget).spec) {
    if (field.name == "members" || field.name == "sharedWith") continue;
    spec.ReportField(field.name, "a group has members and sharedWith, nothing else", "set it on the members");
  }
  Chunks chunks(units, &v1::Unit::mutable_members);
  for (const std::string& name : ReadNames(spec, *FindField(WordsOf(config::Kind::kTarget).spec, "members"))) {
    chunks.Next([&](v1::MemberChunk& begun) { begun.set_target(target); }).add_members(name);
  }
}

void ReadSources(const Mapping& spec, const std::string& session, std::vector<v1::Unit>& units) {
  std::vector<std::string> sources = ReadNames(spec, *FindField(WordsOf(config::Kind::kSession).spec, "sources"));
  std::sort(sources.begin(), sources.end());
  Chunks chunks(units, &v1::Unit::mutable_sources);
  for (const std::string& name : sources) {
    chunks.Next([&](v1::SourceChunk& begun) { begun.set_session(session); }).add_interfaces(name);
  }
}

void CheckTarget(const Mapping& spec) {
  if (!spec.value().node().IsMap() || spec.Has("remote") || spec.Has("interface")) return;
  spec.value().Report("has nowhere to send copies", "give remote, interface, both, or members");
}

void CheckRateLimit(const Mapping& spec) {
  const auto value = spec.Find("rateLimit");
  if (!value || !value->node().IsMap() || value->node()["packetsPerSecond"] || value->node()["bitsPerSecond"]) return;
  value->Report("has no rate", "give packetsPerSecond or bitsPerSecond, one of the two");
}

// A resource whose metadata is a message of its own.
template <typename Header>
std::string ReadHeader(const KindWords& words, const Mapping* metadata, const Mapping* spec, Header& header) {
  v1::Metadata& about = *header.mutable_metadata();
  if (metadata != nullptr) ReadFields(*metadata, words.metadata, about);
  if (spec != nullptr) ReadFields(*spec, words.spec, header);
  return about.name();
}

}  // namespace

std::vector<v1::Unit> ReadUnits(config::Kind kind, const Mapping* metadata, const Mapping* spec) {
  const KindWords& words = WordsOf(kind);
  std::vector<v1::Unit> units(1);
  switch (kind) {
    case config::Kind::kInterface:
      if (metadata != nullptr) ReadFields(*metadata, words.metadata, *units[0].mutable_interface());
      if (spec != nullptr) ReadFields(*spec, words.spec, *units[0].mutable_interface());
      break;
    case config::Kind::kUnderlay:
      if (metadata != nullptr) ReadFields(*metadata, words.metadata, *units[0].mutable_underlay());
      if (spec != nullptr) ReadFields(*spec, words.spec, *units[0].mutable_underlay());
      break;
    case config::Kind::kTarget: {
      const std::string name = ReadHeader(words, metadata, spec, *units[0].mutable_target());
      const bool group = spec != nullptr && spec->Has("members");
      units[0].mutable_target()->set_group(group);
      if (group) ReadMembers(*spec, name, units);
      if (spec != nullptr && !group) CheckTarget(*spec);
      break;
    }
    case config::Kind::kFilter: {
      const std::string name = ReadHeader(words, metadata, spec, *units[0].mutable_filter());
      if (spec == nullptr) break;
      ReadRules(*spec, "inbound", name, units);
      ReadRules(*spec, "outbound", name, units);
      break;
    }
    case config::Kind::kSession: {
      const std::string name = ReadHeader(words, metadata, spec, *units[0].mutable_session());
      if (spec == nullptr) break;
      CheckRateLimit(*spec);
      ReadSources(*spec, name, units);
      break;
    }
  }
  return units;
}

}  // namespace heliostat::helioctl
