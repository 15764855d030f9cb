#include "config/validate.h"

#include <algorithm>
#include <functional>

#include "config/bounds.h"
#include "config/check.h"
#include "config/validate_parts.h"

namespace heliostat::config {
namespace {

Status AtMost(std::string_view subject, std::string_view limit, std::uint64_t maximum, std::uint64_t value) {
  return value <= maximum ? Status{} : OverLimit(std::string(subject), limit, maximum, value);
}

Status CheckCounts(const Config& config, const Card& card) {
  const Limits& limits = card.limits;
  HELIOSTAT_RETURN_IF_ERROR(AtMost("interfaces", "interfaces", limits.interfaces, config.interfaces.size()));
  HELIOSTAT_RETURN_IF_ERROR(AtMost("interfaces", "interfaces", limits.interfaces, card.interfaces.size()));
  HELIOSTAT_RETURN_IF_ERROR(AtMost("underlays", "interfaces", limits.interfaces, config.underlays.size()));
  HELIOSTAT_RETURN_IF_ERROR(AtMost("targets", "targets", limits.targets, config.targets.size()));
  HELIOSTAT_RETURN_IF_ERROR(AtMost("filters", "filters", limits.filters, config.filters.size()));
  HELIOSTAT_RETURN_IF_ERROR(AtMost("sessions", "sessions", limits.sessions, config.sessions.size()));
  std::uint64_t rules = 0;
  for (const Filter& filter : config.filters) {
    const std::string subject = Named("filter", filter.metadata.name);
    HELIOSTAT_RETURN_IF_ERROR(
        AtMost(subject + " inbound rules", "rules_per_list", limits.rules_per_list, filter.inbound.size()));
    HELIOSTAT_RETURN_IF_ERROR(
        AtMost(subject + " outbound rules", "rules_per_list", limits.rules_per_list, filter.outbound.size()));
    rules += filter.inbound.size() + filter.outbound.size();
  }
  HELIOSTAT_RETURN_IF_ERROR(AtMost("rules of all filters", "rules", limits.rules, rules));
  std::uint64_t pairs = 0;
  for (const Session& session : config.sessions) {
    HELIOSTAT_RETURN_IF_ERROR(AtMost(Named("session", session.metadata.name) + " sources", "sources_per_session",
                                     limits.sources_per_session, session.sources.size()));
    pairs += session.sources.size();
  }
  return AtMost("pairs of session and source", "session_sources", limits.session_sources, pairs);
}

// Checks that resources are sorted and no name is there twice. `name_of` gives a resource's name.
template <typename Resource, typename NameOf>
Status CheckOrder(std::string_view kind, const std::vector<Resource>& resources, NameOf name_of) {
  for (std::size_t i = 1; i < resources.size(); ++i) {
    const std::string& previous = name_of(resources[i - 1]);
    const std::string& name = name_of(resources[i]);
    if (previous == name) {
      return {Code::kAlreadyExists, Named(kind, name), "the name is there twice", "give every one its own name"};
    }
    if (previous > name) return {Code::kInternal, Named(kind, name), "it is out of order", "sort by name"};
  }
  return {};
}

Status CheckOrders(const Config& config) {
  const auto metadata_name = [](const auto& resource) -> const std::string& { return resource.metadata.name; };
  HELIOSTAT_RETURN_IF_ERROR(CheckOrder("interface", config.interfaces, std::mem_fn(&InterfaceSettings::name)));
  HELIOSTAT_RETURN_IF_ERROR(CheckOrder("underlay", config.underlays, std::mem_fn(&Underlay::interface)));
  HELIOSTAT_RETURN_IF_ERROR(CheckOrder("target", config.targets, metadata_name));
  HELIOSTAT_RETURN_IF_ERROR(CheckOrder("filter", config.filters, metadata_name));
  return CheckOrder("session", config.sessions, metadata_name);
}

Status ValidateInterfaces(const Config& config, const Index& index) {
  for (const InterfaceSettings& settings : config.interfaces) {
    const std::string subject = Named("interface", settings.name);
    HELIOSTAT_RETURN_IF_ERROR(CheckName("name", settings.name).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckText("owner", settings.owner, kMaxNameBytes).Within(subject));
    HELIOSTAT_RETURN_IF_ERROR(CheckTags(settings.tags).Within(subject));
    if (index.interfaces_known && index.FindInterface(settings.name) == nullptr) {
      return {Code::kNotFound, subject, "the card has no such interface", "use a name from the board's description"};
    }
    if (!settings.excluded.empty() && !index.filters.contains(settings.excluded)) {
      return {Code::kNotFound, subject + " excluded", "there is no " + Named("filter", settings.excluded),
              "name a filter"};
    }
  }
  return {};
}

}  // namespace

Index::Index(const Config& config, const Card& card) : interfaces_known(card.interfaces_known) {
  if (interfaces_known) guests = Guests(card.interfaces);
  for (const Interface& interface : card.interfaces) interfaces.emplace(interface.name, &interface);
  for (const Underlay& underlay : config.underlays) underlays.emplace(underlay.interface, &underlay);
  for (const Target& target : config.targets) targets.emplace(target.metadata.name, &target);
  for (const Filter& filter : config.filters) filters.emplace(filter.metadata.name, &filter);
}

const Interface* Index::FindInterface(std::string_view name) const {
  const auto found = interfaces.find(name);
  return interfaces_known && found != interfaces.end() ? found->second : nullptr;
}

const Target* Index::FindTarget(std::string_view name) const {
  const auto found = targets.find(name);
  return found != targets.end() ? found->second : nullptr;
}

std::uint16_t Index::EgressMtu(std::string_view interface) const {
  const auto underlay = underlays.find(interface);
  if (underlay != underlays.end() && underlay->second->mtu != 0) return underlay->second->mtu;
  const Interface* card_interface = FindInterface(interface);
  return card_interface != nullptr ? card_interface->mtu : std::uint16_t{0};
}

Status Validate(const Config& config, const Card& card) {
  HELIOSTAT_RETURN_IF_ERROR(CheckCounts(config, card));
  HELIOSTAT_RETURN_IF_ERROR(CheckOrders(config));
  const Index index(config, card);
  HELIOSTAT_RETURN_IF_ERROR(ValidateInterfaces(config, index));
  HELIOSTAT_RETURN_IF_ERROR(ValidateUnderlays(config, index));
  HELIOSTAT_RETURN_IF_ERROR(ValidateTargets(config, index, card.limits));
  for (const Filter& filter : config.filters) {
    HELIOSTAT_RETURN_IF_ERROR(ValidateFilter(filter).Within(Named("filter", filter.metadata.name)));
  }
  return ValidateSessions(config, index, card.limits);
}

}  // namespace heliostat::config
