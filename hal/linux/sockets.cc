#include "linux/sockets.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "linux/socket_address.h"

namespace heliostat::hal::linux_os {
namespace {

std::string Describe(int error) {
  std::array<char, 128> text{};
  return strerror_r(error, text.data(), text.size());  // GNU's: returns the text
}

void SetOption(int descriptor, int level, int name, int value) {
  (void)setsockopt(descriptor, level, name, &value, sizeof value);
}

// A peer whose machine died is found out within about a minute, idle or not. Options that a socket does not have (a
// local pair's) do no harm.
void SetConnectionOptions(int descriptor) {
  SetOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  SetOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetOption(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

class Stream final : public ByteStream {
 public:
  Stream(int descriptor, std::string peer) : descriptor_(descriptor), peer_(std::move(peer)) {}
  ~Stream() override {
    HangUp();
    close(descriptor_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Transfer Read(std::span<std::uint8_t> out) override {
    if (out.empty()) return {.outcome = Transfer::Outcome::kBytes};
    ssize_t got = 0;
    do {
      got = recv(descriptor_, out.data(), out.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) return {.outcome = Transfer::Outcome::kBytes, .bytes = static_cast<std::size_t>(got)};
    if (got == 0) return {.outcome = Transfer::Outcome::kClosed};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.outcome = Transfer::Outcome::kWaitRead};
    return Broken(errno);
  }

  Transfer Write(std::span<const std::uint8_t> bytes) override {
    if (bytes.empty()) return {.outcome = Transfer::Outcome::kBytes};
    ssize_t sent = 0;
    do {
      sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return {.outcome = Transfer::Outcome::kBytes, .bytes = static_cast<std::size_t>(sent)};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {.outcome = Transfer::Outcome::kWaitWrite};
    if (errno == EPIPE) return {.outcome = Transfer::Outcome::kClosed};
    return Broken(errno);
  }

  const std::string& peer_address() const override { return peer_; }
  int descriptor() const override { return descriptor_; }

 private:
  // Closing with bytes unread resets the connection, and the peer may then never see what it was sent last, which says
  // why it was refused. So what has arrived is read first, if it is not much.
  void HangUp() const {
    (void)shutdown(descriptor_, SHUT_WR);
    std::array<std::uint8_t, 4'096> unread;
    for (int i = 0; i < 8 && recv(descriptor_, unread.data(), unread.size(), MSG_DONTWAIT) > 0; ++i) {
    }
  }

  [[nodiscard]] Transfer Broken(int error) const {
    const std::string reason = error == ECONNRESET  ? "the peer broke the connection off"
                               : error == ETIMEDOUT ? "the peer does not answer any more"
                                                    : "the connection is broken: " + Describe(error);
    return {.outcome = Transfer::Outcome::kFailed, .error = Status(Code::kUnavailable, peer_, reason)};
  }

  int descriptor_;
  std::string peer_;
};

class TcpListener final : public Listener {
 public:
  TcpListener(int descriptor, std::string address) : descriptor_(descriptor), address_(std::move(address)) {}
  ~TcpListener() override { close(descriptor_); }
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;

  Result<std::unique_ptr<ByteStream>> Accept() override {
    // Peers that gave up while they waited are passed over, a few at a time: the poller comes back for more.
    for (int tries = 0; tries < 16; ++tries) {
      SocketAddress peer;
      peer.size = sizeof peer.bytes;
      const int connection = accept4(descriptor_, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (connection >= 0) return AdoptSocket(connection, peer.ToString());
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return Status(Code::kResourceExhausted, address_, "can't accept a connection: " + Describe(errno),
                      "close connections that are not needed");
      }
    }
    return std::unique_ptr<ByteStream>();
  }

  const std::string& address() const override { return address_; }
  int descriptor() const override { return descriptor_; }

 private:
  int descriptor_;
  std::string address_;
};

Status CanNotListen(const std::string& address, int error) {
  switch (error) {
    case EADDRINUSE:
      return {Code::kAlreadyExists, address, "another program listens there", "stop it, or choose another port"};
    case EADDRNOTAVAIL:
      return {Code::kNotFound, address, "not an address of this machine", "use one of its own, or 0.0.0.0 or [::]"};
    case EACCES:
      return {Code::kPermissionDenied, address, "ports below 1024 are the administrator's", "choose a higher one"};
    case EAFNOSUPPORT: return {Code::kUnsupported, address, "this machine has no IPv6", "use an IPv4 address"};
    default: return {Code::kResourceExhausted, address, "can't listen: " + Describe(error)};
  }
}

}  // namespace

std::unique_ptr<ByteStream> AdoptSocket(int descriptor, std::string peer) {
  SetConnectionOptions(descriptor);
  return std::make_unique<Stream>(descriptor, std::move(peer));
}

Result<std::unique_ptr<Listener>> Listen(const std::string& address, int backlog) {
  const std::optional<SocketAddress> where = SocketAddress::Parse(address);
  if (!where) {
    return Status(Code::kInvalidArgument, address, "not an address with a port",
                  "write 192.0.2.1:8789 or [2001:db8::1]:8789");
  }
  const int descriptor = socket(where->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return CanNotListen(address, errno);
  SetOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);  // restarts need not wait for old connections to be forgotten
  if (where->family() == AF_INET6) SetOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, where->IsUnspecified() ? 0 : 1);

  SocketAddress bound;
  bound.size = sizeof bound.bytes;
  if (bind(descriptor, where->get(), where->size) != 0 || listen(descriptor, backlog) != 0 ||
      getsockname(descriptor, bound.get(), &bound.size) != 0) {
    const int error = errno;
    close(descriptor);
    return CanNotListen(address, error);
  }
  return std::unique_ptr<Listener>(std::make_unique<TcpListener>(descriptor, bound.ToString()));
}

Result<std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>> ConnectedPair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Status(Code::kResourceExhausted, "socketpair", Describe(errno));
  }
  return std::pair(AdoptSocket(ends[0], "local"), AdoptSocket(ends[1], "local"));
}

}  // namespace heliostat::hal::linux_os
