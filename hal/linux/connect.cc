#include "linux/connect.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "linux/socket_address.h"
#include "linux/sockets.h"

namespace heliostat::hal::linux_os {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMaxAddresses = 16;

// Asks what a name means. The caller shares it with the thread that asks the resolver, which may go on after the caller
// has given up.
struct Question {
  std::string host;
  std::string port;
  std::mutex mutex;
  std::condition_variable answered;
  bool done = false;
  int error = 0;
  std::vector<SocketAddress> addresses;
};

void Resolve(Question& question, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(question.host.c_str(), question.port.c_str(), &hints, &found);
  const std::lock_guard lock(question.mutex);
  question.error = error;
  for (const addrinfo* entry = found; entry != nullptr && question.addresses.size() < kMaxAddresses;
       entry = entry->ai_next) {
    SocketAddress address;
    std::memcpy(&address.bytes, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    question.addresses.push_back(address);
  }
  if (found != nullptr) freeaddrinfo(found);
  question.done = true;
  question.answered.notify_all();
}

Status NoSuchName(const std::string& subject, const Question& question) {
  switch (question.error) {
    case EAI_NONAME:
    case EAI_NODATA: return {Code::kNotFound, subject, "no such name", "check its spelling, or give an address"};
    case EAI_AGAIN:
      return {Code::kUnavailable, subject, "no name server answers", "give an address, or try again later"};
    default:
      return {Code::kUnavailable, subject, std::string("the name has no address: ") + gai_strerror(question.error)};
  }
}

// getaddrinfo can't be hurried: a name server that does not answer would hold us up past the deadline.
Result<std::vector<SocketAddress>> AddressesOf(const std::string& host, std::uint16_t port, const std::string& subject,
                                               steady_clock::time_point deadline) {
  const auto question = std::make_shared<Question>();
  question->host = host;
  question->port = std::to_string(port);
  Resolve(*question, AI_NUMERICHOST);
  if (question->error == 0) return question->addresses;

  question->done = false;
  std::thread([question] { Resolve(*question, AI_ADDRCONFIG); }).detach();
  std::unique_lock lock(question->mutex);
  if (!question->answered.wait_until(lock, deadline, [&] { return question->done; })) {
    return Status(Code::kUnavailable, subject, "no name server answered in time", "give an address, or more time");
  }
  if (question->error != 0 || question->addresses.empty()) return NoSuchName(subject, *question);
  return question->addresses;
}

std::string Reason(int error) {
  switch (error) {
    case ECONNREFUSED: return "refused, nobody listens there";
    case ETIMEDOUT: return "no answer in time";
    case EHOSTUNREACH:
    case ENETUNREACH: return "unreachable";
    default: return std::strerror(error);
  }
}

// Returns 0, or why there is no connection.
int WaitUntilConnected(int descriptor, steady_clock::time_point until) {
  pollfd waited{.fd = descriptor, .events = POLLOUT, .revents = 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
    const int ready = poll(&waited, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000)));
    if (ready == 0) return ETIMEDOUT;
    if (ready > 0) break;
    if (errno != EINTR) return errno;
  }
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> Connect(const std::string& host, std::uint16_t port,
                                            steady_clock::time_point deadline) {
  const std::string subject =
      (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  const Result<std::vector<SocketAddress>> addresses = AddressesOf(host, port, subject, deadline);
  if (!addresses.ok()) return addresses.status();

  std::string reasons;
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const SocketAddress& address = (*addresses)[i];
    const auto now = steady_clock::now();
    const auto until =
        now + std::max(deadline - now, steady_clock::duration{}) / static_cast<long>(addresses->size() - i);
    const int descriptor = socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    int error = descriptor < 0 ? errno : 0;
    if (error == 0 && connect(descriptor, address.get(), address.size) != 0) {
      error = errno == EINPROGRESS ? WaitUntilConnected(descriptor, until) : errno;
    }
    if (error == 0) return AdoptSocket(descriptor, address.ToString());
    if (descriptor >= 0) close(descriptor);
    const std::string name = address.ToString();
    reasons += (reasons.empty() ? "" : ", ") + (name == subject ? "" : name + " ") + Reason(error);
  }
  return Status(Code::kUnavailable, subject, reasons, "check the address and the port, and that the card runs");
}

}  // namespace heliostat::hal::linux_os
