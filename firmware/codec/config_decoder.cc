#include <mirror.pb.h>
#include <pb_decode.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "codec/codec.h"
#include "codec/unit.h"
#include "codec/wire_scan.h"
#include "config/check.h"

namespace heliostat::codec {

using config::Invalid;
using config::Named;
using config::OverLimit;

struct ConfigDecoder::State {
  explicit State(const config::Limits& card_limits) : limits(card_limits) {}

  Status Decode(std::span<const std::uint8_t> bytes);
  Status Take();
  Status TakeHeader(const heliostat_v1_Header& header);
  Status TakeInterface(const heliostat_v1_InterfaceSettings& message);
  Status TakeUnderlay(const heliostat_v1_Underlay& message);
  Status TakeTarget(const heliostat_v1_Target& message);
  Status TakeMembers(const heliostat_v1_MemberChunk& chunk);
  Status TakeFilter(const heliostat_v1_Filter& message);
  Status TakeRules(const heliostat_v1_RuleChunk& chunk);
  Status TakeSession(const heliostat_v1_Session& message);
  Status TakeSources(const heliostat_v1_SourceChunk& chunk);
  // A chunk follows its owner, the last resource read, and chunks are numbered from 0 without gaps.
  Status CheckChunk(pb_size_t owner_kind, std::string_view name, std::uint32_t index, std::size_t list,
                    std::size_t elements);
  [[nodiscard]] const std::string& OwnerName() const;
  Status Finish();

  config::Limits limits;
  config::Config config;
  Status failed;
  // Tens of kilobytes: on the heap, once.
  std::unique_ptr<heliostat_v1_Unit> unit = std::make_unique<heliostat_v1_Unit>();
  std::uint64_t units = 0;                    // read so far, the header included
  std::uint32_t expected_units = 0;           // after the header; 0: not said
  pb_size_t owner = 0;                        // kind of the last resource
  std::array<std::uint32_t, 2> next_index{};  // of its chunks, by list
  std::uint64_t rules = 0;
  std::uint64_t session_sources = 0;
};

namespace {

std::string UnitName(std::uint64_t number) { return "unit " + std::to_string(number); }

Status CheckCount(std::string subject, std::string_view limit, std::uint64_t most, std::uint64_t count) {
  return count <= most ? Status{} : OverLimit(std::move(subject), limit, most, count);
}

// Sorts by name, and refuses a name that is there twice.
template <typename Resource, typename NameOf>
Status SortByName(std::string_view kind, std::vector<Resource>* resources, NameOf name_of) {
  std::sort(resources->begin(), resources->end(),
            [&](const Resource& a, const Resource& b) { return name_of(a) < name_of(b); });
  const auto twice = std::adjacent_find(resources->begin(), resources->end(),
                                        [&](const Resource& a, const Resource& b) { return name_of(a) == name_of(b); });
  if (twice == resources->end()) return {};
  return {Code::kAlreadyExists, Named(kind, name_of(*twice)), "the name is there twice", "give every one its own name"};
}

Status SortRules(const std::string& subject, std::vector<config::Rule>* rules) {
  std::sort(rules->begin(), rules->end(),
            [](const config::Rule& a, const config::Rule& b) { return a.number < b.number; });
  const auto twice = std::adjacent_find(
      rules->begin(), rules->end(), [](const config::Rule& a, const config::Rule& b) { return a.number == b.number; });
  if (twice == rules->end()) return {};
  return {Code::kAlreadyExists, subject + " rule " + std::to_string(twice->number), "the number is there twice",
          "give every rule of a list its own number"};
}

}  // namespace

Status ConfigDecoder::State::Decode(std::span<const std::uint8_t> bytes) {
  ++units;
  if (bytes.size() > kMaxUnitBytes) {
    return Invalid(UnitName(units), "it has " + std::to_string(bytes.size()) + " bytes",
                   "use at most " + std::to_string(kMaxUnitBytes) + " bytes, and lists in chunks");
  }
  Status scanned = ScanMessage(bytes, heliostat_v1_Unit_fields);
  if (!scanned.ok()) return scanned.subject().empty() ? std::move(scanned).Within(UnitName(units)) : scanned;
  pb_istream_t stream = pb_istream_from_buffer(bytes.data(), bytes.size());
  if (!pb_decode(&stream, heliostat_v1_Unit_fields, unit.get())) {
    return {Code::kDataLoss, UnitName(units), PB_GET_ERROR(&stream), "write or send it again"};
  }
  if ((units == 1) != (unit->which_kind == heliostat_v1_Unit_header_tag)) {
    return Invalid(UnitName(units), units == 1 ? "the first unit is not the header" : "there is a second header",
                   "begin with one header");
  }
  return Take();
}

Status ConfigDecoder::State::Take() {
  switch (unit->which_kind) {
    case heliostat_v1_Unit_header_tag: return TakeHeader(unit->kind.header);
    case heliostat_v1_Unit_interface_tag: return TakeInterface(unit->kind.interface);
    case heliostat_v1_Unit_underlay_tag: return TakeUnderlay(unit->kind.underlay);
    case heliostat_v1_Unit_target_tag: return TakeTarget(unit->kind.target);
    case heliostat_v1_Unit_members_tag: return TakeMembers(unit->kind.members);
    case heliostat_v1_Unit_filter_tag: return TakeFilter(unit->kind.filter);
    case heliostat_v1_Unit_rules_tag: return TakeRules(unit->kind.rules);
    case heliostat_v1_Unit_session_tag: return TakeSession(unit->kind.session);
    case heliostat_v1_Unit_sources_tag: return TakeSources(unit->kind.sources);
    default: return Invalid(UnitName(units), "it holds nothing", "leave it out");
  }
}

Status ConfigDecoder::State::TakeHeader(const heliostat_v1_Header& header) {
  expected_units = header.units;
  if (header.format == kFormat) return {};
  return {Code::kUnsupported, "header format", "it is " + std::to_string(header.format),
          "write format " + std::to_string(kFormat) + ", or use firmware that knows it"};
}

Status ConfigDecoder::State::TakeInterface(const heliostat_v1_InterfaceSettings& message) {
  owner = heliostat_v1_Unit_interface_tag;
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("interfaces", "interfaces", limits.interfaces, config.interfaces.size() + 1));
  return ReadInterface(message, &config.interfaces.emplace_back()).Within(Named("interface", message.name));
}

Status ConfigDecoder::State::TakeUnderlay(const heliostat_v1_Underlay& message) {
  owner = heliostat_v1_Unit_underlay_tag;
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("underlays", "interfaces", limits.interfaces, config.underlays.size() + 1));
  return ReadUnderlay(message, &config.underlays.emplace_back()).Within(Named("underlay", message.interface));
}

Status ConfigDecoder::State::TakeTarget(const heliostat_v1_Target& message) {
  owner = heliostat_v1_Unit_target_tag;
  next_index = {};
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("targets", "targets", limits.targets, config.targets.size() + 1));
  return ReadTarget(message, &config.targets.emplace_back()).Within(Named("target", message.metadata.name));
}

Status ConfigDecoder::State::TakeFilter(const heliostat_v1_Filter& message) {
  owner = heliostat_v1_Unit_filter_tag;
  next_index = {};
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("filters", "filters", limits.filters, config.filters.size() + 1));
  return ReadFilter(message, &config.filters.emplace_back()).Within(Named("filter", message.metadata.name));
}

Status ConfigDecoder::State::TakeSession(const heliostat_v1_Session& message) {
  owner = heliostat_v1_Unit_session_tag;
  next_index = {};
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("sessions", "sessions", limits.sessions, config.sessions.size() + 1));
  return ReadSession(message, &config.sessions.emplace_back()).Within(Named("session", message.metadata.name));
}

const std::string& ConfigDecoder::State::OwnerName() const {
  if (owner == heliostat_v1_Unit_target_tag) return config.targets.back().metadata.name;
  if (owner == heliostat_v1_Unit_filter_tag) return config.filters.back().metadata.name;
  return config.sessions.back().metadata.name;
}

Status ConfigDecoder::State::CheckChunk(pb_size_t owner_kind, std::string_view name, std::uint32_t index,
                                        std::size_t list, std::size_t elements) {
  if (owner != owner_kind || OwnerName() != name) {
    return Invalid({}, "the chunk does not follow its owner",
                   "put chunks right after the resource that they belong to");
  }
  if (index != next_index[list]) {
    return Invalid("index", "it is " + std::to_string(index) + ", expected " + std::to_string(next_index[list]),
                   "number the chunks of a list from 0 in order");
  }
  if (elements == 0) return Invalid({}, "the chunk is empty", "leave it out");
  ++next_index[list];
  return {};
}

Status ConfigDecoder::State::TakeMembers(const heliostat_v1_MemberChunk& chunk) {
  const std::string subject = Named("target", chunk.target) + " members";
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(heliostat_v1_Unit_target_tag, chunk.target, chunk.index, 0, chunk.members_count).Within(subject));
  config::Target& target = config.targets.back();
  if (!target.group) return Invalid(subject, "the target is not a group", "set `group`, or leave the members out");
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount(subject, "members_per_group", limits.members_per_group, target.members.size() + chunk.members_count));
  for (std::size_t i = 0; i < chunk.members_count; ++i) target.members.emplace_back(chunk.members[i]);
  return {};
}

Status ConfigDecoder::State::TakeRules(const heliostat_v1_RuleChunk& chunk) {
  const bool inbound = chunk.direction == heliostat_v1_Direction_INBOUND;
  if (!inbound && chunk.direction != heliostat_v1_Direction_OUTBOUND) {
    return Invalid(Named("filter", chunk.filter) + " rules direction", "it is neither inbound nor outbound",
                   "say which list the rules belong to");
  }
  const std::string subject = Named("filter", chunk.filter) + (inbound ? " inbound" : " outbound");
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(heliostat_v1_Unit_filter_tag, chunk.filter, chunk.index, inbound ? 0 : 1, chunk.rules_count)
          .Within(subject));
  auto& list = inbound ? config.filters.back().inbound : config.filters.back().outbound;
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount(subject + " rules", "rules_per_list", limits.rules_per_list, list.size() + chunk.rules_count));
  rules += chunk.rules_count;
  HELIOSTAT_RETURN_IF_ERROR(CheckCount("rules of all filters", "rules", limits.rules, rules));
  for (std::size_t i = 0; i < chunk.rules_count; ++i) {
    if (Status status = ReadRule(chunk.rules[i], &list.emplace_back()); !status.ok()) {
      return std::move(status).Within(subject + " rule " + std::to_string(chunk.rules[i].number));
    }
  }
  return {};
}

Status ConfigDecoder::State::TakeSources(const heliostat_v1_SourceChunk& chunk) {
  const std::string subject = Named("session", chunk.session) + " sources";
  HELIOSTAT_RETURN_IF_ERROR(
      CheckChunk(heliostat_v1_Unit_session_tag, chunk.session, chunk.index, 0, chunk.interfaces_count).Within(subject));
  auto& sources = config.sessions.back().sources;
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount(subject, "sources_per_session", limits.sources_per_session, sources.size() + chunk.interfaces_count));
  session_sources += chunk.interfaces_count;
  HELIOSTAT_RETURN_IF_ERROR(
      CheckCount("pairs of session and source", "session_sources", limits.session_sources, session_sources));
  for (std::size_t i = 0; i < chunk.interfaces_count; ++i) sources.emplace_back(chunk.interfaces[i]);
  return {};
}

Status ConfigDecoder::State::Finish() {
  if (!failed.ok()) return failed;
  if (units == 0) return {Code::kDataLoss, "header", "there is none", "begin with a header"};
  if (expected_units != 0 && expected_units != units - 1) {
    return {Code::kDataLoss, "header units",
            std::to_string(expected_units) + " units are announced, " + std::to_string(units - 1) + " are there",
            "write or send it again"};
  }
  const auto metadata_name = [](const auto& resource) -> const std::string& { return resource.metadata.name; };
  HELIOSTAT_RETURN_IF_ERROR(SortByName("interface", &config.interfaces, [](const auto& one) { return one.name; }));
  HELIOSTAT_RETURN_IF_ERROR(SortByName("underlay", &config.underlays, [](const auto& one) { return one.interface; }));
  HELIOSTAT_RETURN_IF_ERROR(SortByName("target", &config.targets, metadata_name));
  HELIOSTAT_RETURN_IF_ERROR(SortByName("filter", &config.filters, metadata_name));
  HELIOSTAT_RETURN_IF_ERROR(SortByName("session", &config.sessions, metadata_name));
  for (config::Filter& filter : config.filters) {
    const std::string subject = Named("filter", filter.metadata.name);
    HELIOSTAT_RETURN_IF_ERROR(SortRules(subject + " inbound", &filter.inbound));
    HELIOSTAT_RETURN_IF_ERROR(SortRules(subject + " outbound", &filter.outbound));
  }
  return {};
}

ConfigDecoder::ConfigDecoder(const config::Limits& limits) : state_(std::make_unique<State>(limits)) {}
ConfigDecoder::~ConfigDecoder() = default;
ConfigDecoder::ConfigDecoder(ConfigDecoder&&) noexcept = default;
ConfigDecoder& ConfigDecoder::operator=(ConfigDecoder&&) noexcept = default;

Status ConfigDecoder::Put(std::span<const std::uint8_t> unit) {
  if (state_->failed.ok()) state_->failed = state_->Decode(unit);
  return state_->failed;
}

Result<config::Config> ConfigDecoder::Finish() {
  HELIOSTAT_RETURN_IF_ERROR(state_->Finish());
  return std::move(state_->config);
}

Status ConfigReader::TakeLengthByte(std::uint8_t byte) {
  length_ |= std::uint64_t{byte & 0x7fU} << length_bits_;
  length_bits_ += 7;
  in_length_ = (byte & 0x80) != 0;
  if (length_ > kMaxUnitBytes || (in_length_ && length_bits_ > 28)) {
    return {Code::kDataLoss, "length of a unit", "it is more than " + std::to_string(kMaxUnitBytes) + " bytes",
            "write it again, with long lists in chunks"};
  }
  if (in_length_) return {};
  in_unit_ = true;
  return length_ == 0 ? EndUnit() : Status{};
}

Status ConfigReader::EndUnit() {
  const Status status = decoder_.Put(unit_);
  unit_.clear();
  length_ = 0;
  length_bits_ = 0;
  in_unit_ = false;
  return status;
}

Status ConfigReader::Write(std::span<const std::uint8_t> bytes) {
  while (failed_.ok() && !bytes.empty()) {
    if (!in_unit_) {
      failed_ = TakeLengthByte(bytes.front());
      bytes = bytes.subspan(1);
      continue;
    }
    const auto wanted = static_cast<std::size_t>(length_) - unit_.size();
    const auto piece = bytes.first(std::min(wanted, bytes.size()));
    unit_.insert(unit_.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
    if (unit_.size() == length_) failed_ = EndUnit();
  }
  return failed_;
}

Result<config::Config> ConfigReader::Finish() {
  HELIOSTAT_RETURN_IF_ERROR(failed_);
  if (in_unit_ || in_length_) {
    return Status(Code::kDataLoss, "the last unit", "it is cut short", "write or send it again");
  }
  return decoder_.Finish();
}

Result<config::Config> DecodeConfig(std::span<const std::uint8_t> bytes, const config::Limits& limits) {
  ConfigReader reader(limits);
  HELIOSTAT_RETURN_IF_ERROR(reader.Write(bytes));
  return reader.Finish();
}

}  // namespace heliostat::codec
