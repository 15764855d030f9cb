#include "linux/sockets.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <numeric>
#include <string_view>

#include "linux/connect.h"

namespace heliostat::hal::linux_os {
namespace {

using std::chrono::steady_clock;
using testing::HasSubstr;
using testing::StartsWith;
using Outcome = Transfer::Outcome;

constexpr auto kLimit = std::chrono::seconds(20);

steady_clock::time_point Soon() { return steady_clock::now() + kLimit; }

std::uint16_t PortOf(std::string_view address) {
  std::uint16_t port = 0;
  const std::string_view digits = address.substr(address.rfind(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

bool WaitFor(int descriptor, short events) {
  pollfd waited{.fd = descriptor, .events = events, .revents = 0};
  return poll(&waited, 1, 20'000) == 1;
}

std::unique_ptr<Listener> MustListen(const std::string& address) {
  Result<std::unique_ptr<Listener>> listener = Listen(address);
  EXPECT_TRUE(listener.ok()) << listener.status().ToString();
  return listener.ok() ? std::move(listener).value() : nullptr;
}

std::unique_ptr<ByteStream> MustConnect(const std::string& host, std::uint16_t port) {
  Result<std::unique_ptr<ByteStream>> stream = Connect(host, port, Soon());
  EXPECT_TRUE(stream.ok()) << stream.status().ToString();
  return stream.ok() ? std::move(stream).value() : nullptr;
}

std::unique_ptr<ByteStream> MustAccept(Listener& listener) {
  EXPECT_TRUE(WaitFor(listener.descriptor(), POLLIN));
  Result<std::unique_ptr<ByteStream>> stream = listener.Accept();
  EXPECT_TRUE(stream.ok()) << stream.status().ToString();
  return stream.ok() ? std::move(stream).value() : nullptr;
}

int IntOption(int descriptor, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, level, name, &value, &size) == 0 ? value : -1;
}

bool HasIpv6() {
  const int descriptor = socket(AF_INET6, SOCK_STREAM, 0);
  if (descriptor < 0) return false;
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const bool bound = bind(descriptor, reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) == 0;
  close(descriptor);
  return bound;
}

TEST(Listen, TellsThePortThatItPicked) {
  const auto listener = MustListen("127.0.0.1:0");
  EXPECT_THAT(listener->address(), StartsWith("127.0.0.1:"));
  EXPECT_NE(PortOf(listener->address()), 0);
}

TEST(Listen, SaysWhyItCanNot) {
  const auto taken = MustListen("127.0.0.1:0");
  struct Case {
    std::string address;
    Code code;
    std::string reason;
  };
  for (const Case& wrong : std::vector<Case>{
           {taken->address(), Code::kAlreadyExists, "another program listens there"},
           {"192.0.2.1:0", Code::kNotFound, "not an address of this machine"},
           {"127.0.0.1", Code::kInvalidArgument, "not an address with a port"},
           {"127.0.0.1:", Code::kInvalidArgument, "not an address with a port"},
           {"127.0.0.1:65536", Code::kInvalidArgument, "not an address with a port"},
           {"127.0.0.1:-1", Code::kInvalidArgument, "not an address with a port"},
           {"127.0.0.1:80x", Code::kInvalidArgument, "not an address with a port"},
           {"::1:80", Code::kInvalidArgument, "not an address with a port"},
           {"[127.0.0.1]:80", Code::kInvalidArgument, "not an address with a port"},
           {"card:80", Code::kInvalidArgument, "not an address with a port"},
           {"", Code::kInvalidArgument, "not an address with a port"},
       }) {
    const Result<std::unique_ptr<Listener>> listener = Listen(wrong.address);
    ASSERT_FALSE(listener.ok()) << wrong.address;
    EXPECT_EQ(listener.status().code(), wrong.code) << wrong.address;
    EXPECT_EQ(listener.status().reason(), wrong.reason);
    EXPECT_EQ(listener.status().subject(), wrong.address);
  }
}

TEST(Listen, TakesThePortOfAListenerThatIsGone) {
  auto listener = MustListen("127.0.0.1:0");
  const std::string address = listener->address();
  const auto client = MustConnect("127.0.0.1", PortOf(address));
  auto server = MustAccept(*listener);
  listener.reset();
  server.reset();  // closes first: the port is remembered by the kernel for a minute
  EXPECT_NE(MustListen(address), nullptr);
}

TEST(Accept, GivesNothingWhileNobodyWaits) {
  const auto listener = MustListen("127.0.0.1:0");
  const Result<std::unique_ptr<ByteStream>> stream = listener->Accept();
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(*stream, nullptr);
}

TEST(Accept, NamesThePeer) {
  const auto listener = MustListen("127.0.0.1:0");
  const auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
  const auto server = MustAccept(*listener);
  EXPECT_EQ(client->peer_address(), listener->address());
  EXPECT_THAT(server->peer_address(), StartsWith("127.0.0.1:"));
  EXPECT_NE(server->peer_address(), listener->address());
}

TEST(Accept, ShowsIpv4PeersOfAnIpv6ListenerAsIpv4) {
  if (!HasIpv6()) GTEST_SKIP() << "no IPv6 here";
  const auto listener = MustListen("[::]:0");
  const auto over_ipv6 = MustConnect("::1", PortOf(listener->address()));
  EXPECT_THAT(MustAccept(*listener)->peer_address(), StartsWith("[::1]:"));
  const auto over_ipv4 = MustConnect("127.0.0.1", PortOf(listener->address()));
  EXPECT_THAT(MustAccept(*listener)->peer_address(), StartsWith("127.0.0.1:"));
}

TEST(Accept, SurvivesRunningOutOfDescriptors) {
  const auto listener = MustListen("127.0.0.1:0");
  const auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
  ASSERT_TRUE(WaitFor(listener->descriptor(), POLLIN));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<std::unique_ptr<ByteStream>> refused = listener->Accept();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), Code::kResourceExhausted);
  EXPECT_NE(MustAccept(*listener), nullptr);
}

TEST(Accept, PassesOverPeersThatGaveUp) {
  const auto listener = MustListen("127.0.0.1:0");
  auto gone = MustConnect("127.0.0.1", PortOf(listener->address()));
  gone.reset();
  const auto stays = MustConnect("127.0.0.1", PortOf(listener->address()));
  // Linux hands out the closed one as well: it reads as closed.
  auto first = MustAccept(*listener);
  std::array<std::uint8_t, 8> bytes{};
  ASSERT_TRUE(WaitFor(first->descriptor(), POLLIN));
  EXPECT_EQ(first->Read(bytes).outcome, Outcome::kClosed);
  EXPECT_NE(MustAccept(*listener), nullptr);
}

TEST(Stream, HasTheOptionsOfAControlConnection) {
  const auto listener = MustListen("127.0.0.1:0");
  const auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
  const auto server = MustAccept(*listener);
  for (const ByteStream* stream : {client.get(), server.get()}) {
    EXPECT_EQ(IntOption(stream->descriptor(), IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(IntOption(stream->descriptor(), SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(IntOption(stream->descriptor(), IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_NE(fcntl(stream->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(fcntl(stream->descriptor(), F_GETFL) & O_NONBLOCK, 0);
  }
  EXPECT_NE(fcntl(listener->descriptor(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Stream, CarriesBytesBothWaysInOrder) {
  const auto listener = MustListen("127.0.0.1:0");
  const auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
  const auto server = MustAccept(*listener);
  std::vector<std::uint8_t> sent(12'000'000);
  std::iota(sent.begin(), sent.end(), std::uint8_t{0});
  for (auto [from, to] : {std::pair(client.get(), server.get()), std::pair(server.get(), client.get())}) {
    std::vector<std::uint8_t> got;
    std::array<std::uint8_t, 9'999> buffer{};
    std::size_t at = 0;
    bool waited = false;
    while (got.size() < sent.size()) {
      for (bool full = false; at < sent.size() && !full;) {
        const Transfer wrote = from->Write(std::span(sent).subspan(at));
        full = wrote.outcome == Outcome::kWaitWrite;
        waited |= full;
        at += wrote.bytes;
      }
      const Transfer read = to->Read(buffer);
      ASSERT_TRUE(read.outcome == Outcome::kBytes || read.outcome == Outcome::kWaitRead);
      ASSERT_TRUE(read.outcome == Outcome::kBytes || WaitFor(to->descriptor(), POLLIN));
      got.insert(got.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(read.bytes));
    }
    EXPECT_TRUE(waited) << "never full: nothing was shown";
    EXPECT_EQ(got, sent);
  }
}

TEST(Stream, TellsTheEndFromABreak) {
  const auto listener = MustListen("127.0.0.1:0");
  std::array<std::uint8_t, 8> bytes{};
  {
    auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
    const auto server = MustAccept(*listener);
    client.reset();
    ASSERT_TRUE(WaitFor(server->descriptor(), POLLIN));
    EXPECT_EQ(server->Read(bytes).outcome, Outcome::kClosed);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(PortOf(listener->address()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int client = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto server = MustAccept(*listener);
  const linger at_once{.l_onoff = 1, .l_linger = 0};  // closes with a reset
  ASSERT_EQ(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  close(client);
  ASSERT_TRUE(WaitFor(server->descriptor(), POLLIN));
  const Transfer broken = server->Read(bytes);
  EXPECT_EQ(broken.outcome, Outcome::kFailed);
  EXPECT_EQ(broken.error.code(), Code::kUnavailable);
  EXPECT_EQ(broken.error.subject(), server->peer_address());
  EXPECT_EQ(broken.error.reason(), "the peer broke the connection off");
  EXPECT_EQ(server->Write(bytes).outcome, Outcome::kClosed);
}

TEST(Stream, LastWordsReachAPeerThatIsStillSending) {
  const auto listener = MustListen("127.0.0.1:0");
  const auto client = MustConnect("127.0.0.1", PortOf(listener->address()));
  auto server = MustAccept(*listener);
  const std::vector<std::uint8_t> unread(5'000, 1);
  ASSERT_EQ(client->Write(unread).bytes, unread.size());
  ASSERT_TRUE(WaitFor(server->descriptor(), POLLIN));
  const std::array<std::uint8_t, 3> farewell = {7, 8, 9};
  ASSERT_EQ(server->Write(farewell).bytes, farewell.size());
  server.reset();  // closing with bytes unread would reset the connection, and lose what was sent

  std::array<std::uint8_t, 8> got{};
  ASSERT_TRUE(WaitFor(client->descriptor(), POLLIN));
  ASSERT_EQ(client->Read(got).bytes, farewell.size());
  ASSERT_TRUE(WaitFor(client->descriptor(), POLLIN));
  EXPECT_EQ(client->Read(got).outcome, Outcome::kClosed);
}

TEST(Stream, WritingToAPeerThatIsGoneRaisesNoSignal) {
  auto pair = ConnectedPair();
  ASSERT_TRUE(pair.ok());
  pair->second.reset();
  const std::array<std::uint8_t, 1> byte{};
  EXPECT_EQ(pair->first->Write(byte).outcome, Outcome::kClosed);
}

TEST(Connect, SaysThatNobodyListens) {
  std::string address;
  {
    const auto listener = MustListen("127.0.0.1:0");
    address = listener->address();
  }
  const Result<std::unique_ptr<ByteStream>> stream = Connect("127.0.0.1", PortOf(address), Soon());
  ASSERT_FALSE(stream.ok());
  EXPECT_EQ(stream.status().code(), Code::kUnavailable);
  EXPECT_EQ(stream.status().subject(), address);
  EXPECT_EQ(stream.status().reason(), "refused, nobody listens there");
}

TEST(Connect, SaysThatThereIsNoSuchName) {
  // RFC 6761 keeps the domain from ever having names. Without a name server the reason is another.
  const Result<std::unique_ptr<ByteStream>> stream = Connect("card.invalid", 8789, Soon());
  ASSERT_FALSE(stream.ok());
  EXPECT_EQ(stream.status().subject(), "card.invalid:8789");
  EXPECT_THAT(stream.status().reason(), testing::AnyOf("no such name", "no name server answers",
                                                       HasSubstr("name has no address"), HasSubstr("in time")));
}

TEST(Connect, TriesEveryAddressOfAName) {
  const auto listener = MustListen("127.0.0.1:0");  // localhost may be ::1 first
  EXPECT_NE(MustConnect("localhost", PortOf(listener->address())), nullptr);
}

TEST(Connect, GivesUpAtTheDeadline) {
  // The queue is full, so the kernel lets further connections wait.
  const Result<std::unique_ptr<Listener>> listener = Listen("127.0.0.1:0", 0);
  ASSERT_TRUE(listener.ok());
  std::vector<std::unique_ptr<ByteStream>> waiting;
  Status last;
  for (int i = 0; i < 8 && last.ok(); ++i) {
    Result<std::unique_ptr<ByteStream>> stream =
        Connect("127.0.0.1", PortOf((*listener)->address()), steady_clock::now() + std::chrono::milliseconds(100));
    last = stream.status();
    if (stream.ok()) waiting.push_back(std::move(stream).value());
  }
  EXPECT_EQ(last.code(), Code::kUnavailable);
  EXPECT_EQ(last.reason(), "no answer in time");
}

}  // namespace
}  // namespace heliostat::hal::linux_os
