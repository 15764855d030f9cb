#include "helioctl/yaml/mirror_yaml.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "helioctl/yaml/kinds.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/spec_reader.h"
#include "helioctl/yaml/yaml_documents.h"
#include "helioctl/yaml/yaml_value.h"

namespace heliostat::helioctl {
namespace {

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

// `filter "web"`: before any error of the resource is written, so that each can say whose it is.
std::string ResourcePath(config::Kind kind, const YAML::Node& document) {
  std::string path(WordsOf(kind).singular);
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

// The metadata or the spec of a document, its errors under `path`. Nothing when it is not there, which is an error
// where it must be.
std::optional<Mapping> Part(const Mapping& document, std::string_view name, bool required, const std::string& path,
                            std::span<const Field> fields) {
  const Field& part = *FindField(DocumentFields(), name);
  const auto found = required ? document.Require(name, part.missing) : document.Find(name);
  if (!found) return std::nullopt;
  return Mapping(Value(found->source(), found->node(), path), fields);
}

void ReadDocument(const YamlSource& source, const YAML::Node& node, std::size_t number,
                  std::vector<Resource>& resources) {
  const Mapping document(Value(&source, node, "document " + std::to_string(number)), DocumentFields());
  if (!node.IsMap()) return;
  const Field& version_field = *FindField(DocumentFields(), "apiVersion");
  if (const auto version = document.Require("apiVersion", version_field.missing)) {
    static_cast<void>(version->OneOf(version_field.words));
  }
  const Field& kind_field = *FindField(DocumentFields(), "kind");
  const auto kind_value = document.Require("kind", kind_field.missing);
  const auto kind_number = kind_value ? kind_value->OneOf(kind_field.words) : std::nullopt;
  if (!kind_number) return;
  const auto kind = static_cast<config::Kind>(*kind_number);
  const KindWords& words = WordsOf(kind);
  const std::string path = ResourcePath(kind, node);
  const auto metadata = Part(document, "metadata", true, path + " metadata", words.metadata);
  // An interface is the board's: all there is to say may be whose it is.
  const auto spec = Part(document, "spec", kind != config::Kind::kInterface, path, words.spec);
  Resource& resource =
      resources.emplace_back(Resource{kind, {}, source.file, std::make_shared<const YAML::Node>(node), {}});
  resource.units = ReadUnits(kind, metadata ? &*metadata : nullptr, spec ? &*spec : nullptr);
  resource.name = OwnerOf(resource.units.front()).name;
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
         Status(Code::kAlreadyExists, std::string(WordsOf(resource.kind).singular) + " \"" + resource.name + "\"",
                "is defined already at " + PlaceOf(earlier.file, *earlier.document).ToString(), "rename one of them")});
  }
}

}  // namespace heliostat::helioctl
