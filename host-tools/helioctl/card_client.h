// A connection to a card: requests out, responses in.
#pragma once

#include <control.pb.h>

#include <functional>
#include <memory>

#include "base/status.h"
#include "helioctl/context.h"

namespace heliostat::helioctl {

// One thread. Every call ends by `deadline` of the options' timeout with kUnavailable.
class CardClient {
 public:
  // Connects, checks the card's certificate and name, says hello. kUnavailable (nobody listens, with the address),
  // kPermissionDenied (certificates, with which side refuses and why), kUnsupported (no version in common).
  [[nodiscard]] static Result<std::unique_ptr<CardClient>> Connect(const Context& context, double timeout_s);
  ~CardClient();
  CardClient(const CardClient&) = delete;
  CardClient& operator=(const CardClient&) = delete;

  [[nodiscard]] const v1::Welcome& welcome() const;

  // Sends one request (its id is set here) and returns its one response; an Error comes back as its Status, the
  // subject `resource field`.
  [[nodiscard]] Result<v1::Response> Call(v1::Request request);

  // For responses that come in several: `take` gets each; false ends it, and the connection with it.
  [[nodiscard]] Status Stream(v1::Request request, const std::function<bool(const v1::Response&)>& take);

 private:
  struct State;
  explicit CardClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace heliostat::helioctl
