#include "helioctl/card/context.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "config/check.h"
#include "helioctl/card/context_file.h"
#include "helioctl/cli/environment.h"
#include "helioctl/cli/quantity.h"

namespace heliostat::helioctl {
namespace {

using config::Quoted;

constexpr std::uint64_t kLongestTimeoutMs = 86'400'000;

// What the option says, else the environment if it counts, else the context.
struct Sources {
  bool environment = true;

  [[nodiscard]] std::string Typed(const std::string& option, const char* variable) const {
    return !option.empty() || !environment ? option : Environment(variable);
  }
};

// The context that was asked for; an empty one when none was, and there is no current one.
Result<ContextEntry> ChosenEntry(const CardOptions& options, const ContextFile& file) {
  const bool typed = !options.context.empty();
  const std::string asked = typed ? options.context : Environment("HELIOSTAT_CONTEXT");
  const std::string& name = asked.empty() ? file.current : asked;
  if (name.empty()) return ContextEntry{};
  if (const ContextEntry* entry = file.Find(name)) return *entry;
  if (!asked.empty()) return typed ? NoSuchContext(file, name) : NoSuchContext(file, name).Within("$HELIOSTAT_CONTEXT");
  return NoSuchContext(file, name).Within(file.path + ": currentContext:");
}

Status Missing(const ContextEntry& entry, const char* field, const std::string& option) {
  if (entry.name.empty()) {
    return Status(Code::kNotFound, "context", std::string("none is chosen, and ") + option + " is not given",
                  "make one: helioctl pki init, or helioctl context set NAME --card ...; or give --card, --ca, "
                  "--certificate and --key");
  }
  return Status(Code::kInvalidArgument, entry.place.ToString() + ": context " + Quoted(entry.name) + " " + field,
                "is missing", "helioctl context set " + entry.name + " " + option + " ..., or give " + option);
}

// A path: typed ones are seen from here, the context's from its file.
std::string Path(std::string typed, const std::string& in_file, const ContextFile& file) {
  return typed.empty() ? file.Resolve(in_file) : std::move(typed);
}

Status Require(const ContextEntry& entry, const Context& context) {
  if (context.ca.empty()) return Missing(entry, "ca", "--ca");
  if (context.certificate.empty()) return Missing(entry, "certificate", "--certificate");
  if (context.private_key.empty()) return Missing(entry, "privateKey", "--key");
  return OkStatus();
}

}  // namespace

Result<Context> ResolveContext(const CardOptions& options) {
  const Sources sources{options.context.empty()};
  const std::string card = sources.Typed(options.card, "HELIOSTAT_CARD");
  const std::string server_name = sources.Typed(options.server_name, "HELIOSTAT_SERVER_NAME");
  const std::string ca = sources.Typed(options.ca, "HELIOSTAT_CA");
  const std::string certificate = sources.Typed(options.certificate, "HELIOSTAT_CERTIFICATE");
  const std::string key = sources.Typed(options.private_key, "HELIOSTAT_KEY");

  const auto file = ReadContextFile();
  // Whoever says everything needs no file, and is not held up by a broken one.
  const bool complete = options.context.empty() && !card.empty() && !ca.empty() && !certificate.empty() && !key.empty();
  if (!file.ok() && !complete) return file.status();
  const ContextFile contexts = file.ok() ? *file : ContextFile{};
  const auto entry = complete ? Result<ContextEntry>(ContextEntry{}) : ChosenEntry(options, contexts);
  if (!entry.ok()) return entry.status();
  if (card.empty() && entry->card.empty()) return Missing(*entry, "card", "--card");
  const auto address = ParseCardAddress(card.empty() ? entry->card : card);
  if (!address.ok()) return address.status().Within(options.card.empty() ? "$HELIOSTAT_CARD" : "--card");

  Context context;
  context.name = entry->name;
  context.host = address->host;
  context.port = address->port;
  context.server_name = !server_name.empty() ? server_name : card.empty() ? entry->server_name : "";
  if (context.server_name.empty()) context.server_name = address->host;
  context.ca = Path(ca, entry->ca, contexts);
  context.certificate = Path(certificate, entry->certificate, contexts);
  context.private_key = Path(key, entry->private_key, contexts);
  // A list is of its authority: another one's does not go with it.
  if (ca.empty()) context.crl = contexts.Resolve(entry->crl);
  HELIOSTAT_RETURN_IF_ERROR(Require(*entry, context));
  return context;
}

void AddCardOptions(CLI::App& command, CardOptions& options) {
  command.add_option("--context", options.context, "a context instead of the current one")
      ->type_name("CONTEXT")
      ->group(kCardOptionsGroup);
  command.add_option("--card", options.card, "where the card is: HOST or HOST:PORT")
      ->type_name("ADDRESS")
      ->group(kCardOptionsGroup);
  command.add_option("--server-name", options.server_name, "the name that its certificate must have")
      ->type_name("NAME")
      ->group(kCardOptionsGroup);
  command.add_option("--ca", options.ca, "the authority that its certificate must come from")
      ->type_name("FILE")
      ->group(kCardOptionsGroup);
  command.add_option("--certificate", options.certificate, "your certificate")
      ->type_name("FILE")
      ->group(kCardOptionsGroup);
  command.add_option("--key", options.private_key, "its private key")->type_name("FILE")->group(kCardOptionsGroup);
  command
      .add_option_function<std::string>(
          "--timeout",
          [&options](const std::string& text) {
            const auto time_ms = ParseDurationMs(text);
            if (!time_ms.ok() || *time_ms == 0 || *time_ms > kLongestTimeoutMs) {
              throw CLI::ValidationError("--timeout", Quoted(text) + " is no time; give 1ms to 24h, such as 30s");
            }
            options.timeout_s = static_cast<double>(*time_ms) / 1000;
          },
          "of the whole command, such as 90s or 5m")
      ->type_name("DURATION")
      ->default_str("30s")
      ->group(kCardOptionsGroup);
}

}  // namespace heliostat::helioctl
