// The port over a loopback interface of the test's own: a network namespace that ends with its thread.
#include "packet_socket/packet_socket_port.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <thread>

#include "dpdk/eal.h"
#include "support/packet_sockets.h"
#include "support/ring_card.h"

namespace heliostat::hal::packet_socket {
namespace {

constexpr std::uint16_t kMtu = 1500;

bool SetLoopbackUp() {
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  request.ifr_mtu = kMtu;
  bool up = ioctl(control, SIOCSIFMTU, &request) == 0;
  request.ifr_flags = IFF_UP;
  up = up && ioctl(control, SIOCSIFFLAGS, &request) == 0;
  close(control);
  return up;
}

// False when this process may have no network namespace.
bool InOwnNetwork(const std::function<void()>& body) {
  bool entered = false;
  std::thread([&] {
    entered = unshare(CLONE_NEWNET) == 0 && SetLoopbackUp();
    if (entered) body();
  }).join();
  return entered;
}

// `count` frames that come back to the port.
void SendFrames(PacketSocketPort& port, PacketPool* pool, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    Packet* frame = Allocate(pool);
    ASSERT_NE(frame, nullptr);
    std::uint8_t* data = SetLength(frame, 60);
    std::fill_n(data, 60, std::uint8_t{2});
    data[12] = 0x88;  // EtherType 0x88b5, for local experiments
    data[13] = 0xb5;
    ASSERT_EQ(port.Send(0, &frame, 1), 1);
  }
}

// Sends without receiving until the port tells of more than `before`: the ring is full. Returns how many it sent.
std::uint64_t SendUntilMissed(PacketSocketPort& port, PacketPool* pool, std::uint64_t before) {
  constexpr std::uint64_t kMostFrames = 100'000;
  std::uint64_t sent = 0;
  for (; sent < kMostFrames && port.ReceiveMissed() == before; sent += 1000) SendFrames(port, pool, 1000);
  return sent;
}

TEST(PacketSocketPort, TellsWhatTheKernelLostToWhoeverAsks) {
  if (!support::HasPacketRings()) GTEST_SKIP() << "needs root, and a kernel whose packet sockets have rings";
  support::StartDpdk();
  PacketPool* pool = *hal::dpdk::MakePool("sockets", 255, 2048);
  const bool entered = InOwnNetwork([&] {
    auto port = PacketSocketPort::Open({.name = "p", .interface = "lo", .mac = {}, .pool = pool});
    ASSERT_TRUE(port.ok()) << port.status().ToString();
    SendFrames(**port, pool, 10);
    EXPECT_EQ((*port)->ReceiveMissed(), 0U) << "the ring has room";

    std::uint64_t sent = SendUntilMissed(**port, pool, 0);
    const std::uint64_t first = (*port)->ReadAnomalies().overrun;
    EXPECT_GT(first, 0U);
    EXPECT_LT(first, sent);

    sent += SendUntilMissed(**port, pool, first);
    const std::uint64_t second = (*port)->ReadAnomalies().overrun;
    EXPECT_GT(second, first) << "the kernel forgets what it told: the port must not";
    EXPECT_LT(second, sent);
    EXPECT_GE((*port)->ReceiveMissed(), second);
  });
  rte_mempool_free(pool);
  if (!entered) GTEST_SKIP() << "may make no network namespace";
}

}  // namespace
}  // namespace heliostat::hal::packet_socket
