// A flash in a file: for cards whose flash the kernel manages (eMMC, a file system), and for the emulated card.
//
// Bytes lie in the file inverted, so that holes read as erased. A new file is sparse: a full disk shows when a block is
// first written, as kUnavailable. One process at a time: the file is locked while it is open. Since it may hold a
// private key, only its owner may read it, also when the file was there before. Once the kernel could not sync, what
// was written since is unknown, and every write fails until the file is opened again. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "hal/flash.h"

namespace heliostat::hal::linux_os {

class FileFlash final : public Flash {
 public:
  // Makes the file when it is absent. Errors name the path: kInvalidArgument (the geometry), kFailedPrecondition
  // (another size; no file; in use by another card), kNotFound, kPermissionDenied, kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<FileFlash>> Open(const std::string& path, const FlashGeometry& geometry);
  ~FileFlash() override;
  FileFlash(const FileFlash&) = delete;
  FileFlash& operator=(const FileFlash&) = delete;

  [[nodiscard]] const FlashGeometry& geometry() const override { return geometry_; }
  [[nodiscard]] Status Read(std::uint64_t offset, std::span<std::uint8_t> out) override;
  [[nodiscard]] Status Program(std::uint64_t offset, std::span<const std::uint8_t> bytes) override;
  [[nodiscard]] Status Erase(std::uint32_t block) override;
  [[nodiscard]] Status Sync() override;

 private:
  FileFlash(std::string path, const FlashGeometry& geometry, int fd);
  Status Prepare();
  Status SizeNewFile();
  Status ReadRaw(std::uint64_t offset, std::span<std::uint8_t> out) const;
  Status WriteRaw(std::uint64_t offset, std::span<const std::uint8_t> bytes) const;
  [[nodiscard]] Status SyncFailed() const;
  [[nodiscard]] Status CheckInside(std::uint64_t offset, std::size_t size) const;

  std::string path_;
  FlashGeometry geometry_;
  int fd_;
  bool sync_failed_ = false;
  std::vector<std::uint8_t> inverted_;
};

}  // namespace heliostat::hal::linux_os
