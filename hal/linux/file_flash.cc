#include "linux/file_flash.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace heliostat::hal::linux_os {
namespace {

Status Failed(const std::string& path, const std::string& what) {
  const int error = errno;
  const Code code = error == ENOENT                     ? Code::kNotFound
                    : error == EACCES || error == EPERM ? Code::kPermissionDenied
                    : error == EISDIR                   ? Code::kFailedPrecondition
                                                        : Code::kUnavailable;
  return {code, path, what + ": " + std::strerror(error),
          error == ENOSPC ? "free some space" : "check the path, its permissions and its disk"};
}

Status CheckGeometry(const std::string& path, const FlashGeometry& geometry) {
  const std::uint32_t block = geometry.erase_block_bytes;
  const std::uint32_t unit = geometry.program_bytes;
  if (std::has_single_bit(block) && block >= 4096 && block <= 1U << 20U && std::has_single_bit(unit) && unit <= 4096 &&
      geometry.blocks > 0) {
    return OkStatus();
  }
  return {Code::kInvalidArgument, path,
          "can't be a flash of " + std::to_string(geometry.blocks) + " blocks of " + std::to_string(block) +
              " bytes in units of " + std::to_string(unit),
          "see FlashGeometry for the bounds"};
}

// The name of a new file is there for good only once its folder is synced, and whoever made the file may have been
// killed before that.
Status SyncFolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed(folder, "can't be opened");
  const bool synced = fsync(fd) == 0;
  Status status = synced ? OkStatus() : Failed(folder, "can't be synced");
  close(fd);
  return status;
}

}  // namespace

FileFlash::FileFlash(std::string path, const FlashGeometry& geometry, int fd)
    : path_(std::move(path)), geometry_(geometry), fd_(fd) {}

FileFlash::~FileFlash() { close(fd_); }

Result<std::unique_ptr<FileFlash>> FileFlash::Open(const std::string& path, const FlashGeometry& geometry) {
  HELIOSTAT_RETURN_IF_ERROR(CheckGeometry(path, geometry));
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (fd < 0) return Failed(path, "can't be opened");
  std::unique_ptr<FileFlash> flash(new FileFlash(path, geometry, fd));
  HELIOSTAT_RETURN_IF_ERROR(flash->Prepare());
  return flash;
}

Status FileFlash::Prepare() {
  struct stat found {};
  if (fstat(fd_, &found) != 0) return Failed(path_, "can't be examined");
  if (!S_ISREG(found.st_mode)) return {Code::kFailedPrecondition, path_, "is no file", "name a file"};
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Failed(path_, "can't be locked");
    return {Code::kFailedPrecondition, path_, "is in use by another card", "stop that card, or name another file"};
  }
  if (fstat(fd_, &found) != 0) return Failed(path_, "can't be examined");  // whoever held the lock may have sized it
  const std::uint64_t size = static_cast<std::uint64_t>(found.st_size);
  if (size != 0 && size != geometry_.bytes()) {
    return {Code::kFailedPrecondition, path_,
            "has " + std::to_string(size) + " bytes, the board's flash has " + std::to_string(geometry_.bytes()),
            "check that this is the right file, or remove it to start anew"};
  }
  if ((found.st_mode & 0077U) != 0) {  // somebody made it before, or copied it
    if (fchmod(fd_, 0600) != 0) return Failed(path_, "can't be kept from other users");
    if (fsync(fd_) != 0) return Failed(path_, "can't be synced");
  }
  if (size == 0) HELIOSTAT_RETURN_IF_ERROR(SizeNewFile());
  return SyncFolderOf(path_);
}

Status FileFlash::SizeNewFile() {
  if (ftruncate(fd_, static_cast<off_t>(geometry_.bytes())) != 0) return Failed(path_, "can't be made");
  if (fsync(fd_) != 0) return Failed(path_, "can't be synced");
  return OkStatus();
}

Status FileFlash::SyncFailed() const {
  return {Code::kUnavailable, path_, "an earlier sync has failed", "check the disk; restart the card"};
}

Status FileFlash::CheckInside(std::uint64_t offset, std::size_t size) const {
  if (offset <= geometry_.bytes() && size <= geometry_.bytes() - offset) return OkStatus();
  return {Code::kInternal, path_, "access beyond the end, at " + std::to_string(offset)};
}

Status FileFlash::Read(std::uint64_t offset, std::span<std::uint8_t> out) {
  HELIOSTAT_RETURN_IF_ERROR(CheckInside(offset, out.size()));
  HELIOSTAT_RETURN_IF_ERROR(ReadRaw(offset, out));
  for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(~byte);
  return OkStatus();
}

Status FileFlash::Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) {
  HELIOSTAT_RETURN_IF_ERROR(CheckInside(offset, bytes.size()));
  if (offset % geometry_.program_bytes != 0 || bytes.size() % geometry_.program_bytes != 0) {
    return {Code::kInternal, path_, "program at " + std::to_string(offset) + " is not in whole units"};
  }
  if (sync_failed_) return SyncFailed();
  inverted_.resize(bytes.size());
  if (const Status read = ReadRaw(offset, inverted_); !read.ok()) {
    // This is not kDataLoss: no bytes that were here are lost, the device fails.
    return {Code::kUnavailable, path_, read.reason(), "check the disk"};
  }
  if (std::ranges::any_of(inverted_, [](std::uint8_t byte) { return byte != 0; })) {
    return {Code::kInternal, path_, "bytes at " + std::to_string(offset) + " are programmed twice"};
  }
  std::ranges::transform(bytes, inverted_.begin(), [](std::uint8_t byte) { return static_cast<std::uint8_t>(~byte); });
  return WriteRaw(offset, inverted_);
}

// A block that reads as erased is erased, since a file tells for certain; so a hole stays a hole. Any other is filled
// with zeros and not made a hole, so that the disk's blocks stay the file's. A block that the disk can't read is
// written all the same: nobody wants its bytes any more.
Status FileFlash::Erase(std::uint32_t block) {
  if (block >= geometry_.blocks)
    return {Code::kInternal, path_, "erase beyond the end, block " + std::to_string(block)};
  if (sync_failed_) return SyncFailed();
  const std::uint64_t offset = std::uint64_t{block} * geometry_.erase_block_bytes;
  inverted_.resize(geometry_.erase_block_bytes);
  const Status read = ReadRaw(offset, inverted_);
  if (!read.ok() && read.code() != Code::kDataLoss) return read;
  if (read.ok() && std::ranges::all_of(inverted_, [](std::uint8_t byte) { return byte == 0; })) return OkStatus();
  std::ranges::fill(inverted_, std::uint8_t{0});
  return WriteRaw(offset, inverted_);
}

Status FileFlash::Sync() {
  if (sync_failed_) return SyncFailed();
  if (fdatasync(fd_) == 0) return OkStatus();
  sync_failed_ = true;  // the kernel forgets what it could not write: the next one would succeed
  return Failed(path_, "can't be synced");
}

Status FileFlash::ReadRaw(std::uint64_t offset, std::span<std::uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t got = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EIO) return {Code::kDataLoss, path_, "can't be read at " + std::to_string(offset)};
    if (got < 0) return Failed(path_, "can't be read");
    if (got == 0) return {Code::kUnavailable, path_, "was made shorter while it is in use", "restart the card"};
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return OkStatus();
}

Status FileFlash::WriteRaw(std::uint64_t offset, std::span<const std::uint8_t> bytes) const {
  while (!bytes.empty()) {
    const ssize_t put = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      Status failed = Failed(path_, "can't be written");
      return {Code::kUnavailable, failed.subject(), failed.reason(), failed.fix()};
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    offset += static_cast<std::uint64_t>(put);
  }
  return OkStatus();
}

}  // namespace heliostat::hal::linux_os
