#include "helioctl/change/removal.h"

#include <algorithm>
#include <utility>

#include "helioctl/card/change_plan.h"
#include "helioctl/card/open_card.h"
#include "helioctl/yaml/configuration.h"

namespace heliostat::helioctl {
namespace {

std::vector<Selection> SelectionsOf(std::vector<ResourceName> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<Selection> selections;
  // A list a name is a round trip a name; past a few all at once are quicker.
  constexpr std::size_t kFew = 8;
  if (names.size() > kFew) return {Selection{}};
  for (const ResourceName& name : names) selections.push_back({name.kind, name.name});
  return selections;
}

Result<std::vector<ResourceName>> NamesOf(const DeleteOptions& options, Streams streams,
                                          std::vector<Problem>& problems) {
  if (options.files.empty()) return ParseNames(options.names);
  std::vector<ResourceName> names;
  for (const Resource& resource : ReadConfiguration(options.files, streams.in, problems).resources) {
    names.push_back({resource.kind, resource.name});
  }
  return names;
}

}  // namespace

int Delete(const DeleteOptions& options, Streams streams) {
  std::vector<Problem> problems;
  const auto names = NamesOf(options, streams, problems);
  if (!problems.empty()) return Fail(problems, ", nothing sent", streams);
  if (!names.ok()) return Fail(names.status(), streams);
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  std::vector<ResourceName> missing;
  const auto want = [&](const RemoteConfiguration& before) -> Result<config::Config> {
    missing.clear();
    config::Config after = Without(before.config, *names, missing);
    if (!missing.empty() && !options.ignore_not_found) {
      return Status(Code::kNotFound, missing.front().Subject(), "is not on the card");
    }
    return after;
  };
  const auto change = ChangeCard(**client, SelectionsOf(*names), want, options.change.commit, streams.err);
  if (!change.ok() && !missing.empty() && !options.ignore_not_found) {
    return Fail(NotOnCard(**client, missing.front()), streams);
  }
  if (!change.ok()) return Fail(change.status(), streams);
  return Report(*change, {}, "deleted", options.change, streams);
}

int Switch(const SwitchOptions& options, Streams streams) {
  const auto names = ParseNames(options.names);
  if (!names.ok()) return Fail(names.status(), streams);
  for (const ResourceName& name : *names) {
    if (name.kind == config::Kind::kSession) continue;
    return Fail(
        Status(Code::kInvalidArgument, name.Subject(), "only sessions can be enabled and disabled", "name a session"),
        streams);
  }
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const ResourceName* missing = nullptr;
  const auto want = [&](const RemoteConfiguration& before) -> Result<config::Config> {
    config::Config after = before.config;
    for (const ResourceName& name : *names) {
      const auto session = std::find_if(after.sessions.begin(), after.sessions.end(),
                                        [&](const auto& s) { return s.metadata.name == name.name; });
      if (session == after.sessions.end()) {
        missing = &name;
        return Status(Code::kNotFound, name.Subject(), "is not on the card");
      }
      session->enabled = options.enabled;
    }
    return after;
  };
  const auto change = ChangeCard(**client, SelectionsOf(*names), want, options.change.commit, streams.err);
  if (missing != nullptr) return Fail(NotOnCard(**client, *missing), streams);
  if (!change.ok()) return Fail(change.status(), streams);
  return Report(*change, *names, "deleted", options.change, streams);
}

}  // namespace heliostat::helioctl
