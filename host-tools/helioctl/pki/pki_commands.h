// What `helioctl pki ...` does, once its options are known. Each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "helioctl/cli/invocation.h"
#include "helioctl/cli/output.h"

namespace heliostat::helioctl {

struct PkiOptions {
  std::string folder = "pki";
  unsigned days = 0;         // 0: the command's own
  std::string not_before{};  // RFC 3339; empty: now
};

struct PkiInitOptions {
  PkiOptions pki{};
  std::string name = "Heliostat CA";
  std::string card = "card0";
  std::string address = "127.0.0.1";
  std::string user = "admin";
  std::string context{};  // empty: as the card
  bool no_context = false;
  bool authority_only = false;
};

struct PkiIssueOptions {
  PkiOptions pki{};
  std::string role{};
  std::string name{};
  std::string owner{};
  std::vector<std::string> dns_names{};
  std::vector<std::string> addresses{};
  bool replace = false;
};

struct PkiRevokeOptions {
  PkiOptions pki{};  // `days`: until the list's nextUpdate; 0: as long as the authority
  std::string certificate{};
  std::string reason = "unspecified";
};

struct PkiListOptions {
  PkiOptions pki{};
  OutputOptions output{};
};

struct PkiShowOptions {
  std::string file{};
  OutputOptions output{};
};

int PkiInit(const PkiInitOptions& options, Streams streams);
int PkiIssue(const PkiIssueOptions& options, Streams streams);
int PkiRevoke(const PkiRevokeOptions& options, Streams streams);
int PkiRefresh(const PkiRevokeOptions& options, Streams streams);
int PkiList(const PkiListOptions& options, Streams streams);
int PkiShow(const PkiShowOptions& options, Streams streams);

// pki.
void AddPkiCommands(CLI::App& app, Invocation& invocation);

}  // namespace heliostat::helioctl
