#include "helioctl/show/read_commands.h"

#include <limits>
#include <memory>

#include "helioctl/show/audit.h"
#include "helioctl/show/describe.h"
#include "helioctl/show/get.h"
#include "helioctl/show/info.h"
#include "helioctl/show/top.h"
#include "helioctl/show/trust.h"
#include "helioctl/show/watch.h"

namespace heliostat::helioctl {
namespace {

// `top` looks once more, for the first rates.
constexpr std::uint32_t kMostLooks = std::numeric_limits<std::uint32_t>::max() - 1;
constexpr const char* kNoCount = "is no count; give 1 or more";
constexpr const char* kKinds =
    "session, filter, target, underlay, interface, rules (of filters, with their hits) or all";

// A command whose options live as long as the parser, and what it does with them.
template <typename Options, typename Action>
CLI::App* AddCommand(CLI::App& parent, const std::string& name, const std::string& description,
                     const std::shared_ptr<Options>& options, Invocation& invocation, Action action) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->callback(
      [=, &invocation] { invocation.run = [=, &invocation] { return action(*options, invocation.streams); }; });
  return command;
}

void AddGet(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<GetOptions>();
  CLI::App* get = AddCommand(app, "get", "show resources and their states", options, invocation, GetResources);
  get->add_option("kind", options->kind, kKinds)->required()->type_name("KIND");
  get->add_option("name", options->names, "names, or patterns with * and ?; without: all")->type_name("NAME");
  get->add_option("-l,--tag", options->tags, "only those with this tag: key=value, or key; several, with commas: all")
      ->type_name("TAG")
      ->allow_extra_args(false);
  get->add_option("--generation", options->generation, "as they were in a generation that is kept")
      ->check(GenerationNumber())
      ->type_name("NUMBER");
  AddOutputOptions(*get, options->output, {Format::kTable, Format::kWide, Format::kJson, Format::kYaml, Format::kName});
  AddCardOptions(*get, options->card);
  get->footer(
      "\nExamples:\n"
      "  helioctl get sessions -o wide     and what holds those up that are not active\n"
      "  helioctl get rules web            each rule of filter web, and how often it has decided");

  const auto names = std::make_shared<GetOptions>();
  CLI::App* hidden = AddCommand(
      app, "__names", "names of a kind, for completion", names, invocation,
      [](const GetOptions& wanted, Streams streams) { return PrintNames(wanted.card, wanted.kind, streams); });
  hidden->add_option("kind", names->kind)->required();
  AddCardOptions(*hidden, names->card);
  hidden->group("");
}

void AddDescribe(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<DescribeOptions>();
  CLI::App* describe =
      AddCommand(app, "describe", "everything about a resource, and who uses it", options, invocation, Describe);
  describe->add_option("resource", options->names, "KIND NAME..., or KIND/NAME...")->required()->type_name("RESOURCE");
  AddOutputOptions(*describe, options->output, {Format::kTable});
  AddCardOptions(*describe, options->card);
}

void AddWatch(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<SessionWatchOptions>();
  CLI::App* watch =
      AddCommand(app, "watch", "sessions' states and counters as they change", options, invocation, WatchSessions);
  watch->add_option("session", options->session, "a name or pattern; without: all")->type_name("SESSION");
  watch->add_option("--interval", options->interval, "between two looks: 100ms to 1h")
      ->type_name("TIME")
      ->capture_default_str();
  watch->add_option("--count", options->count, "end after so many looks")
      ->check(WholeNumber(1, kMostLooks, kNoCount))
      ->type_name("NUMBER");
  AddOutputOptions(*watch, options->output, {Format::kTable, Format::kJson});
  AddCardOptions(*watch, options->card);
}

void AddTop(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<TopOptions>();
  CLI::App* top = AddCommand(app, "top", "what sessions or interfaces do right now", options, invocation, Top);
  top->add_option("session", options->session, "a name or pattern; without: all")->type_name("SESSION");
  top->add_option("--interval", options->interval, "that rates are taken over: 100ms to 1h")
      ->type_name("TIME")
      ->capture_default_str();
  top->add_option("--count", options->count, "print so many tables, one below the other, and end")
      ->check(WholeNumber(1, kMostLooks, kNoCount))
      ->type_name("NUMBER");
  top->add_option("--sort", options->sort, "largest first: matched, sent, bits or drops; or by name")
      ->check(CLI::IsMember({"name", "matched", "sent", "bits", "drops"}))
      ->type_name("COLUMN")
      ->capture_default_str();
  top->add_flag("--interfaces", options->interfaces, "interfaces in place of sessions");
  AddOutputOptions(*top, options->output, {Format::kTable, Format::kJson});
  AddCardOptions(*top, options->card);
  top->footer("\nOn a terminal the screen is drawn anew each interval; q ends.");
}

void AddAudit(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<AuditOptions>();
  CLI::App* audit = AddCommand(app, "audit", "who changed what", options, invocation, Audit);
  audit->add_option("--after", options->after, "only records behind this one")
      ->check(WholeNumber(0, std::numeric_limits<std::uint64_t>::max(), "is no sequence number; see `helioctl audit`"))
      ->type_name("SEQUENCE");
  audit->add_option("--limit", options->limit, "the newest so many of them")
      ->check(WholeNumber(1, std::numeric_limits<std::uint32_t>::max(), "is no number of records; give 1 or more"))
      ->type_name("NUMBER");
  audit->add_flag("--verify", options->verify, "check that no record was altered or taken out");
  AddOutputOptions(*audit, options->output, {Format::kTable, Format::kWide, Format::kJson, Format::kYaml});
  AddCardOptions(*audit, options->card);
  audit->footer("\nExit codes: 0 done, 1 an error, or --verify found the chain broken.");
}

void AddInfo(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App* info =
      AddCommand(app, "info", "the card, its limits and what is used of them", options, invocation, ShowInfo);
  AddOutputOptions(*info, options->output, {Format::kTable, Format::kJson, Format::kYaml});
  AddCardOptions(*info, options->card);
}

void AddTrust(CLI::App& app, Invocation& invocation) {
  CLI::App* trust = app.add_subcommand("trust", "whom the card lets in, and its own certificate");
  trust->require_subcommand(1);
  const auto shown = std::make_shared<TrustOptions>();
  CLI::App* show = AddCommand(*trust, "show", "authority, certificate, revocation list", shown, invocation, ShowTrust);
  AddOutputOptions(*show, shown->output, {Format::kTable, Format::kJson, Format::kYaml});
  AddCardOptions(*show, shown->card);

  const auto files = std::make_shared<TrustFiles>();
  CLI::App* set =
      AddCommand(*trust, "set", "replace some of them; what is not given stays", files, invocation, SetTrust);
  // --ca, --certificate and --key mean the card's new ones here; one's own come from the context or the environment.
  AddCardOptions(*set, files->card);
  for (const char* own : {"--ca", "--certificate", "--key"}) set->remove_option(set->get_option(own));
  set->add_option("--ca", files->ca, "authority whose certificates are let in")->type_name("FILE");
  set->add_option("--certificate", files->certificate, "the card's own, with its chain")->type_name("FILE");
  set->add_option("--key", files->private_key, "its private key")->type_name("FILE");
  set->add_option("--crl", files->crl, "revocation list of the authority")->type_name("FILE");
  set->add_flag("--allow-lockout", files->allow_lockout, "also when you would not be let in any more");
  set->footer(
      "\nYour own certificate is the context's, or the environment's: the options here are what the card is given.\n"
      "A new certificate and its key go together.");
}

void AddTime(CLI::App& app, Invocation& invocation) {
  const auto shown = std::make_shared<TimeOptions>();
  CLI::App* time = app.add_subcommand("time", "the card's clock");
  time->callback([=, &invocation] {
    if (!time->get_subcommands().empty()) return;
    invocation.run = [=, &invocation] { return ShowTime(*shown, invocation.streams); };
  });
  AddOutputOptions(*time, shown->output, {Format::kTable, Format::kJson, Format::kYaml});
  AddCardOptions(*time, shown->card);

  const auto options = std::make_shared<TimeOptions>();
  options->value = "now";
  CLI::App* set = AddCommand(*time, "set", "set it", options, invocation, SetTime);
  set->add_option("time", options->value, "now (this computer's), or as 2026-11-22T03:00:29Z")
      ->type_name("TIME")
      ->capture_default_str();
  AddOutputOptions(*set, options->output, {Format::kTable, Format::kJson, Format::kYaml});
  AddCardOptions(*set, options->card);
}

}  // namespace

void AddReadCommands(CLI::App& app, Invocation& invocation) {
  AddGet(app, invocation);
  AddDescribe(app, invocation);
  AddWatch(app, invocation);
  AddTop(app, invocation);
  AddAudit(app, invocation);
  AddInfo(app, invocation);
  AddTrust(app, invocation);
  AddTime(app, invocation);
}

}  // namespace heliostat::helioctl
