// The file of contexts as it is written, one entry a card; context.h shows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/problem.h"

namespace heliostat::helioctl {

struct ContextEntry {
  std::string name{};
  std::string card{};
  std::string server_name{};
  std::string ca{}, certificate{}, private_key{}, crl{};  // paths, relative to the file
  Place place{};
};

struct ContextFile {
  std::string path{};
  std::string current{};
  std::vector<ContextEntry> contexts{};

  [[nodiscard]] const ContextEntry* Find(std::string_view name) const;
  [[nodiscard]] ContextEntry* Find(std::string_view name);
  [[nodiscard]] std::vector<std::string_view> Names() const;
  // A path as an entry has it, seen from here.
  [[nodiscard]] std::string Resolve(const std::string& path_in_file) const;
};

// $HELIOSTAT_CONFIG and so on. Empty: there is neither that nor a home.
std::string ContextFilePath();

// A file that is not there is an empty one. kInvalidArgument: the first error, its place in front.
[[nodiscard]] Result<ContextFile> ReadContextFile();

// The file while it is changed: until this goes out of scope no other run changes it, by a lock on FILE.lock. Who only
// reads needs none.
class ContextChange {
 public:
  // Makes the folder, and waits for whoever changes the file. kFailedPrecondition, kUnavailable; else as
  // ReadContextFile.
  [[nodiscard]] static Result<ContextChange> Begin();

  ContextFile& file() { return file_; }
  // Comments in the file are lost; its permissions, and a link to it, stay.
  [[nodiscard]] Status Write() const;

 private:
  ContextChange(std::string target, FileLock lock, ContextFile file);
  std::string target_;  // the file itself, behind links
  FileLock lock_;
  ContextFile file_;
};

struct CardAddress {
  std::string host{};  // without brackets
  std::uint16_t port = 0;
};

// `192.0.2.10`, `card0.example:8789`, `[2001:db8::1]:8789`; kControlPort when there is none. kInvalidArgument.
[[nodiscard]] Result<CardAddress> ParseCardAddress(const std::string& text);
// With brackets where they are needed.
std::string CardAddressText(const std::string& host, std::uint16_t port);

// kNotFound, with a suggestion.
Status NoSuchContext(const ContextFile& file, const std::string& name);

}  // namespace heliostat::helioctl
