#include "helioctl/man_page.h"

#include <string_view>

#include "helioctl/card/context.h"
#include "helioctl/version.h"
#include "helioctl/yaml/vocabulary.h"

namespace heliostat::helioctl {
namespace {

// Text as it stands: no escape, no hyphen for a minus, no line that is a request.
std::string Roff(std::string_view text) {
  std::string roff;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) roff += "\\&";
    line_begins = c == '\n';
    switch (c) {
      case '\\': roff += "\\e"; break;
      case '-': roff += "\\-"; break;
      case '^': roff += "\\(ha"; break;
      case '~': roff += "\\(ti"; break;
      case '`': roff += "\\(ga"; break;
      default: roff += c; break;
    }
  }
  return roff;
}

std::string Bold(std::string_view text) { return "\\fB" + Roff(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Roff(text) + "\\fR"; }

// `-o, --output FORMAT`.
std::string Synopsis(const OptionText& option) {
  std::string text;
  for (const std::string& name : option.names) text += (text.empty() ? "" : ", ") + Bold(name);
  if (option.takes_value()) text += " " + Italic(option.type);
  return text;
}

std::string Synopsis(const CommandText& command) {
  std::string text = Bold(command.path);
  bool required_options = false;
  for (const OptionText& option : command.options) {
    if (!option.required || !option.argument.empty()) continue;
    text += " " + Synopsis(option);
    required_options = true;
  }
  if (command.options.size() > (required_options ? 2U : 1U)) text += " [" + Italic("OPTION") + "...]";
  for (const OptionText& argument : command.arguments) {
    const std::string value = Italic(argument.type) + (argument.most > 1 ? "..." : "");
    text += argument.required ? " " + value : " [" + value + "]";
  }
  return text;
}

std::string Details(const OptionText& option) {
  std::string text = Roff(option.description);
  if (!option.choices.empty()) {
    text += ": ";
    for (std::size_t i = 0; i < option.choices.size(); ++i) text += (i == 0 ? "" : ", ") + Bold(option.choices[i]);
  }
  if (!option.default_value.empty()) text += " (default " + Roff(option.default_value) + ")";
  if (!option.environment.empty()) text += " [$" + Roff(option.environment) + "]";
  return text + "\n";
}

// Examples and notes, line by line. What the whole page says of exit codes is said once, at its end.
std::string Footer(std::string_view footer) {
  if (const auto codes = footer.find("\nExit codes:"); codes != std::string_view::npos)
    footer = footer.substr(0, codes);
  while (footer.starts_with("\n")) footer.remove_prefix(1);
  while (footer.ends_with("\n")) footer.remove_suffix(1);
  if (footer.empty()) return {};
  std::string blank_lines_kept;
  for (const char c : Roff(footer) + "\n") {
    if (c == '\n' && blank_lines_kept.ends_with("\n")) blank_lines_kept += ".sp";
    blank_lines_kept += c;
  }
  return ".PP\n.nf\n" + blank_lines_kept + ".fi\n";
}

void Option(const OptionText& option, std::string& page) {
  page += ".TP\n" + Synopsis(option) + "\n" + Details(option);
}

// Which card, and by which certificate: the same for every command that talks to one.
bool IsOfCard(const OptionText& option) { return option.group == kCardOptionsGroup; }

const CommandText* FirstOfCard(const CommandText& command) {
  for (const OptionText& option : command.options) {
    if (IsOfCard(option)) return &command;
  }
  for (const CommandText& below : command.commands) {
    if (const CommandText* found = FirstOfCard(below)) return found;
  }
  return nullptr;
}

void CardOptionsOf(const CommandText& program, std::string& page) {
  const CommandText* command = FirstOfCard(program);
  if (command == nullptr) return;
  page += ".SH CARD OPTIONS\nEvery command that talks to a card takes these too.\n";
  for (const OptionText& option : command->options) {
    if (IsOfCard(option)) Option(option, page);
  }
}

void Command(const CommandText& command, const std::string& footer_above, std::string& page) {
  if (command.commands.empty()) {
    page += ".SS " + Synopsis(command) + "\n" + Roff(command.description) + "\n";
  } else {
    page += ".SS " + Bold(command.path) + " " + Italic("COMMAND") + "\n" + Roff(command.description) + "\n";
  }
  for (const OptionText& argument : command.arguments) {
    if (argument.names.empty()) page += ".TP\n" + Italic(argument.type) + "\n" + Details(argument);
  }
  for (const OptionText& option : command.options) {
    if (!option.Has("--help") && !IsOfCard(option)) Option(option, page);
  }
  if (command.footer != footer_above) page += Footer(command.footer);
  for (const CommandText& below : command.commands) Command(below, command.footer, page);
}

// A field, and those in it. `path` leads to it: `rateLimit.`.
void DescribeField(const Field& field, const std::string& path, std::string& page) {
  page += ".TP\n" + Bold(path + std::string(field.name)) + "\n" + Roff(field.help) + "\n.br\n" + Roff(ValueText(field));
  if (field.required()) page += "; required";
  if (!field.otherwise.empty()) page += "; without it: " + Roff(field.otherwise);
  page += "\n";
  if (field.shape == Shape::kRules) return;  // they have a section of their own
  for (const Field& inner : field.fields) DescribeField(inner, path + std::string(field.name) + ".", page);
}

void DescribeFields(std::span<const Field> fields, const std::string& path, std::string& page) {
  for (const Field& field : fields) DescribeField(field, path, page);
}

void Configuration(std::string& page) {
  page += ".SH CONFIGURATION\n";
  page += "One or many YAML documents, separated by a line with " + Bold("---") +
          ". A field that is not listed here is an error.\nNumbers are decimal, or hexadecimal with 0x in front.\n";
  DescribeFields(DocumentFields(), "", page);
  for (const KindWords& kind : AllKinds()) {
    page += ".SS " + Bold(kind.yaml) + "\n" + Roff(kind.help) + "\n";
    DescribeFields(kind.metadata, "metadata.", page);
    DescribeFields(kind.spec, "spec.", page);
  }
  page += ".SS " + Bold("Rules") + "\nof a filter. What is absent matches every frame, what is present must match.\n";
  DescribeFields(RuleFields(), "", page);
}

constexpr std::string_view kDescription = R"(.SH DESCRIPTION
A Heliostat card copies chosen packets to analysers while production traffic passes untouched.
.B helioctl
checks and applies its configuration, which is written in YAML, and shows what the card does.
It talks to a card over TLS, both sides with certificates;
.B helioctl pki init
makes what that needs, and a context to use it by.
.PP
Data goes to standard output, errors to standard error: the resource and field, the reason, and what to do about it.
Every command takes
.BR \-h ", " \-\-help .
)";

constexpr std::string_view kEnd = R"(.SH EXIT STATUS
.TP
.B 0
done; of
.BR "helioctl diff" :
nothing differs
.TP
.B 1
an error, which is on standard error; nothing was changed, unless it says so
.TP
.B 2
of
.BR "helioctl diff" :
something differs
.TP
.B 3
of what changes a card: it was asked for, but the card's answer was lost, and the card could not be asked again in time or
does not show it yet.
Whether it was done is unknown: see
.BR "helioctl generations" .
.SH ENVIRONMENT
.TP
.B HELIOSTAT_CONFIG
the file of contexts
.TP
.B HELIOSTAT_CONTEXT
the context to use, instead of the current one
.TP
.BR HELIOSTAT_CARD ", " HELIOSTAT_SERVER_NAME ", " HELIOSTAT_CA ", " HELIOSTAT_CERTIFICATE ", " HELIOSTAT_KEY
values in the place of the context's; without effect when
.B \-\-context
is given. Options outrank them.
.TP
.B HELIOSTAT_PKI
the folder of the authority that
.B helioctl pki
works with
.TP
.B NO_COLOR
when it is set to something: no colours
.SH FILES
.TP
.I $XDG_CONFIG_HOME/heliostat/config.yaml
contexts, unless
.B HELIOSTAT_CONFIG
names another file;
.I \(ti/.config/heliostat/config.yaml
when
.B XDG_CONFIG_HOME
is not set
.TP
.I pki/
an authority:
.IR ca.pem ", " ca.key " (secret), " crl.pem ", " index.yaml ,
and
.IR cards/NAME ", " users/NAME
with
.IR ca.pem ", " certificate.pem ", " private_key.pem " (secret) and " crl.pem
.SH SEE ALSO
.BR openssl\-x509 (1),
.BR openssl\-crl (1)
)";

}  // namespace

std::string ManPage(const CommandText& program) {
  std::string page = ".TH HELIOCTL 1 \"\" \"helioctl " + Roff(kVersion) + "\" \"Heliostat\"\n";
  page += ".SH NAME\nhelioctl \\- configures a Heliostat card\n";
  page += ".SH SYNOPSIS\n" + Bold("helioctl") + " " + Italic("COMMAND") + " [" + Italic("OPTION") + "...]\n";
  page += kDescription;
  page += Footer(program.footer);
  page += ".SH COMMANDS\n";
  for (const CommandText& command : program.commands) Command(command, program.footer, page);
  CardOptionsOf(program, page);
  Configuration(page);
  page += kEnd;
  return page;
}

}  // namespace heliostat::helioctl
