// A connection to a card: requests out, responses in.
#pragma once

#include <control.pb.h>

#include <functional>
#include <memory>

#include "base/status.h"
#include "hal/byte_stream.h"
#include "helioctl/card/context.h"
#include "helioctl/card/message_channel.h"

namespace heliostat::helioctl {

// One thread. Everything ends by the deadline, with kUnavailable that says what was waited for.
class CardClient {
 public:
  // Connects, checks the card's certificate and name, says hello. kUnavailable (nobody listens, with the address),
  // kPermissionDenied (certificates, with which side refuses and why), kUnsupported (no version in common).
  [[nodiscard]] static Result<std::unique_ptr<CardClient>> Connect(const Context& context, double timeout_s);
  using Dial = std::function<Result<std::unique_ptr<hal::ByteStream>>(const Deadline&)>;
  // The same over a connection that is there already; `again` makes another one.
  [[nodiscard]] static Result<std::unique_ptr<CardClient>> Over(std::unique_ptr<hal::ByteStream> stream,
                                                                double timeout_s, Dial again = {});
  ~CardClient();
  CardClient(const CardClient&) = delete;
  CardClient& operator=(const CardClient&) = delete;

  [[nodiscard]] const v1::Welcome& welcome() const;

  // A new deadline, from now; 0: none. Also from within `take`, for responses that come at an interval.
  void SetTimeout(double timeout_s);
  [[nodiscard]] bool timed_out() const;
  // Nothing can be asked any more. An Error of the card does not break a connection.
  [[nodiscard]] bool broken() const;
  // A new connection in the place of this one, within what is left of the deadline. kUnavailable: nothing is left; else
  // as Connect.
  [[nodiscard]] Status Reconnect();

  // Sends one request (its id is set here) and returns its one response; an Error comes back as its Status, the
  // subject `resource field`.
  [[nodiscard]] Result<v1::Response> Call(v1::Request request);
  // Which change of an Edit the last Error was about, from 1; 0: none.
  [[nodiscard]] std::uint32_t refused_change() const;

  // For responses that come in several: `take` gets each; false ends it, and the connection with it.
  [[nodiscard]] Status Stream(v1::Request request, const std::function<bool(const v1::Response&)>& take);

 private:
  struct State;
  explicit CardClient(std::unique_ptr<State> state);
  [[nodiscard]] Status Greet();
  std::unique_ptr<State> state_;
};

}  // namespace heliostat::helioctl
