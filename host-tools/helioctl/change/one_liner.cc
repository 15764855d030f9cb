#include "helioctl/change/one_liner.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "config/check.h"
#include "helioctl/card/change_plan.h"
#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/tunnel_ids.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {
namespace {

using Json = nlohmann::ordered_json;

// One try: a document, the flags over it, read as YAML would be.
class Writer {
 public:
  explicit Writer(const OneLinerOptions& options) : options_(options), name_{options.kind, options.name} {}

  Result<config::Config> Write(Json document, const config::Config& before) {
    problems_.clear();
    const Status laid = LayFlags(options_.kind, options_.fields, document);
    if (!laid.ok()) {
      problems_.push_back({{}, laid});
      return laid;
    }
    std::vector<Resource> resources;
    ReadMirrorYaml("", DocumentYaml(document), resources, problems_);
    if (!problems_.empty()) return problems_.front().status;
    auto wanted = ConfigOf(resources);
    if (!wanted.ok()) return wanted;
    config::Config after = Overlaid(before, *wanted);
    CheckTunnelIds(resources, after, problems_);
    if (!problems_.empty()) return problems_.front().status;
    return after;
  }

  [[nodiscard]] const ResourceName& name() const { return name_; }

  // What is wrong, by the options that were typed.
  int Fail(const Status& status, Streams streams) const {
    std::vector<Problem> problems = problems_;
    if (problems.empty()) problems.push_back({{}, status});
    for (Problem& problem : problems) {
      const std::string flag = FlagOf(options_.kind, options_.fields, problem.status);
      streams.err << "helioctl: " << Printable((flag.empty() ? "" : flag + ": ") + problem.status.ToString()) << "\n";
    }
    return kFailed;
  }

 private:
  const OneLinerOptions& options_;
  ResourceName name_;
  std::vector<Problem> problems_;
};

Json NewDocument(const ResourceName& name) {
  Json document{{"apiVersion", "heliostat/v1"}, {"kind", WordsOf(name.kind).yaml}, {"metadata", {{"name", name.name}}}};
  if (name.kind != config::Kind::kInterface) document["spec"] = Json::object();
  return document;
}

std::size_t IndexOf(const config::Config& config, const ResourceName& name) {
  const config::Kind kind = name.kind;
  std::size_t index = 0;
  while (NameOf(config, kind, index) != name.name) ++index;
  return index;
}

}  // namespace

int Create(const OneLinerOptions& options, Streams streams) {
  Writer writer(options);
  if (!config::IsName(options.name)) {
    return Fail(Status(Code::kInvalidArgument, std::string(WordsOf(options.kind).singular),
                       config::Quoted(options.name) + " is not a name",
                       "give 1..63 of a-z, A-Z, 0-9, '.', '_' and '-', the first and last a letter or digit"),
                streams);
  }
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  const auto want = [&](const RemoteConfiguration& before) -> Result<config::Config> {
    if (Has(before.config, writer.name())) {
      return Status(Code::kAlreadyExists, writer.name().Subject(), "is on the card already",
                    fmt::format("`helioctl set {} {}` changes it", WordsOf(options.kind).singular, options.name));
    }
    Json document = NewDocument(writer.name());
    const v1::Welcome& caller = (*client)->welcome();
    if (!caller.owner().empty()) document["metadata"]["owner"] = caller.owner();
    return writer.Write(std::move(document), before.config);
  };
  const auto selections = SelectionsFor(writer.name());
  const auto change = ChangeCard(**client, selections, want, options.change.commit, streams.err);
  if (!change.ok()) return writer.Fail(change.status(), streams);
  return Report(*change, {writer.name()}, "deleted", options.change, streams);
}

int Set(const OneLinerOptions& options, Streams streams) {
  Writer writer(options);
  if (options.fields.empty()) {
    return Fail(Status(Code::kInvalidArgument, writer.name().Subject(), "nothing is to be set",
                       fmt::format("`helioctl set {} --help` lists the fields", WordsOf(options.kind).singular)),
                streams);
  }
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return Fail(client.status(), streams);
  // An interface without settings is on the card all the same.
  bool bare = false;
  if (options.kind == config::Kind::kInterface) {
    const auto has = HasInterface(**client, options.name);
    if (!has.ok()) return Fail(has.status(), streams);
    bare = *has;
  }
  bool missing = false;
  const auto want = [&](const RemoteConfiguration& before) -> Result<config::Config> {
    const bool has = Has(before.config, writer.name());
    if (!has && bare) return writer.Write(NewDocument(writer.name()), before.config);
    missing = !has;
    if (missing) return Status(Code::kNotFound, writer.name().Subject(), "is not on the card");
    const std::size_t index = IndexOf(before.config, writer.name());
    return writer.Write(ResourceDocument(before.config, options.kind, index), before.config);
  };
  const auto selections = SelectionsFor(writer.name());
  const auto change = ChangeCard(**client, selections, want, options.change.commit, streams.err);
  if (missing) return Fail(NotOnCard(**client, writer.name()), streams);
  if (!change.ok()) return writer.Fail(change.status(), streams);
  return Report(*change, {writer.name()}, "deleted", options.change, streams);
}

}  // namespace heliostat::helioctl
