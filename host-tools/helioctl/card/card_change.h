// Changes a card: reads what it has, lets the caller say what is wanted of it, sends the difference in one
// transaction, and does it again when somebody else was faster.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/config.h"
#include "helioctl/card/card_client.h"
#include "helioctl/card/remote_configuration.h"
#include "helioctl/cli/streams.h"

namespace heliostat::helioctl {

struct CommitOptions {
  std::uint32_t confirm_within_s = 0;  // 0: for good
  std::string comment{};
  bool dry_run = false;
};

// What became of a commit or rollback that was sent.
struct CommitAnswer {
  v1::Committed committed{};
  bool lost = false;  // the answer was, but the card has made the generation: `committed` is its number alone
  Status unknown{};   // not ok: no answer came, and the card does not (yet) show whether it did it; says so
};

struct CardChange {
  RemoteConfiguration before{};
  config::Config after{};
  std::optional<v1::Committed> committed{};  // none: nothing differs, nothing was sent; or `unknown`
  bool answer_lost = false;                  // as in CommitAnswer
  Status unknown{};
};

// Pure: may be asked several times.
using Want = std::function<Result<config::Config>(const RemoteConfiguration& before)>;

// `selections` is what `want` gets to see and may change. While another transaction is open: waits for its end, as
// long as the client's deadline allows, and says on `err` whose it is.
[[nodiscard]] Result<CardChange> ChangeCard(CardClient& client, std::span<const Selection> selections, const Want& want,
                                            const CommitOptions& options, std::ostream& err);

// Sends a commit or a rollback of generation `base`; `summary` is the one that the card will give it, of a rollback how
// it begins. Where no answer comes, connects once more, if the deadline allows, and looks for the generation: the first
// after `base`, with our user, comment and summary. An error: nothing was changed.
[[nodiscard]] Result<CommitAnswer> CallForCommit(CardClient& client, const v1::Request& request, std::uint64_t base,
                                                 const std::string& summary, std::ostream& err);

// Oldest first.
[[nodiscard]] Result<std::vector<v1::Generation>> ReadGenerations(CardClient& client);

// What to say where a request that sets something has failed: the exit code is 1 where the card refused it, and 3 where
// its answer was lost. `shown_by` is the command that shows whether it was done.
int FailToSet(const Status& why, bool lost, std::string_view shown_by, Streams streams);

// A request that another transaction may keep out (kUnavailable, subject `transaction`): waits in the same way.
[[nodiscard]] Result<v1::Response> CallWhenFree(CardClient& client, const v1::Request& request, std::ostream& err);

}  // namespace heliostat::helioctl
