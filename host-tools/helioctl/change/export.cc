#include "helioctl/change/export.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "helioctl/card/change_plan.h"
#include "helioctl/card/open_card.h"
#include "helioctl/card/remote_configuration.h"
#include "helioctl/change/change_report.h"
#include "helioctl/cli/files.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

// What is to be written; no kind: everything.
struct Wanted {
  std::optional<config::Kind> kind{};
  std::vector<ResourceName> names{};  // none: all of the kind

  [[nodiscard]] bool Takes(const ResourceName& name) const {
    if (!names.empty()) return std::find(names.begin(), names.end(), name) != names.end();
    return !kind || *kind == name.kind;
  }
};

Result<Wanted> WantedBy(const std::vector<std::string>& words) {
  Wanted wanted;
  if (words.empty()) return wanted;
  if (words.size() == 1 && words.front().find('/') == std::string::npos) {
    const auto kind = ParseKind(words.front());
    if (!kind.ok()) return kind.status();
    wanted.kind = *kind;
    return wanted;
  }
  auto names = ParseNames(words);
  if (!names.ok()) return names.status();
  wanted.names = std::move(*names);
  return wanted;
}

}  // namespace

int Export(const ExportOptions& options, Streams streams) {
  const auto wanted = WantedBy(options.names);
  if (!wanted.ok()) return Fail(wanted.status(), streams);
  const auto client = OpenCard(options.card);
  if (!client.ok()) return Fail(client.status(), streams);
  // Whole, since sessions are written by the encapsulation of their targets.
  const auto remote = ReadRemote(**client, options.generation);
  if (!remote.ok()) return Fail(remote.status(), streams);
  for (const ResourceName& name : wanted->names) {
    if (!Has(remote->config, name)) return Fail(NotOnCard(**client, name), streams);
  }
  std::string yaml;
  for (const KindWords& kind : AllKinds()) {
    for (std::size_t i = 0; i < CountOf(remote->config, kind.kind); ++i) {
      if (!wanted->Takes({kind.kind, NameOf(remote->config, kind.kind, i)})) continue;
      yaml += (yaml.empty() ? "" : "---\n") + DocumentYaml(ResourceDocument(remote->config, kind.kind, i));
    }
  }
  const Status written = WriteFile(options.file, yaml, streams.out);
  return written.ok() ? 0 : Fail(written, streams);
}

}  // namespace heliostat::helioctl
