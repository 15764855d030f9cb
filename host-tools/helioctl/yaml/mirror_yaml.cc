#include "helioctl/yaml/mirror_yaml.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "config/bounds.h"
#include "helioctl/yaml/filter_yaml.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/session_yaml.h"
#include "helioctl/yaml/target_yaml.h"
#include "helioctl/yaml/yaml_documents.h"
#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {
namespace {

constexpr std::string_view kApiVersion = "heliostat/v1";

constexpr std::array<Choice, 5> kKinds{{{"Interface", static_cast<int>(ResourceKind::kInterface)},
                                        {"Underlay", static_cast<int>(ResourceKind::kUnderlay)},
                                        {"Target", static_cast<int>(ResourceKind::kTarget)},
                                        {"Filter", static_cast<int>(ResourceKind::kFilter)},
                                        {"Session", static_cast<int>(ResourceKind::kSession)}}};

// `status` is what a card says of the resource: read back with the rest, and passed over.
constexpr std::array<std::string_view, 5> kDocumentFields{"apiVersion", "kind", "metadata", "spec", "status"};
constexpr std::array<std::string_view, 4> kMetadataFields{"name", "description", "tags", "owner"};
constexpr std::array<std::string_view, 3> kInterfaceMetadataFields{"name", "owner", "tags"};
constexpr std::array<std::string_view, 1> kUnderlayMetadataFields{"name"};
constexpr std::array<std::string_view, 1> kInterfaceFields{"excluded"};

std::span<const std::string_view> MetadataFields(ResourceKind kind) {
  if (kind == ResourceKind::kInterface) return kInterfaceMetadataFields;
  if (kind == ResourceKind::kUnderlay) return kUnderlayMetadataFields;
  return kMetadataFields;
}

std::span<const std::string_view> SpecFields(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kUnderlay: return kUnderlayFields;
    case ResourceKind::kTarget: return kTargetFields;
    case ResourceKind::kFilter: return kFilterFields;
    case ResourceKind::kSession: return kSessionFields;
    case ResourceKind::kInterface: break;
  }
  return kInterfaceFields;
}

struct LineAndColumn {
  int line;  // from 1 on, both
  int column;
};

// yaml-cpp has other words for it, at the tab or on the line behind. `line` is from 0 on.
std::optional<LineAndColumn> TabInIndent(std::string_view text, int line) {
  for (int number = 0; number <= line; ++number) {
    const std::string_view one = text.substr(0, text.find('\n'));
    const std::size_t tab = one.find_first_not_of(' ');
    if (number + 1 >= line && tab != std::string_view::npos && one[tab] == '\t') {
      return LineAndColumn{number + 1, static_cast<int>(tab) + 1};
    }
    text.remove_prefix(std::min(one.size() + 1, text.size()));
  }
  return std::nullopt;
}

void ReadTags(const Value& value, v1::Metadata& metadata) {
  if (!value.node().IsMap()) {
    value.Report("is not a mapping", "write tags as {key: value}");
    return;
  }
  if (value.node().size() > config::kMaxTags) {
    value.Report("has " + std::to_string(value.node().size()) + " tags",
                 "give at most " + std::to_string(config::kMaxTags));
    return;
  }
  std::set<std::pair<std::string, std::string>> tags;  // ascending: the order in the file means nothing
  std::set<std::string> keys;
  for (const auto& entry : value.node()) {
    const Value key_value(value.source(), entry.first, value.path());
    const auto key = key_value.Text(config::kMaxTagKeyBytes);
    if (!key) continue;
    const auto text = Value(value.source(), entry.second, value.path() + " " + *key).Text(config::kMaxTagValueBytes);
    if (!keys.insert(*key).second) key_value.Report("the key " + *key + " is given twice", "keep one of them");
    if (text) tags.emplace(*key, *text);
  }
  for (const auto& [key, text] : tags) {
    v1::Tag* tag = metadata.add_tags();
    tag->set_key(key);
    tag->set_value(text);
  }
}

v1::Metadata ReadMetadata(const Mapping& mapping) {
  v1::Metadata metadata;
  if (const auto name = mapping.Require("name", "give the resource a name")) {
    metadata.set_name(name->Name().value_or(""));
  }
  if (const auto description = mapping.Find("description")) {
    metadata.set_description(description->Text(config::kMaxDescriptionBytes).value_or(""));
  }
  if (const auto owner = mapping.Find("owner")) metadata.set_owner(owner->Text(config::kMaxNameBytes).value_or(""));
  if (const auto tags = mapping.Find("tags")) ReadTags(*tags, metadata);
  return metadata;
}

void ReadInterface(const std::optional<Mapping>& spec, const v1::Metadata& metadata, std::vector<v1::Unit>& units) {
  v1::InterfaceSettings* settings = units.emplace_back().mutable_interface();
  settings->set_name(metadata.name());
  settings->set_owner(metadata.owner());
  *settings->mutable_tags() = metadata.tags();
  const auto excluded = spec ? spec->Find("excluded") : std::nullopt;
  if (excluded) settings->set_excluded(excluded->Name().value_or(""));
}

// `filter "web"`: before any error of the resource is written, so that each can say whose it is.
std::string ResourcePath(ResourceKind kind, const YAML::Node& document) {
  std::string path(KindName(kind));
  for (const auto& entry : document) {
    if (!entry.first.IsScalar() || entry.first.Scalar() != "metadata" || !entry.second.IsMap()) continue;
    for (const auto& field : entry.second) {
      if (field.first.IsScalar() && field.first.Scalar() == "name" && field.second.IsScalar()) {
        return path + " \"" + field.second.Scalar().substr(0, 63) + "\"";
      }
    }
  }
  return path;
}

void ReadSpec(ResourceKind kind, const Mapping& document, const std::string& path, const v1::Metadata& metadata,
              std::vector<v1::Unit>& units) {
  const bool required = kind != ResourceKind::kInterface;
  const auto found = required ? document.Require("spec", "give one") : document.Find("spec");
  if (!found) {
    if (!required) ReadInterface(std::nullopt, metadata, units);
    return;
  }
  const Mapping spec(Value(found->source(), found->node(), path), SpecFields(kind));
  switch (kind) {
    case ResourceKind::kUnderlay: ReadUnderlay(spec, metadata.name(), units); break;
    case ResourceKind::kTarget: ReadTarget(spec, metadata, units); break;
    case ResourceKind::kFilter: ReadFilter(spec, metadata, units); break;
    case ResourceKind::kSession: ReadSession(spec, metadata, units); break;
    case ResourceKind::kInterface: ReadInterface(spec, metadata, units); break;
  }
}

void ReadDocument(const YamlSource& source, const YAML::Node& node, std::size_t number,
                  std::vector<Resource>& resources) {
  const Mapping outline(Value(&source, node, "document " + std::to_string(number)), kDocumentFields);
  if (!node.IsMap()) return;
  if (const auto version = outline.Require("apiVersion", "write apiVersion: " + std::string(kApiVersion))) {
    const auto text = version->Scalar(kApiVersion);
    if (text && *text != kApiVersion) {
      version->Report("\"" + text->substr(0, 60) + "\" is not known", "write " + std::string(kApiVersion));
    }
  }
  const auto kind_value = outline.Require("kind", "give Interface, Underlay, Target, Filter or Session");
  const auto kind_number = kind_value ? kind_value->OneOf(kKinds) : std::nullopt;
  if (!kind_number) return;
  const auto kind = static_cast<ResourceKind>(*kind_number);
  Resource resource{kind, {}, source.file, std::make_shared<const YAML::Node>(node), {}};
  const std::string path = ResourcePath(kind, node);

  v1::Metadata metadata;
  if (const auto found = outline.Require("metadata", "write metadata: {name: ...}")) {
    metadata = ReadMetadata(Mapping(Value(&source, found->node(), path + " metadata"), MetadataFields(kind)));
  }
  resource.name = metadata.name();
  ReadSpec(kind, outline, path, metadata, resource.units);
  resources.push_back(std::move(resource));
}

// As `helioctl get -o json` writes several: `kind: List`, with the documents as its items.
void ReadOneOrList(const YamlSource& source, const YAML::Node& node, std::size_t number,
                   std::vector<Resource>& resources) {
  if (!node.IsMap() || !node["kind"] || !node["kind"].IsScalar() || node["kind"].Scalar() != "List") {
    ReadDocument(source, node, number, resources);
    return;
  }
  const YAML::Node items = node["items"];
  if (!items || !items.IsSequence()) {
    Value(&source, node, "document " + std::to_string(number)).Report("is a List without items", "give items: [...]");
    return;
  }
  for (const YAML::Node& item : items) ReadDocument(source, item, number, resources);
}

}  // namespace

std::string_view KindName(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::kInterface: return "interface";
    case ResourceKind::kUnderlay: return "underlay";
    case ResourceKind::kTarget: return "target";
    case ResourceKind::kFilter: return "filter";
    case ResourceKind::kSession: return "session";
  }
  return "resource";
}

void ReadMirrorYaml(const std::string& file, const std::string& text, std::vector<Resource>& resources,
                    std::vector<Problem>& problems) {
  const YamlSource source{file, &problems};
  const auto earlier = static_cast<std::ptrdiff_t>(problems.size());
  try {
    std::size_t number = 0;
    for (const YAML::Node& document : LoadDocuments(text)) {
      ++number;
      if (document.IsDefined() && !document.IsNull()) ReadOneOrList(source, document, number, resources);
    }
  } catch (const YAML::Exception& error) {
    const bool known = !error.mark.is_null();
    if (const auto tab = known ? TabInIndent(text, error.mark.line) : std::nullopt) {
      problems.push_back({{file, tab->line, tab->column},
                          Status(Code::kInvalidArgument, "YAML", "a tab indents this line", "use spaces")});
    } else {
      problems.push_back(
          {{file, known ? error.mark.line + 1 : 0, known ? error.mark.column + 1 : 0},
           Status(Code::kInvalidArgument, "YAML", error.msg, "mend the syntax here or on the line before")});
    }
  }
  // Fields are read in our order; errors are worked off in the file's.
  std::stable_sort(problems.begin() + earlier, problems.end(), [](const Problem& a, const Problem& b) {
    return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
  });
}

void Arrange(std::vector<Resource>& resources, std::vector<Problem>& problems) {
  std::stable_sort(resources.begin(), resources.end(), [](const Resource& a, const Resource& b) {
    return std::pair(a.kind, std::string_view(a.name)) < std::pair(b.kind, std::string_view(b.name));
  });
  for (std::size_t i = 1; i < resources.size(); ++i) {
    const Resource& earlier = resources[i - 1];
    const Resource& resource = resources[i];
    if (resource.kind != earlier.kind || resource.name != earlier.name || resource.name.empty()) continue;
    problems.push_back(
        {PlaceOf(resource.file, *resource.document),
         Status(Code::kAlreadyExists, std::string(KindName(resource.kind)) + " \"" + resource.name + "\"",
                "is defined already at " + PlaceOf(earlier.file, *earlier.document).ToString(), "rename one of them")});
  }
}

}  // namespace heliostat::helioctl
