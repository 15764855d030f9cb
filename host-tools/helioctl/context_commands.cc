// `helioctl context`: the file of contexts, without an editor.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/check.h"
#include "helioctl/card/context.h"
#include "helioctl/card/context_file.h"
#include "helioctl/cli/exit_code.h"
#include "helioctl/cli/output.h"
#include "helioctl/command_tree.h"

namespace heliostat::helioctl {
namespace {

constexpr const char* kFooter = R"(
Examples:
  helioctl context list                    every card that is known; * is the current one
  helioctl context use lab                 from now on
  helioctl context set lab --card 192.0.2.10 --server-name card0 \
      --ca pki/ca.pem --certificate pki/users/admin/certificate.pem --key pki/users/admin/private_key.pem
  helioctl context set lab --card "[2001:db8::10]:8789"
  helioctl context show                    what a command would use now, and from where
  helioctl info --context lab              once

The file is $HELIOSTAT_CONFIG, else $XDG_CONFIG_HOME/heliostat/config.yaml, else ~/.config/heliostat/config.yaml.
An option outranks the environment ($HELIOSTAT_CONTEXT, $HELIOSTAT_CARD, $HELIOSTAT_SERVER_NAME, $HELIOSTAT_CA,
$HELIOSTAT_CERTIFICATE, $HELIOSTAT_KEY), and that outranks the context, unless --context is given.

Exit codes: 0 done, 1 an error (nothing was changed unless it says so).)";

struct SetOptions {
  ContextEntry entry{};  // paths as typed
  bool use = false;
};

int List(const OutputOptions& output, Streams streams) {
  const auto file = ReadContextFile();
  if (!file.ok()) return Fail(file.status(), streams);
  Table table({{""}, {"NAME"}, {"CARD"}, {"SERVER NAME"}, {"CERTIFICATE"}});
  Json json = Json::array();
  for (const ContextEntry& entry : file->contexts) {
    const bool current = entry.name == file->current;
    table.Add({current ? "*" : "", entry.name, entry.card, entry.server_name, file->Resolve(entry.certificate)});
    json.push_back({{"name", entry.name},
                    {"current", current},
                    {"card", entry.card},
                    {"serverName", entry.server_name},
                    {"ca", file->Resolve(entry.ca)},
                    {"certificate", file->Resolve(entry.certificate)},
                    {"privateKey", file->Resolve(entry.private_key)},
                    {"crl", file->Resolve(entry.crl)}});
    if (output.format == Format::kName) streams.out << entry.name << "\n";
  }
  if (output.format == Format::kJson) streams.out << JsonText(json);
  if (output.format == Format::kYaml) streams.out << YamlText(json);
  if (output.format == Format::kTable) streams.out << table.Render(StyleOf(output, streams.out));
  if (file->contexts.empty()) streams.err << "there are no contexts yet; helioctl pki init makes one\n";
  return kDone;
}

int Use(const std::string& name, Streams streams) {
  auto change = ContextChange::Begin();
  if (!change.ok()) return Fail(change.status(), streams);
  ContextFile& file = change->file();
  if (file.Find(name) == nullptr) return Fail(NoSuchContext(file, name), streams);
  file.current = name;
  const Status written = change->Write();
  if (!written.ok()) return Fail(written, streams);
  streams.out << "context " << name << " is the current one\n";
  return kDone;
}

// What was typed is relative to here, what is written must hold anywhere.
void TakePath(const std::string& typed, std::string& path) {
  if (!typed.empty()) path = std::filesystem::absolute(typed).lexically_normal().string();
}

int Set(const SetOptions& options, Streams streams) {
  const ContextEntry& typed = options.entry;
  const Status name = config::CheckName("context", typed.name);
  if (!name.ok()) return Fail(name, streams);
  if (!typed.card.empty()) {
    const auto address = ParseCardAddress(typed.card);
    if (!address.ok()) return Fail(address.status().Within("--card"), streams);
  }
  auto change = ContextChange::Begin();
  if (!change.ok()) return Fail(change.status(), streams);
  ContextFile& file = change->file();
  ContextEntry* entry = file.Find(typed.name);
  const bool made = entry == nullptr;
  if (made) entry = &file.contexts.emplace_back();
  entry->name = typed.name;
  if (!typed.card.empty()) entry->card = typed.card;
  if (!typed.server_name.empty()) entry->server_name = typed.server_name;
  TakePath(typed.ca, entry->ca);
  TakePath(typed.certificate, entry->certificate);
  TakePath(typed.private_key, entry->private_key);
  TakePath(typed.crl, entry->crl);
  if (options.use || file.current.empty()) file.current = typed.name;
  const Status written = change->Write();
  if (!written.ok()) return Fail(written, streams);
  streams.out << fmt::format("context {} {} in {}{}\n", typed.name, made ? "made" : "changed", file.path,
                             file.current == typed.name ? ", the current one" : "");
  return kDone;
}

int Show(const CardOptions& options, const OutputOptions& output, Streams streams) {
  const auto context = ResolveContext(options);
  if (!context.ok()) return Fail(context.status(), streams);
  const Json json{{"name", context->name},
                  {"card", CardAddressText(context->host, context->port)},
                  {"serverName", context->server_name},
                  {"ca", context->ca},
                  {"certificate", context->certificate},
                  {"privateKey", context->private_key},
                  {"crl", context->crl},
                  {"file", ContextFilePath()}};
  streams.out << (output.format == Format::kJson ? JsonText(json) : YamlText(json));
  return kDone;
}

int Delete(const std::string& name, Streams streams) {
  auto change = ContextChange::Begin();
  if (!change.ok()) return Fail(change.status(), streams);
  ContextFile& file = change->file();
  if (file.Find(name) == nullptr) return Fail(NoSuchContext(file, name), streams);
  std::erase_if(file.contexts, [&](const ContextEntry& entry) { return entry.name == name; });
  const bool current = file.current == name;
  if (current) file.current.clear();
  const Status written = change->Write();
  if (!written.ok()) return Fail(written, streams);
  streams.out << fmt::format("context {} deleted; its certificates are where they were{}\n", name,
                             current ? ". None is current now: helioctl context use NAME" : "");
  return kDone;
}

void AddSet(CLI::App& context, Invocation& invocation) {
  const auto options = std::make_shared<SetOptions>();
  ContextEntry& entry = options->entry;
  CLI::App* set = context.add_subcommand("set", "make a context, or change what is given of it");
  set->add_option("name", entry.name, "of the context")->required()->type_name("CONTEXT");
  set->add_option("--card", entry.card, "where the card is: HOST or HOST:PORT")->type_name("ADDRESS");
  set->add_option("--server-name", entry.server_name, "the name that its certificate must have")->type_name("NAME");
  set->add_option("--ca", entry.ca, "the authority that its certificate must come from")->type_name("FILE");
  set->add_option("--certificate", entry.certificate, "your certificate")->type_name("FILE");
  set->add_option("--key", entry.private_key, "its private key")->type_name("FILE");
  set->add_option("--crl", entry.crl, "the authority's revocation list")->type_name("FILE");
  set->add_flag("--use", options->use, "and make it the current one");
  set->footer(kFooter);
  set->callback(
      [options, &invocation] { invocation.run = [=, &invocation] { return Set(*options, invocation.streams); }; });
}

void AddNamed(CLI::App& context, Invocation& invocation, const char* name, const char* description,
              int (*run)(const std::string&, Streams)) {
  const auto chosen = std::make_shared<std::string>();
  CLI::App* command = context.add_subcommand(name, description);
  command->add_option("name", *chosen, "of the context")->required()->type_name("CONTEXT");
  command->footer(kFooter);
  command->callback(
      [=, &invocation] { invocation.run = [=, &invocation] { return run(*chosen, invocation.streams); }; });
}

}  // namespace

void AddContextCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* context = app.add_subcommand("context", "which cards there are, and which one commands go to");
  context->require_subcommand(1);
  context->footer(kFooter);

  const auto list_output = std::make_shared<OutputOptions>();
  CLI::App* list = context->add_subcommand("list", "every context; * is the current one");
  AddOutputOptions(*list, *list_output, {Format::kTable, Format::kJson, Format::kYaml, Format::kName});
  list->footer(kFooter);
  list->callback(
      [=, &invocation] { invocation.run = [=, &invocation] { return List(*list_output, invocation.streams); }; });

  AddNamed(*context, invocation, "use", "make a context the current one", Use);
  AddSet(*context, invocation);

  const auto show_options = std::make_shared<std::pair<CardOptions, OutputOptions>>();
  CLI::App* show = context->add_subcommand("show", "what a command with these options would use");
  AddCardOptions(*show, show_options->first);
  AddOutputOptions(*show, show_options->second, {Format::kYaml, Format::kJson});
  show->footer(kFooter);
  show->callback([=, &invocation] {
    invocation.run = [=, &invocation] { return Show(show_options->first, show_options->second, invocation.streams); };
  });

  AddNamed(*context, invocation, "delete", "forget a context", Delete);
}

}  // namespace heliostat::helioctl
