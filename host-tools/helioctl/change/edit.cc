#include "helioctl/change/edit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "helioctl/card/change_plan.h"
#include "helioctl/card/listing.h"
#include "helioctl/card/open_card.h"
#include "helioctl/cli/environment.h"
#include "helioctl/cli/files.h"
#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/tunnel_ids.h"
#include "helioctl/yaml/yaml_writer.h"

extern char** environ;

namespace heliostat::helioctl {
namespace {

constexpr const char* kHead =
    "# Edit, save and leave: the card gets what differs. Leave it as it is, or empty, and nothing is changed.\n";

// A file of our own; gone with its owner, unless it is kept.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::error_code error;
    const auto folder = std::filesystem::temp_directory_path(error);
    path_ = ((error ? std::filesystem::path("/tmp") : folder) / "helioctl-edit-XXXXXX.yaml").string();
    descriptor_ = mkstemps(path_.data(), 5);
    if (descriptor_ < 0) {
      failed_ = Status(Code::kUnavailable, path_, std::string("can't be made: ") + std::strerror(errno),
                       "let $TMPDIR name a folder that can be written");
    }
  }
  ~TemporaryFile() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!kept_ && failed_.ok()) unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const Status& status() const { return failed_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  void Keep() { kept_ = true; }

  // In its place, so that nobody else gets to read it; later ones into what the editor may have put there.
  Status Write(const std::string& text) {
    const int descriptor = std::exchange(descriptor_, -1);
    return WriteInto(descriptor >= 0 ? descriptor : open(path_.c_str(), O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC),
                     path_, text);
  }
  [[nodiscard]] Result<std::string> Read() const {
    auto file = ReadFile(path_, std::cin);
    if (!file.ok()) return file.status();
    return std::move(file->text);
  }

 private:
  std::string path_;
  int descriptor_ = -1;  // until it is written
  Status failed_;
  bool kept_ = false;
};

std::string EditorCommand() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    if (std::string command = Environment(name); !command.empty()) return command;
  }
  return "vi";
}

// By the shell: the variable may hold arguments.
Status RunEditor(const std::string& path) {
  const std::string command = EditorCommand();
  std::string script = command + " \"$1\"";
  char shell[] = "sh";
  char flag[] = "-c";
  std::string argument = path;
  char* arguments[] = {shell, flag, script.data(), shell, argument.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, shell, nullptr, nullptr, arguments, environ);
  int state = 0;
  if (error == 0) {
    while (waitpid(child, &state, 0) < 0 && errno == EINTR) {
    }
  }
  if (error == 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0) return OkStatus();
  return Status(Code::kUnavailable, command,
                error != 0 ? std::strerror(error) : "the editor did not end well, so nothing is changed",
                "let $EDITOR name an editor that is there");
}

// Comments in front of everything are ours, or as good as ours.
std::string WithoutHead(std::string_view text) {
  while (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return std::string(text);
}

std::string HeadWith(const std::vector<Problem>& problems) {
  std::string head = kHead;
  if (!problems.empty()) head += "#\n# It is not right yet:\n";
  for (const Problem& problem : problems) {
    head += "#   " + Printable(problem.status.ToString()) + "\n";
  }
  return head + "#\n";
}

std::string InterfaceSkeleton(const std::string& name) {
  return DocumentYaml(Json{{"apiVersion", "heliostat/v1"},
                           {"kind", "Interface"},
                           {"metadata", {{"name", name}, {"owner", ""}, {"tags", Json::object()}}}});
}

class Editing {
 public:
  Editing(ResourceName name, std::string original) : name_(std::move(name)), original_(std::move(original)) {}

  // Fills `resources_`, or `problems_`.
  void Read(const std::string& text) {
    problems_.clear();
    resources_.clear();
    ReadMirrorYaml("", text, resources_, problems_);
    if (!problems_.empty()) return;
    if (resources_.size() != 1) {
      problems_.push_back({{},
                           Status(Code::kInvalidArgument, name_.Subject(),
                                  fmt::format("there are {} documents", resources_.size()), "leave the one")});
    } else if (resources_[0].kind != name_.kind || resources_[0].name != name_.name) {
      problems_.push_back({{},
                           Status(Code::kFailedPrecondition, name_.Subject(), "its kind or name was changed",
                                  "make a new resource by create or apply, and delete the old one")});
    }
  }

  // What the card shall have. The problems of this are kept, too.
  Result<config::Config> Want(const RemoteConfiguration& before) {
    if (YamlIn(before.config) != original_) {
      overtaken_ = true;
      return Status(Code::kFailedPrecondition, name_.Subject(), "was changed by somebody else meanwhile",
                    "edit it again");
    }
    auto wanted = ConfigOf(resources_);
    if (!wanted.ok()) return wanted;
    config::Config after = Overlaid(before.config, *wanted);
    CheckTunnelIds(resources_, after, problems_);
    if (!problems_.empty()) return problems_.front().status;
    return after;
  }

  // Empty: it is not there. An interface without settings is on the card all the same: what there is to fill in.
  [[nodiscard]] std::string YamlIn(const config::Config& config) const {
    const config::Kind kind = name_.kind;
    for (std::size_t i = 0; i < CountOf(config, kind); ++i) {
      if (NameOf(config, kind, i) == name_.name) return DocumentYaml(ResourceDocument(config, kind, i));
    }
    return bare_interface_ ? InterfaceSkeleton(name_.name) : std::string();
  }

  void Refuse(const Status& status) {
    const auto located = Locate(resources_, status.subject());
    problems_ = {
        {{}, Status(status.code(), located ? located->subject : status.subject(), status.reason(), status.fix())}};
  }

  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }
  [[nodiscard]] bool overtaken() const { return overtaken_; }
  [[nodiscard]] const ResourceName& name() const { return name_; }
  [[nodiscard]] const std::string& original() const { return original_; }
  void set_original(std::string yaml) { original_ = std::move(yaml); }
  void set_bare_interface() { bare_interface_ = true; }

 private:
  ResourceName name_;
  std::string original_;
  std::vector<Resource> resources_;
  std::vector<Problem> problems_;
  bool overtaken_ = false;
  bool bare_interface_ = false;
};

// A fresh connection: nobody edits within the time that a card waits for a word.
Result<CardChange> Send(Editing& editing, const EditOptions& options, Streams streams) {
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return client.status();
  return ChangeCard(
      **client, SelectionsFor(editing.name()), [&](const RemoteConfiguration& before) { return editing.Want(before); },
      options.change.commit, streams.err);
}

Status ReadOriginal(Editing& editing, const EditOptions& options) {
  const auto client = OpenCard(options.change.card);
  if (!client.ok()) return client.status();
  const auto remote = ReadRemote(**client, SelectionsFor(editing.name()));
  if (!remote.ok()) return remote.status();
  if (editing.name().kind == config::Kind::kInterface) {
    const auto has = HasInterface(**client, editing.name().name);
    if (!has.ok()) return has.status();
    if (*has) editing.set_bare_interface();
  }
  editing.set_original(editing.YamlIn(remote->config));
  return editing.original().empty() ? NotOnCard(**client, editing.name()) : OkStatus();
}

void SayWhereTheTextIs(TemporaryFile& file, Streams streams) {
  file.Keep();
  streams.err << "note: what was edited is in " << file.path() << "\n";
}

// Something is wrong that the editor can't mend: the text is worth keeping.
int FailWithText(const Status& status, TemporaryFile& file, Streams streams) {
  SayWhereTheTextIs(file, streams);
  return Fail(status, streams);
}

bool CanBeMended(const Status& status) {
  switch (status.code()) {
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kResourceExhausted:
    case Code::kUnsupported: return true;
    default: return false;
  }
}

}  // namespace

int Edit(const EditOptions& options, Streams streams) {
  const auto names = ParseNames(options.names);
  if (!names.ok()) return Fail(names.status(), streams);
  if (names->size() != 1) {
    return Fail(Status(Code::kInvalidArgument, "", "edits one resource at a time", "name one"), streams);
  }
  Editing editing(names->front(), {});
  if (const Status read = ReadOriginal(editing, options); !read.ok()) return Fail(read, streams);
  TemporaryFile file;
  if (!file.status().ok()) return Fail(file.status(), streams);
  std::string text = editing.original();
  while (true) {
    if (const Status written = file.Write(HeadWith(editing.problems()) + text); !written.ok()) {
      return Fail(written, streams);
    }
    if (const Status ran = RunEditor(file.path()); !ran.ok()) return Fail(ran, streams);
    auto edited = file.Read();
    if (!edited.ok()) return Fail(edited.status(), streams);
    const std::string now = WithoutHead(*edited);
    if (now == editing.original() || now.find_first_not_of(" \n\t") == std::string::npos) {
      streams.out << editing.name().ToString() << " unchanged\n";
      return 0;
    }
    if (now == text && !editing.problems().empty()) {
      SayWhereTheTextIs(file, streams);
      return Fail(editing.problems(), ", nothing changed", streams);
    }
    text = now;
    editing.Read(text);
    if (!editing.problems().empty()) continue;
    const auto change = Send(editing, options, streams);
    if (change.ok() && !change->unknown.ok()) SayWhereTheTextIs(file, streams);
    if (change.ok()) return Report(*change, {editing.name()}, "deleted", options.change, streams);
    if (editing.overtaken() || !CanBeMended(change.status())) return FailWithText(change.status(), file, streams);
    if (editing.problems().empty()) editing.Refuse(change.status());
  }
}

}  // namespace heliostat::helioctl
