#include "helioctl/card/card_client.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "helioctl/card/card_stream.h"
#include "helioctl/version.h"

namespace heliostat::helioctl {
namespace {

constexpr std::uint32_t kOldestVersion = 1;
constexpr std::uint32_t kNewestVersion = 1;

// What is waited for, for people.
std::string Awaited(const v1::Request& request) {
  switch (request.call_case()) {
    case v1::Request::kHello: return "the card's greeting";
    case v1::Request::kCommit: return "the card to commit";
    case v1::Request::kRollback: return "the card to roll back";
    case v1::Request::kEdit: return "the card to take changes";
    case v1::Request::kList: return "a list from the card";
    case v1::Request::kWatch: return "a reading from the card";
    default: return "the card's answer";
  }
}

Code CodeOf(std::uint32_t code) {
  return code >= 1 && code <= static_cast<std::uint32_t>(Code::kInternal) ? static_cast<Code>(code) : Code::kInternal;
}

Status StatusOf(const v1::Error& error) {
  std::string subject = error.resource();
  if (!subject.empty() && !error.field().empty()) subject += ' ';
  subject += error.field();
  return Status(CodeOf(error.code()), std::move(subject), error.reason(), error.fix());
}

}  // namespace

struct CardClient::State {
  MessageChannel channel;
  Deadline deadline;
  Dial dial{};  // empty: there is but this connection
  std::string address{};
  v1::Welcome welcome{};
  std::uint64_t last_id = 0;
  std::uint32_t refused_change = 0;
  Status ended{};  // why nothing can be asked any more, when the channel itself is whole

  Status Send(v1::Request& request) {
    if (!ended.ok()) return ended;
    request.set_id(++last_id);
    return channel.Send(request, deadline);
  }
  // An Error of the card is a Response here.
  Status Receive(const std::string& what, v1::Response& response) {
    HELIOSTAT_RETURN_IF_ERROR(channel.Receive(response, deadline, what));
    // An Error without an id: the card could not read whose it is.
    if (response.id() == last_id || (response.id() == 0 && response.has_error())) return OkStatus();
    ended = Status(Code::kDataLoss, "", "the card answered a request that was not asked",
                   "check that a Heliostat card listens there");
    return ended;
  }
};

CardClient::CardClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

CardClient::~CardClient() = default;

Result<std::unique_ptr<CardClient>> CardClient::Connect(const Context& context, double timeout_s) {
  const Deadline deadline(timeout_s);
  Dial dial = [context](const Deadline& by) { return ConnectToCard(context, by); };
  auto stream = dial(deadline);
  if (!stream.ok()) return stream.status();
  const double left = timeout_s <= 0 ? 0 : std::max(deadline.RemainingMs(), 1) / 1000.0;
  return Over(std::move(*stream), left, std::move(dial));
}

Result<std::unique_ptr<CardClient>> CardClient::Over(std::unique_ptr<hal::ByteStream> stream, double timeout_s,
                                                     Dial again) {
  const std::string address = stream->peer_address();
  std::unique_ptr<CardClient> client(new CardClient(std::make_unique<State>(
      State{MessageChannel(std::move(stream)), Deadline(timeout_s), std::move(again), address})));
  HELIOSTAT_RETURN_IF_ERROR(client->Greet());
  return client;
}

Status CardClient::Greet() {
  v1::Request request;
  v1::Hello& hello = *request.mutable_hello();
  hello.set_oldest_version(kOldestVersion);
  hello.set_newest_version(kNewestVersion);
  hello.set_client(std::string("helioctl ") + kVersion);
  auto response = Call(std::move(request));
  if (!response.ok()) return response.status().Within(state_->address);
  if (!response->has_welcome()) {
    return Status(Code::kDataLoss, state_->address, "does not greet as a card does",
                  "check that a Heliostat card listens there");
  }
  state_->welcome = response->welcome();
  return OkStatus();
}

Status CardClient::Reconnect() {
  if (!state_->dial || state_->deadline.passed()) {
    return Status(Code::kUnavailable, state_->address, "there is no time left to connect again", "try again");
  }
  auto stream = state_->dial(state_->deadline);
  if (!stream.ok()) return stream.status();
  state_->channel = MessageChannel(std::move(*stream));
  state_->ended = OkStatus();
  return Greet();
}

const v1::Welcome& CardClient::welcome() const { return state_->welcome; }

void CardClient::SetTimeout(double timeout_s) { state_->deadline = Deadline(timeout_s); }

bool CardClient::timed_out() const { return state_->deadline.passed(); }

bool CardClient::broken() const { return state_->channel.broken() || !state_->ended.ok(); }

std::uint32_t CardClient::refused_change() const { return state_->refused_change; }

Result<v1::Response> CardClient::Call(v1::Request request) {
  state_->refused_change = 0;
  HELIOSTAT_RETURN_IF_ERROR(state_->Send(request));
  v1::Response response;
  HELIOSTAT_RETURN_IF_ERROR(state_->Receive(Awaited(request), response));
  if (response.has_error()) {
    state_->refused_change = response.error().change();
    return StatusOf(response.error());
  }
  if (response.more()) {
    state_->ended = Status(Code::kDataLoss, "", "the card answered in several parts where one was due",
                           "check the versions of card and helioctl");
    return state_->ended;
  }
  return response;
}

Status CardClient::Stream(v1::Request request, const std::function<bool(const v1::Response&)>& take) {
  HELIOSTAT_RETURN_IF_ERROR(state_->Send(request));
  const std::string what = Awaited(request);
  while (true) {
    v1::Response response;
    HELIOSTAT_RETURN_IF_ERROR(state_->Receive(what, response));
    if (response.has_error()) return StatusOf(response.error());
    if (!take(response)) {
      state_->ended =
          Status(Code::kFailedPrecondition, "", "the connection was ended in the middle of an answer", "connect again");
      return OkStatus();
    }
    if (!response.more()) return OkStatus();
  }
}

}  // namespace heliostat::helioctl
