#include "arguments.h"

#include <getopt.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "config/bounds.h"
#include "config/check.h"
#include "log.h"

namespace heliostat {
namespace {

constexpr std::string_view kListen = "127.0.0.1";
constexpr std::string_view kPort = "8789";

constexpr std::string_view kUsage =
    R"(usage: heliostat --state FILE [options]     configured over its control connection
       heliostat --config FILE [options]    configured by a file; no control connection

  -S, --state FILE      the card's flash, made if it is not there: configurations, audit records, whom the card trusts
  -l, --listen ADDRESS[:PORT]
                        where the control connection is taken; default 127.0.0.1:8789; port 0 picks one
  -t, --trust DIR       ca.pem, certificate.pem, private_key.pem and, if there is one, crl.pem of this card; kept on the
                        flash from then on, and only used while it has none
  -n, --name NAME       of the card; default: the first DNS name of its certificate
  -c, --config FILE     the configuration, made by `helioctl compile`; read again on SIGHUP and when the file changes
  -s, --set NAME=VALUE  a value for ${NAME} in the board's devices; may be given again
  -b, --board FILE      another board than the one built in, made by `helioctl board`
  -r, --readings FILE   write the counters there at the end and on SIGUSR1; see `helioctl counters`
      --until-idle      stop when every port has been read through (boards on files)
      --seed N          of sampling; default 1
  -v, --verbose         DPDK's own log too
  -V, --version
  -h, --help

SIGINT and SIGTERM stop the card cleanly. Exit status: 0 stopped cleanly, 1 could not run, 2 wrong usage.
)";

int Usage(const std::string& problem) {
  Log(problem + "; see --help");
  return 2;
}

std::optional<int> TakeSeed(const char* text, Arguments& arguments) {
  char* end = nullptr;
  errno = 0;
  arguments.seed = std::strtoull(text, &end, 0);
  // strtoull would also take a sign, and wrap, so the text must begin with a digit.
  if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0) return std::nullopt;
  return Usage(std::string("--seed ") + text + " is not a number of 64 bits");
}

std::optional<int> TakeValue(const std::string& pair, Arguments& arguments) {
  const auto equals = pair.find('=');
  if (equals == std::string::npos || equals == 0) return Usage("--set takes NAME=VALUE, not " + pair);
  arguments.values[pair.substr(0, equals)] = pair.substr(equals + 1);
  return std::nullopt;
}

// Adds the port where it is missing: in `127.0.0.1`, `::1` and `[::1]`, not in `127.0.0.1:0` and `[::1]:0`.
std::string WithPort(const std::string& listen) {
  std::string host = listen.empty() ? std::string(kListen) : listen;
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool bracketed = host.front() == '[';
  if (bracketed ? host.back() != ']' : colons == 1) return host;
  return (!bracketed && colons > 1 ? "[" + host + "]" : host) + ":" + std::string(kPort);
}

std::optional<int> CheckTogether(Arguments& arguments) {
  if (arguments.config.empty() && arguments.state.empty()) {
    return Usage("--state or --config is missing");
  }
  if (!arguments.config.empty() && !arguments.state.empty()) {
    return Usage(
        "with --state the configuration is the stored one, so there is no place for --config; leave it out and "
        "`helioctl apply` the configuration, or leave --state out");
  }
  const auto needs_state = [&](const std::string& value, const std::string& option) {
    return value.empty() || !arguments.state.empty() ? "" : option;
  };
  for (const std::string& option :
       {std::string(needs_state(arguments.listen, "--listen")), std::string(needs_state(arguments.trust, "--trust")),
        std::string(needs_state(arguments.name, "--name"))}) {
    if (!option.empty()) return Usage(option + " is of the control connection, which needs --state FILE");
  }
  if (!arguments.name.empty()) {
    if (const Status checked = config::CheckName("--name", arguments.name); !checked.ok()) {
      return Usage(checked.ToString());
    }
  }
  arguments.listen = WithPort(arguments.listen);
  return std::nullopt;
}

}  // namespace

std::optional<int> ParseArguments(int argc, char** argv, Arguments& arguments) {
  enum : int { kUntilIdle = 256, kSeed };
  static constexpr option kOptions[] = {{"config", required_argument, nullptr, 'c'},
                                        {"state", required_argument, nullptr, 'S'},
                                        {"listen", required_argument, nullptr, 'l'},
                                        {"trust", required_argument, nullptr, 't'},
                                        {"name", required_argument, nullptr, 'n'},
                                        {"set", required_argument, nullptr, 's'},
                                        {"board", required_argument, nullptr, 'b'},
                                        {"readings", required_argument, nullptr, 'r'},
                                        {"until-idle", no_argument, nullptr, kUntilIdle},
                                        {"seed", required_argument, nullptr, kSeed},
                                        {"verbose", no_argument, nullptr, 'v'},
                                        {"version", no_argument, nullptr, 'V'},
                                        {"help", no_argument, nullptr, 'h'},
                                        {nullptr, 0, nullptr, 0}};
  for (int option; (option = getopt_long(argc, argv, ":c:S:l:t:n:s:b:r:vVh", kOptions, nullptr)) != -1;) {
    std::optional<int> wrong;
    switch (option) {
      case 'c': arguments.config = optarg; break;
      case 'S': arguments.state = optarg; break;
      case 'l': arguments.listen = optarg; break;
      case 't': arguments.trust = optarg; break;
      case 'n': arguments.name = optarg; break;
      case 'b': arguments.board = optarg; break;
      case 'r': arguments.readings = optarg; break;
      case 'v': arguments.verbose = true; break;
      case kUntilIdle: arguments.until_idle = true; break;
      case kSeed: wrong = TakeSeed(optarg, arguments); break;
      case 's': wrong = TakeValue(optarg, arguments); break;
      case 'V': std::puts("heliostat " HELIOSTAT_VERSION); return 0;
      case 'h': std::fwrite(kUsage.data(), 1, kUsage.size(), stdout); return 0;
      case ':': return Usage(std::string(argv[optind - 1]) + " needs a value");
      default: return Usage(std::string("unknown option ") + argv[optind - 1]);
    }
    if (wrong) return wrong;
  }
  if (optind != argc) return Usage(std::string("unexpected argument ") + argv[optind]);
  return CheckTogether(arguments);
}

}  // namespace heliostat
