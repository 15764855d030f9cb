// Which card, and by which certificate: what `--context`, `--card` and the environment come to.
//
// The configuration file is $HELIOSTAT_CONFIG, else $XDG_CONFIG_HOME/heliostat/config.yaml, else
// ~/.config/heliostat/config.yaml:
//
//   apiVersion: heliostat/v1
//   kind: Config
//   currentContext: lab
//   contexts:
//     - name: lab
//       card: 192.0.2.10:8789        # address, port 8789 when not given
//       serverName: card0            # in the card's certificate; the address without its port when not given
//       ca: ca.pem                   # relative to the file
//       certificate: alice.pem
//       privateKey: alice.key
//       crl: crl.pem                 # may be left out
//
// Paths are relative to the file. Precedence, for each value by itself: option, environment ($HELIOSTAT_CARD,
// $HELIOSTAT_SERVER_NAME, $HELIOSTAT_CA, $HELIOSTAT_CERTIFICATE, $HELIOSTAT_KEY), the context: --context, else
// $HELIOSTAT_CONTEXT, else the file's current one. With --context the values of the environment do not count: what was
// typed does. Whoever names another card than the context's gets that one's name checked, not the context's serverName.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace CLI {
class App;
}

namespace heliostat::helioctl {

inline constexpr std::uint16_t kControlPort = 8789;

struct Context {
  std::string name{};
  std::string host{};  // without brackets
  std::uint16_t port = kControlPort;
  std::string server_name{};
  std::string ca{};  // paths
  std::string certificate{};
  std::string private_key{};
  std::string crl{};  // empty: none
};

// The options of every command that talks to a card.
struct CardOptions {
  std::string context{};
  std::string card{};
  std::string server_name{};
  std::string ca{}, certificate{}, private_key{};
  double timeout_s = 30;  // --timeout; of the whole command but for watch and top
};

// Their heading in the help.
inline constexpr const char* kCardOptionsGroup = "Which card";

// Adds --context, --card, --server-name, --ca, --certificate, --key, --timeout.
void AddCardOptions(CLI::App& command, CardOptions& options);

// kNotFound (no context, with how to make one), kInvalidArgument with the place in the file.
[[nodiscard]] Result<Context> ResolveContext(const CardOptions& options);

}  // namespace heliostat::helioctl
