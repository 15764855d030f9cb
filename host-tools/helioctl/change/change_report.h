// What a command that changes a card says: a line a resource, and what has become of the whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "helioctl/card/card_change.h"
#include "helioctl/card/context.h"
#include "helioctl/cli/output.h"
#include "helioctl/cli/problem.h"
#include "helioctl/cli/streams.h"
#include "helioctl/yaml/kinds.h"

namespace CLI {
class App;
}  // namespace CLI

namespace heliostat::helioctl {

// What every command that changes a card can be told.
struct ChangeOptions {
  CommitOptions commit{};
  OutputOptions output{};
  CardOptions card{};
};

// Adds --dry-run, --confirm-within, --comment, -o and those of a card.
void AddChangeOptions(CLI::App& command, ChangeOptions& options);
// Adds --confirm-within, --comment and --dry-run alone.
void AddCommitOptions(CLI::App& command, CommitOptions& options);

// `mentioned` are the resources that the user named, in order of kind and name: those that do not differ are
// `unchanged`. `removed` is what a removal is called: `pruned`, `deleted`. Returns the exit code: 3 when what became of
// the change is unknown.
int Report(const CardChange& change, const std::vector<ResourceName>& mentioned, std::string_view removed,
           const ChangeOptions& options, Streams streams);

// `2 of 3 sessions active`; an answer that was lost does not say.
[[nodiscard]] std::string ActiveText(const v1::Committed& committed, bool answer_lost);

// What a commit or a rollback came to: sessions that are not active, and how to confirm.
void ReportCommitted(const v1::Committed& committed, const OutputOptions& output, Streams streams);

// An error of the card where the YAML has it, if it does.
int FailAtPlace(const Status& status, const std::vector<Resource>& resources, Streams streams);

// kNotFound, with the name that was probably meant.
[[nodiscard]] Status NotOnCard(CardClient& client, const ResourceName& name);

}  // namespace heliostat::helioctl
