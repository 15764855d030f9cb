// tls_end certificates FOLDER                    makes certificates, see certificate_folder.h
// tls_end serve FOLDER/cards/NAME [ADDRESS]      echoes, as a card; says `listens on ADDRESS`; until SIGTERM
// tls_end connect FOLDER/users/NAME HOST PORT SERVER_NAME
//                                                shakes hands as helioctl does, sends a line; says `accepted: SUBJECT`
//                                                and what came back, or `refused: REASON` and exits 1
#include <poll.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "linux/connect.h"
#include "linux/epoll_poller.h"
#include "linux/sockets.h"
#include "linux/system_clock.h"
#include "mbedtls/mbedtls_client.h"
#include "mbedtls/mbedtls_server.h"
#include "support/tls_end/certificate_folder.h"
#include "support/tls_end/echo_server.h"

namespace heliostat {
namespace {

using Outcome = hal::Transfer::Outcome;
using std::chrono::steady_clock;

constexpr auto kLimit = std::chrono::seconds(20);

hal::linux_os::SystemCertificateClock time_of_day;

hal::Poller* poller_to_wake = nullptr;
volatile bool stop = false;

Status Serve(const std::string& folder, const std::string& address) {
  const Result<hal::TrustBundle> bundle = ReadBundle(folder);
  HELIOSTAT_RETURN_IF_ERROR(bundle.status());
  const auto server = hal::mbedtls::OpenServer(*bundle, &time_of_day);
  HELIOSTAT_RETURN_IF_ERROR(server.status());
  const auto listener = hal::linux_os::Listen(address);
  HELIOSTAT_RETURN_IF_ERROR(listener.status());
  const auto poller = hal::linux_os::OpenPoller();
  HELIOSTAT_RETURN_IF_ERROR(poller.status());
  poller_to_wake = poller->get();
  for (const int number : {SIGTERM, SIGINT}) {
    std::signal(number, [](int) {
      stop = true;
      poller_to_wake->Wake();
    });
  }
  std::cout << "listens on " << (*listener)->address() << std::endl;
  return ServeEcho(**server, **listener, **poller, &stop);
}

bool WaitFor(const hal::ByteStream& stream, Outcome outcome) {
  pollfd waited{.fd = stream.descriptor(), .events = POLLIN, .revents = 0};
  if (outcome == Outcome::kWaitWrite) waited.events = POLLOUT;
  return poll(&waited, 1, 20'000) == 1;
}

// `call` until it does not want to wait any more.
template <typename Call>
hal::Transfer Wait(const hal::ByteStream& stream, Call call) {
  while (true) {
    hal::Transfer transfer = call();
    const bool waits = transfer.outcome == Outcome::kWaitRead || transfer.outcome == Outcome::kWaitWrite;
    if (!waits || !WaitFor(stream, transfer.outcome)) return transfer;
  }
}

Status Talk(hal::SecureChannel& channel) {
  constexpr std::array<std::uint8_t, 6> kLine = {'h', 'e', 'l', 'l', 'o', '\n'};
  const hal::Transfer wrote = Wait(channel, [&] { return channel.Write(kLine); });
  if (wrote.outcome == Outcome::kFailed) return wrote.error;
  std::array<std::uint8_t, 256> buffer{};
  const hal::Transfer got = Wait(channel, [&] { return channel.Read(buffer); });
  if (got.outcome == Outcome::kFailed) return got.error;
  std::cout << std::string_view(reinterpret_cast<const char*>(buffer.data()), got.bytes);
  channel.Close();
  return OkStatus();
}

Status ConnectTo(const std::string& folder, const std::string& host, std::uint16_t port, const std::string& name) {
  const Result<hal::TrustBundle> bundle = ReadBundle(folder);
  HELIOSTAT_RETURN_IF_ERROR(bundle.status());
  auto stream = hal::linux_os::Connect(host, port, steady_clock::now() + kLimit);
  HELIOSTAT_RETURN_IF_ERROR(stream.status());
  auto channel = hal::mbedtls::OpenClient(std::move(stream).value(), *bundle, name, &time_of_day);
  HELIOSTAT_RETURN_IF_ERROR(channel.status());
  const hal::Transfer done = Wait(**channel, [&] { return (*channel)->Handshake(); });
  if (done.outcome != Outcome::kBytes) return done.error;
  std::cout << "accepted: " << (*channel)->peer().subject << std::endl;
  return Talk(**channel);
}

int Run(const std::vector<std::string>& words) {
  Status status(Code::kInvalidArgument, "tls_end", "wrong arguments", "see tls_end.cc");
  if (words.size() == 2 && words[0] == "certificates") {
    status = MakeCertificateFolder(words[1], time_of_day.NowS());
  } else if ((words.size() == 2 || words.size() == 3) && words[0] == "serve") {
    status = Serve(words[1], words.size() == 3 ? words[2] : "127.0.0.1:0");
  } else if (words.size() == 5 && words[0] == "connect") {
    std::uint16_t port = 0;
    std::from_chars(words[3].data(), words[3].data() + words[3].size(), port);
    status = ConnectTo(words[1], words[2], port, words[4]);
  }
  if (status.ok()) return 0;
  std::cout << "refused: " << status.ToString() << std::endl;
  return 1;
}

}  // namespace
}  // namespace heliostat

int main(int argc, char** argv) { return heliostat::Run({argv + 1, argv + argc}); }
