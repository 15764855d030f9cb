#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace heliostat {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Status Failed(const std::string& path, const std::string& what) {
  const int error = errno;
  const Code code = error == ENOENT ? Code::kNotFound : error == EACCES ? Code::kPermissionDenied : Code::kUnavailable;
  return {code, path, what + ": " + std::strerror(error), "check the path and its permissions"};
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Failed(path, "can't be opened");
  std::string content;
  std::string part(std::size_t{64} << 10U, '\0');
  while (true) {
    const ssize_t got = read(file.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Failed(path, "can't be read");
    if (got == 0) return content;
    content.append(part, 0, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      return Status(Code::kResourceExhausted, path, "is longer than " + std::to_string(max_bytes) + " bytes",
                    "check that this is the right file");
    }
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string beside = path + ".new";
  const Descriptor file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return Failed(beside, "can't be written");
  while (!content.empty()) {
    const ssize_t put = write(file.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return Failed(beside, "can't be written");
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  if (rename(beside.c_str(), path.c_str()) != 0) return Failed(path, "can't be replaced");
  return OkStatus();
}

}  // namespace heliostat
