#include "helioctl/cli/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;

// Some ten times the largest configuration that a card's limits allow.
constexpr std::size_t kLargestFileBytes = 256U << 20;
constexpr mode_t kPermissions = 0777;

Status CannotRead(const std::string& path, const std::string& why) {
  return Status(Code::kNotFound, path, why, "give a file that can be read, or - for standard input");
}

Result<TextFile> ReadStream(const std::string& name, std::istream& stream) {
  TextFile file{name, {}};
  char block[64 * 1024];
  while (stream.read(block, sizeof block) || stream.gcount() > 0) {
    file.text.append(block, static_cast<std::size_t>(stream.gcount()));
    if (file.text.size() > kLargestFileBytes) {
      return Status(Code::kResourceExhausted, name, "is larger than 256 MiB", "split it into several files");
    }
  }
  if (stream.bad()) return CannotRead(name, std::strerror(errno));
  return file;
}

Status CannotWrite(const std::string& path) {
  return Status(Code::kUnavailable, path, std::string("can't be written: ") + std::strerror(errno),
                "give a path in a folder that can be written");
}

bool WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// By a new file beside, made with `mode` less the umask, and then given just `permissions`, if any.
Status Replace(const std::string& path, std::string_view bytes, mode_t mode, std::optional<mode_t> permissions) {
  const std::string written = path + ".new-" + std::to_string(getpid());
  unlink(written.c_str());  // of a run that was killed: its permissions may be others
  const int descriptor = open(written.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return CannotWrite(path);
  const bool allowed = !permissions || fchmod(descriptor, *permissions) == 0;
  const bool whole = allowed && WriteAll(descriptor, bytes) && fsync(descriptor) == 0;
  const bool closed = close(descriptor) == 0;
  if (whole && closed && std::rename(written.c_str(), path.c_str()) == 0) return OkStatus();
  const Status status = CannotWrite(path);
  unlink(written.c_str());
  return status;
}

Result<std::vector<std::string>> YamlFilesIn(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const fs::path extension = entry->path().extension();
    std::error_code ignored;  // what can't be looked at is read below, and fails there with its reason
    if ((extension == ".yaml" || extension == ".yml") && !entry->is_directory(ignored)) {
      paths.push_back(entry->path().string());
    }
  }
  if (error) return CannotRead(directory, error.message());
  if (paths.empty()) {
    return Status(Code::kNotFound, directory, "has no *.yaml or *.yml file in it", "name another directory or file");
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

Result<TextFile> ReadFile(const std::string& path, std::istream& standard_input) {
  if (path == "-") return ReadStream(kStandardInput, standard_input);
  std::error_code error;
  if (fs::is_directory(path, error)) return CannotRead(path, "is a directory");
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return CannotRead(path, errno != 0 ? std::strerror(errno) : "can't be opened");
  return ReadStream(path, stream);
}

Result<std::vector<TextFile>> ReadYamlFiles(const std::vector<std::string>& paths, std::istream& standard_input) {
  std::vector<TextFile> files;
  for (const std::string& path : paths) {
    std::vector<std::string> members{path};
    std::error_code error;
    if (path != "-" && fs::is_directory(path, error)) {
      auto found = YamlFilesIn(path);
      if (!found.ok()) return found.status();
      members = std::move(*found);
    }
    for (const std::string& member : members) {
      auto file = ReadFile(member, standard_input);
      if (!file.ok()) return file.status();
      files.push_back(std::move(*file));
    }
  }
  return files;
}

Status WriteFile(const std::string& path, const std::string& bytes, std::ostream& standard_output) {
  if (path == "-") {
    standard_output.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
    return standard_output ? OkStatus() : CannotWrite(path);
  }
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return Replace(path, bytes, 0666, {});
  if (S_ISREG(status.st_mode)) return Replace(path, bytes, 0600, status.st_mode & kPermissions);
  // A device or a pipe is written to, not replaced.
  return WriteInto(open(path.c_str(), O_WRONLY | O_CLOEXEC), path, bytes);
}

Status WriteInto(int descriptor, const std::string& path, std::string_view bytes) {
  if (descriptor < 0) return CannotWrite(path);
  const Status status = WriteAll(descriptor, bytes) ? OkStatus() : CannotWrite(path);
  if (close(descriptor) != 0 && status.ok()) return CannotWrite(path);
  return status;
}

Status KeepFile(const std::string& path, const std::string& bytes, unsigned mode) {
  HELIOSTAT_RETURN_IF_ERROR(Replace(path, bytes, static_cast<mode_t>(mode), {}));
  return KeepNameOf(path);
}

// Until its folder is on the disk, a name is not.
Status KeepNameOf(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  const int folder = open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return CannotWrite(path);
  // Some file systems keep folders by themselves, and say so.
  const Status status = fsync(folder) == 0 || errno == EINVAL ? OkStatus() : CannotWrite(path);
  close(folder);
  return status;
}

Result<FileLock> FileLock::Take(const std::string& path, int flags) {
  FileLock lock(open(path.c_str(), flags | O_CLOEXEC, 0644));
  while (lock.descriptor_ < 0 || flock(lock.descriptor_, LOCK_EX) != 0) {
    if (lock.descriptor_ >= 0 && errno == EINTR) continue;
    return Status(Code::kUnavailable, path, std::string("can't be locked: ") + std::strerror(errno),
                  "give a path in a folder that can be written");
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace heliostat::helioctl
