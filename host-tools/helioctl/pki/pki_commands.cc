// `helioctl pki`: an authority for cards and the people who work with them.
#include "helioctl/pki/pki_commands.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "config/check.h"
#include "helioctl/card/context_file.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/files.h"
#include "helioctl/cli/quantity.h"
#include "helioctl/pki/pki_folder.h"
#include "helioctl/pki/pki_renewal.h"
#include "pki/reading.h"

namespace heliostat::helioctl {
namespace {

namespace fs = std::filesystem;
using config::Quoted;

constexpr std::uint64_t kDayS = 86'400;
constexpr unsigned kAuthorityDays = 3650;
constexpr unsigned kCardDays = 3650;
constexpr unsigned kUserDays = 365;

std::uint64_t NowS() { return static_cast<std::uint64_t>(std::time(nullptr)); }

std::string Date(std::uint64_t seconds) { return Rfc3339(seconds * kNsPerSecond).substr(0, 10); }

Result<pki::Validity> ValidityOf(const PkiOptions& options, unsigned default_days) {
  const std::uint64_t length_s = (options.days != 0 ? options.days : default_days) * kDayS;
  if (options.not_before.empty()) return pki::Validity{NowS() - kClockSkewS, NowS() + length_s};
  const auto time = ParseRfc3339(options.not_before);
  if (!time.ok()) return time.status().Within("--not-before");
  return pki::Validity{*time / kNsPerSecond, *time / kNsPerSecond + length_s};
}

// No longer than its authority, which nobody believes afterwards.
Result<pki::Validity> ValidityUnder(const pki::Authority& authority, const PkiOptions& options, unsigned default_days) {
  auto validity = ValidityOf(options, default_days);
  if (!validity.ok()) return validity;
  const std::uint64_t end_s = authority.validity().not_after_s;
  if (validity->not_after_s > end_s && options.days == 0) validity->not_after_s = end_s;
  if (validity->not_after_s <= end_s && validity->not_before_s <= validity->not_after_s) return validity;
  return Status(Code::kInvalidArgument, "--days", "ends after the authority itself, on " + Date(end_s),
                "give fewer days, or begin a new authority in another folder: helioctl pki init --dir DIR");
}

// A card refuses an admin's certificate that names an owner; a flasher has nothing to do with one.
bool TakesOwner(std::string_view role) { return role == "operator" || role == "viewer"; }

Status CheckOwner(const std::string& role, const std::string& owner) {
  if (owner.empty() && role == "operator") {
    return Status(Code::kInvalidArgument, "--owner", "is missing: an operator changes what one owner has",
                  "add --owner NAME, or issue admin for everything");
  }
  if (owner.empty() || config::IsName(owner)) return OkStatus();
  return Status(Code::kInvalidArgument, "--owner",
                Quoted(owner) + " is no name, and cards would refuse the certificate",
                "use 1 to 63 of a-z A-Z 0-9 . _ -, the first and last a letter or digit");
}

// As the names of what listens: where a card is reached may be an address or a name.
void AddReachedAs(const std::string& host, IssueOrder& order) {
  if (const auto address = IpAddress::Parse(host)) {
    order.addresses.push_back(*address);
  } else if (host != order.name && host != "localhost") {
    order.dns_names.push_back(host);
  }
}

Result<IssueOrder> OrderOf(const PkiIssueOptions& options, const pki::Authority& authority) {
  HELIOSTAT_RETURN_IF_ERROR(CheckOwner(options.role, options.owner));
  const bool card = options.role == kCardRole;
  const auto validity = ValidityUnder(authority, options.pki, card ? kCardDays : kUserDays);
  if (!validity.ok()) return validity.status();
  IssueOrder order{options.name, options.role, options.owner, {}, {}, *validity, options.replace};
  if (card) order.dns_names.push_back(options.name);
  for (const std::string& name : options.dns_names) {
    if (name != options.name) order.dns_names.push_back(name);
  }
  for (const std::string& text : options.addresses) {
    const auto address = IpAddress::Parse(text);
    if (!address) {
      return Status(Code::kInvalidArgument, "--ip", Quoted(text) + " is not an IP address",
                    "give one such as 192.0.2.10 or 2001:db8::1; names go to --dns");
    }
    order.addresses.push_back(*address);
  }
  return order;
}

std::string ContextName(const PkiInitOptions& options) {
  return options.context.empty() ? options.card : options.context;
}

bool WithContext(const PkiInitOptions& options) { return !options.authority_only && !options.no_context; }

Status CheckNames(const PkiInitOptions& options) {
  if (options.authority_only) return OkStatus();
  HELIOSTAT_RETURN_IF_ERROR(CheckHolder(kCardRole, options.card));
  HELIOSTAT_RETURN_IF_ERROR(CheckHolder("admin", options.user));
  if (options.card == options.user) {
    return Status(Code::kInvalidArgument, "--user", Quoted(options.user) + " is the card's name",
                  "give the card and its admin different names");
  }
  return WithContext(options) ? config::CheckName("context", ContextName(options)) : OkStatus();
}

// The contexts, when `pki init` may write its own: a new one, or one whose authority was in a folder that is to be made
// anew.
Result<ContextChange> BeginContext(const PkiInitOptions& options) {
  auto change = ContextChange::Begin();
  if (!change.ok()) return change;
  const ContextFile& file = change->file();
  const std::string name = ContextName(options);
  const ContextEntry* entry = file.Find(name);
  const std::string authority = fs::absolute(options.pki.folder + "/ca.pem").lexically_normal().string();
  if (entry == nullptr || file.Resolve(entry->ca) == authority) return change;
  return Status(Code::kAlreadyExists, "context " + Quoted(name), "is in " + file.path + " already",
                "choose another name with --context, leave it with --no-context, or: helioctl context delete " + name);
}

Status WriteContext(ContextChange& change, const PkiInitOptions& options, const std::string& user_folder) {
  ContextFile& file = change.file();
  const std::string name = ContextName(options);
  const fs::path folder = fs::absolute(user_folder).lexically_normal();
  ContextEntry* entry = file.Find(name);
  if (entry == nullptr) entry = &file.contexts.emplace_back();
  *entry = {name,
            options.address,
            options.card,
            fs::absolute(options.pki.folder + "/ca.pem").lexically_normal().string(),
            (folder / "certificate.pem").string(),
            (folder / "private_key.pem").string(),
            (folder / "crl.pem").string(),
            {}};
  if (file.current.empty() || file.Find(file.current) == nullptr) file.current = name;
  return change.Write();
}

Result<Issue> IssueFirst(PkiFolder& folder, const PkiInitOptions& options, std::string_view role,
                         const std::string& host) {
  PkiIssueOptions issue;
  issue.pki = options.pki;
  issue.pki.days = 0;
  issue.role = role;
  issue.name = role == kCardRole ? options.card : options.user;
  auto order = OrderOf(issue, folder.authority());
  if (!order.ok()) return order.status();
  if (role == kCardRole) {
    if (options.card != "localhost") order->dns_names.emplace_back("localhost");
    AddReachedAs(host, *order);
  }
  return folder.IssueCertificate(*order);
}

std::string Names(const IssueOrder& order) {
  std::string text;
  for (const std::string& name : order.dns_names) text += (text.empty() ? "" : ", ") + name;
  for (const IpAddress& address : order.addresses) text += (text.empty() ? "" : ", ") + address.ToString();
  return text;
}

std::string_view State(const IssuedCertificate& issued, std::uint64_t now_s) {
  if (issued.revoked_s != 0) return "revoked";
  if (issued.validity.not_after_s < now_s) return "expired";
  return issued.validity.not_before_s > now_s ? "not yet valid" : "valid";
}

Tone ToneOf(std::string_view state) {
  return state == "valid" ? Tone::kGood : state == "revoked" ? Tone::kBad : Tone::kWarning;
}

bool AnyAdmin(const PkiFolder& folder) {
  return std::any_of(folder.issued().begin(), folder.issued().end(), [](const IssuedCertificate& issued) {
    return issued.role == "admin" && State(issued, NowS()) == "valid";
  });
}

// The way from the list on disk to the cards, which fetch nothing by themselves.
void SayHowToDeliver(const PkiFolder& folder, Streams streams) {
  streams.out << "The list is in " << folder.path() << "/crl.pem and in the folders of cards and users.\n"
              << "A card goes by the one it has, until it gets the new one:\n"
              << "  helioctl trust set --crl " << folder.path() << "/crl.pem\n";
}

std::uint64_t NextUpdateS(const PkiRevokeOptions& options, const PkiFolder& folder) {
  const std::uint64_t end_s = folder.authority().validity().not_after_s;
  return options.pki.days == 0 ? end_s : std::min(end_s, NowS() + options.pki.days * kDayS);
}

// What comes with a new authority: the first card, its admin, the context if there is to be one. Returns what to say.
Result<std::string> MakeFirst(PkiFolder& folder, const PkiInitOptions& options, const CardAddress& address,
                              ContextChange* context) {
  const auto card = IssueFirst(folder, options, kCardRole, address.host);
  if (!card.ok()) return card.status();
  const auto user = IssueFirst(folder, options, "admin", address.host);
  if (!user.ok()) return user.status();
  std::string text =
      fmt::format("card       {}/ is all that the card needs\nadmin      {}/\n", card->folder, user->folder);
  std::string use;
  if (context != nullptr) {
    HELIOSTAT_RETURN_IF_ERROR(WriteContext(*context, options, user->folder));
    const std::string name = ContextName(options);
    text += fmt::format("context    {} in {}: {}, as {}\n", name, context->file().path,
                        CardAddressText(address.host, address.port), options.user);
    if (context->file().current != name) use = "  helioctl context use " + name + "\n";
  }
  return text + fmt::format("\nNext:\n  start the card with --trust {}\n{}  helioctl info\n", card->folder, use);
}

}  // namespace

int PkiInit(const PkiInitOptions& options, Streams streams) {
  // All that may be refused comes before anything is made.
  const auto address = ParseCardAddress(options.address);
  if (!address.ok()) return Fail(address.status().Within("--address"), streams);
  const Status names = CheckNames(options);
  if (!names.ok()) return Fail(names, streams);
  const auto validity = ValidityOf(options.pki, kAuthorityDays);
  if (!validity.ok()) return Fail(validity.status(), streams);
  std::optional<ContextChange> context;
  if (WithContext(options)) {
    auto change = BeginContext(options);
    if (!change.ok()) return Fail(change.status(), streams);
    context.emplace(std::move(change).value());
  }
  auto folder = PkiFolder::Make(options.pki.folder, options.name, *validity);
  if (!folder.ok()) return Fail(folder.status(), streams);
  const std::string& path = folder->path();
  const auto rest =
      options.authority_only
          ? fmt::format(
                "\nNext:\n  helioctl pki issue card NAME --dir {0}\n  helioctl pki issue admin USER --dir {0}\n", path)
          : MakeFirst(*folder, options, *address, context ? &*context : nullptr);
  if (!rest.ok()) {
    folder->Discard();
    return Fail(rest.status(), streams);
  }
  streams.out << fmt::format("authority  {} ({}, until {}); ca.key can make any certificate: keep it to yourself\n{}",
                             path, Quoted(options.name), Date(validity->not_after_s), *rest);
  return kDone;
}

int PkiIssue(const PkiIssueOptions& given, Streams streams) {
  auto folder = PkiFolder::Open(given.pki.folder);
  if (!folder.ok()) return Fail(folder.status(), streams);
  const auto renewing = given.replace ? Renewing(*folder, given) : given;
  if (!renewing.ok()) return Fail(renewing.status(), streams);
  const PkiIssueOptions& options = *renewing;
  const auto order = OrderOf(options, folder->authority());
  if (!order.ok()) return Fail(order.status(), streams);
  std::vector<IssuedCertificate> before;
  for (const IssuedCertificate& issued : folder->issued()) {
    const bool valid = issued.revoked_s == 0 && issued.validity.not_after_s > NowS();
    if (issued.name == options.name && valid) before.push_back(issued);
  }
  const auto issued = folder->IssueCertificate(*order);
  if (!issued.ok()) return Fail(issued.status(), streams);
  const std::string names = Names(*order);
  streams.out << fmt::format("{}/  {} {}{}{}, until {}, serial {}\n", issued->folder, options.role, options.name,
                             names.empty() ? "" : " (" + names + ")",
                             options.owner.empty() ? "" : " of " + options.owner, Date(order->validity.not_after_s),
                             issued->serial);
  for (const IssuedCertificate& old : before) {
    streams.out << fmt::format("The one before is valid until {}, unless: helioctl pki revoke {} --reason superseded\n",
                               Date(old.validity.not_after_s), old.serial);
  }
  return kDone;
}

int PkiRevoke(const PkiRevokeOptions& options, Streams streams) {
  const auto reason = ParseReason(options.reason);
  if (!reason.ok()) return Fail(reason.status(), streams);
  auto folder = PkiFolder::Open(options.pki.folder);
  if (!folder.ok()) return Fail(folder.status(), streams);
  const bool had_admin = AnyAdmin(*folder);
  const auto serials = folder->Revoke(options.certificate, *reason, NowS(), NextUpdateS(options, *folder));
  if (!serials.ok()) return Fail(serials.status(), streams);
  for (const std::string& serial : *serials) streams.out << "revoked " << serial << "\n";
  if (serials->empty()) streams.out << options.certificate << " is revoked already; the list is written anew\n";
  if (had_admin && !AnyAdmin(*folder)) {
    streams.err << "helioctl: warning: no admin has a valid certificate any more. Before a card gets the list: "
                   "helioctl pki issue admin NAME --dir "
                << folder->path() << "\n";
  }
  SayHowToDeliver(*folder, streams);
  return kDone;
}

int PkiRefresh(const PkiRevokeOptions& options, Streams streams) {
  auto folder = PkiFolder::Open(options.pki.folder);
  if (!folder.ok()) return Fail(folder.status(), streams);
  const std::uint64_t next_update_s = NextUpdateS(options, *folder);
  const Status written = folder->WriteRevocationList(NowS(), next_update_s);
  if (!written.ok()) return Fail(written, streams);
  streams.out << "a new list, good until " << Date(next_update_s) << "\n";
  SayHowToDeliver(*folder, streams);
  return kDone;
}

int PkiList(const PkiListOptions& options, Streams streams) {
  const auto folder = PkiFolder::Open(options.pki.folder);
  if (!folder.ok()) return Fail(folder.status(), streams);
  const std::uint64_t now_s = NowS();
  Table table({{"NAME"}, {"ROLE"}, {"OWNER"}, {"STATE"}, {"UNTIL"}, {"SERIAL"}});
  Json json = Json::array();
  for (const IssuedCertificate& issued : folder->issued()) {
    const std::string state(State(issued, now_s));
    table.Add({issued.name,
               issued.role,
               issued.owner.empty() ? "-" : issued.owner,
               {state, ToneOf(state)},
               Date(issued.validity.not_after_s),
               issued.serial});
    Json item{{"name", issued.name}, {"role", issued.role}, {"owner", issued.owner}, {"state", state}};
    item["serial"] = issued.serial;
    item["notBefore"] = Rfc3339(issued.validity.not_before_s * kNsPerSecond);
    item["notAfter"] = Rfc3339(issued.validity.not_after_s * kNsPerSecond);
    if (issued.revoked_s != 0) {
      item["revoked"] = Rfc3339(issued.revoked_s * kNsPerSecond);
      item["reason"] = ReasonName(issued.reason);
    }
    json.push_back(std::move(item));
  }
  switch (options.output.format) {
    case Format::kJson: streams.out << JsonText(json); break;
    case Format::kYaml: streams.out << YamlText(json); break;
    default: streams.out << table.Render(StyleOf(options.output, streams.out)); break;
  }
  return kDone;
}

namespace {

Json CertificateJson(const pki::CertificateText& text) {
  Json json{{"kind", "Certificate"}, {"subject", text.subject}, {"issuer", text.issuer}, {"serial", text.serial}};
  json["notBefore"] = Rfc3339(text.validity.not_before_s * kNsPerSecond);
  json["notAfter"] = Rfc3339(text.validity.not_after_s * kNsPerSecond);
  json["use"] = text.authority ? "authority" : text.server ? "card" : text.client ? "user" : "other";
  json["dnsNames"] = text.dns_names;
  json["addresses"] = text.addresses;
  json["uris"] = text.uris;
  json["key"] = text.key;
  json["sha256"] = text.sha256;
  return json;
}

Json ListJson(const pki::RevocationListText& text) {
  Json revoked = Json::array();
  for (const auto& entry : text.revoked) {
    revoked.push_back({{"serial", entry.serial}, {"time", Rfc3339(entry.time_s * kNsPerSecond)}});
  }
  return Json{{"kind", "RevocationList"},
              {"issuer", text.issuer},
              {"thisUpdate", Rfc3339(text.this_update_s * kNsPerSecond)},
              {"nextUpdate", text.next_update_s == 0 ? "" : Rfc3339(text.next_update_s * kNsPerSecond)},
              {"revoked", revoked}};
}

}  // namespace

int PkiShow(const PkiShowOptions& options, Streams streams) {
  const auto file = ReadFile(options.file, streams.in);
  if (!file.ok()) return Fail(file.status(), streams);
  const auto certificate = pki::ReadCertificate(file->text);
  const auto list =
      certificate.ok() ? Result<pki::RevocationListText>(OkStatus()) : pki::ReadRevocationList(file->text);
  if (!certificate.ok() && !list.ok()) {
    return Fail(Status(Code::kInvalidArgument, file->name, "is neither a certificate nor a revocation list",
                       "give one in PEM or DER, such as pki/cards/card0/certificate.pem"),
                streams);
  }
  const Json json = certificate.ok() ? CertificateJson(*certificate) : ListJson(*list);
  streams.out << (options.output.format == Format::kJson ? JsonText(json) : YamlText(json));
  return kDone;
}

namespace {

constexpr const char* kGroupFooter = R"(
Examples:
  helioctl pki init                                an authority, the card card0, an admin, a context: all for mTLS
  helioctl pki issue card edge7 --ip 192.0.2.17    for another card: pki/cards/edge7/
  helioctl pki issue operator alice --owner blue   for a person: pki/users/alice/
  helioctl pki revoke alice                        no card that has the new list lets alice in any more
  helioctl pki list                                what was issued

The folder is ./pki, or $HELIOSTAT_PKI, or --dir. Roles: a viewer reads; an operator changes what one owner has; a
flasher sees and writes firmware; an admin does everything.

Exit codes: 0 done, 1 an error (nothing was changed unless it says so).)";

void AddFolderOption(CLI::App& command, PkiOptions& options) {
  command.add_option("--dir", options.folder, "the authority's folder")
      ->type_name("DIR")
      ->envname("HELIOSTAT_PKI")
      ->capture_default_str();
}

void AddDates(CLI::App& command, PkiOptions& options, unsigned default_days) {
  command.add_option("--days", options.days, fmt::format("how long it is valid; default {}", default_days))
      ->check(CLI::Range(1U, 36500U))
      ->type_name("N");
  command
      .add_option("--not-before", options.not_before, "when it begins, as 2026-11-22T03:00:00Z; default an hour ago")
      ->type_name("TIME");
}

template <typename Options>
void Runs(CLI::App& command, Invocation& invocation, std::shared_ptr<Options> options,
          int (*run)(const Options&, Streams)) {
  command.callback(
      [=, &invocation] { invocation.run = [=, &invocation] { return run(*options, invocation.streams); }; });
}

void AddInit(CLI::App& pki, Invocation& invocation) {
  const auto options = std::make_shared<PkiInitOptions>();
  CLI::App* init = pki.add_subcommand("init", "make an authority, and what the first card and its admin need");
  AddFolderOption(*init, options->pki);
  init->add_option("--name", options->name, "of the authority")->type_name("NAME")->capture_default_str();
  AddDates(*init, options->pki, kAuthorityDays);
  init->add_option("--card", options->card, "name of the first card")->type_name("NAME")->capture_default_str();
  init->add_option("--address", options->address, "where it is reached: HOST or HOST:PORT")
      ->type_name("ADDRESS")
      ->capture_default_str();
  init->add_option("--user", options->user, "name of its admin")->type_name("USER")->capture_default_str();
  init->add_option("--context", options->context, "name of the context; default as the card")->type_name("NAME");
  init->add_flag("--no-context", options->no_context, "write no context");
  init->add_flag("--authority-only", options->authority_only, "no card, no admin, no context");
  init->footer(kGroupFooter);
  Runs(*init, invocation, options, PkiInit);
}

void AddIssue(CLI::App& pki, Invocation& invocation) {
  CLI::App* issue = pki.add_subcommand("issue", "a certificate for a card or a user");
  issue->require_subcommand(1);
  issue->footer(kGroupFooter);
  const std::pair<const char*, const char*> roles[] = {
      {"card", "for a card; its name is what helioctl checks (serverName)"},
      {"viewer", "for one who reads"},
      {"operator", "for one who changes what an owner has"},
      {"flasher", "for one who writes firmware"},
      {"admin", "for one who does everything"}};
  for (const auto& [role, description] : roles) {
    const auto options = std::make_shared<PkiIssueOptions>();
    options->role = role;
    const bool card = role == kCardRole;
    CLI::App* command = issue->add_subcommand(role, description);
    command->add_option("name", options->name, card ? "name of the card" : "name of the user")
        ->required()
        ->type_name(card ? "NAME" : "USER");
    if (card) {
      command->add_option("--dns", options->dns_names, "another DNS name of it")->type_name("NAME")->take_all();
      command->add_option("--ip", options->addresses, "an address of it")->type_name("ADDRESS")->take_all();
    } else if (TakesOwner(role)) {
      command->add_option("--owner", options->owner, "whose resources the user works with")->type_name("OWNER");
    }
    AddFolderOption(*command, options->pki);
    AddDates(*command, options->pki, card ? kCardDays : kUserDays);
    command->add_flag("--replace", options->replace,
                      card ? "renew: a new key and certificate in the place of the old ones; names and addresses stay, "
                             "unless --dns or --ip gives others"
                           : "renew: a new key and certificate in the place of the old ones");
    command->footer(kGroupFooter);
    Runs(*command, invocation, options, PkiIssue);
  }
}

void AddRevoke(CLI::App& pki, Invocation& invocation) {
  const auto options = std::make_shared<PkiRevokeOptions>();
  CLI::App* revoke = pki.add_subcommand("revoke", "put certificates on the revocation list");
  revoke->add_option("certificate", options->certificate, "name of a card or user (all of its), or a serial number")
      ->required()
      ->type_name("NAME|SERIAL");
  revoke->add_option("--reason", options->reason, "why, for the list")
      ->check(CLI::IsMember(ReasonNames()))
      ->type_name("REASON")
      ->capture_default_str();
  AddFolderOption(*revoke, options->pki);
  revoke->add_option("--days", options->pki.days, "until the next list is due; default as long as the authority")
      ->check(CLI::Range(1U, 36500U))
      ->type_name("N");
  revoke->footer(kGroupFooter);
  Runs(*revoke, invocation, options, PkiRevoke);

  const auto refresh_options = std::make_shared<PkiRevokeOptions>();
  CLI::App* refresh = pki.add_subcommand("refresh", "write the revocation list anew, before its next one is due");
  AddFolderOption(*refresh, refresh_options->pki);
  refresh
      ->add_option("--days", refresh_options->pki.days, "until the next list is due; default as long as the authority")
      ->check(CLI::Range(1U, 36500U))
      ->type_name("N");
  refresh->footer(kGroupFooter);
  Runs(*refresh, invocation, refresh_options, PkiRefresh);
}

}  // namespace

void AddPkiCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* pki = app.add_subcommand("pki", "certificates for cards and users: a small authority");
  pki->require_subcommand(1);
  pki->footer(kGroupFooter);
  AddInit(*pki, invocation);
  AddIssue(*pki, invocation);
  AddRevoke(*pki, invocation);

  const auto list_options = std::make_shared<PkiListOptions>();
  CLI::App* list = pki->add_subcommand("list", "what was issued");
  AddFolderOption(*list, list_options->pki);
  AddOutputOptions(*list, list_options->output, {Format::kTable, Format::kJson, Format::kYaml});
  list->footer(kGroupFooter);
  Runs(*list, invocation, list_options, PkiList);

  const auto show_options = std::make_shared<PkiShowOptions>();
  CLI::App* show = pki->add_subcommand("show", "what a certificate or revocation list says");
  show->add_option("file", show_options->file, "PEM or DER, or - for stdin")->required()->type_name("FILE");
  AddOutputOptions(*show, show_options->output, {Format::kYaml, Format::kJson});
  show->footer(kGroupFooter);
  Runs(*show, invocation, show_options, PkiShow);
}

}  // namespace heliostat::helioctl
