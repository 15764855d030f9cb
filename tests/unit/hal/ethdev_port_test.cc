// The port over each software driver that DPDK has here: it opens, says what it is, and carries frames.
#include "dpdk/ethdev_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "dpdk/eal.h"
#include "linux/kernel_interface.h"
#include "support/packet_sockets.h"
#include "support/ring_card.h"

namespace heliostat::hal::dpdk {
namespace {

using testing::HasSubstr;

PacketPool* Pool() {
  support::StartDpdk();
  static PacketPool* pool = *MakePool("hal", 4095, 2048);
  return pool;
}

EthdevOptions Options(const std::string& device) { return {.name = "p", .device = device, .mac = {}, .pool = Pool()}; }

Packet* MakeFrame(std::size_t bytes) {
  Packet* packet = Allocate(Pool());
  std::uint8_t* data = SetLength(packet, static_cast<std::uint16_t>(bytes));
  std::fill_n(data, bytes, std::uint8_t{0x5a});
  return packet;
}

struct TempFolder {
  TempFolder() { mkdtemp(path.data()); }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::string path = "/tmp/heliostat-hal-XXXXXX";
};

TEST(EthdevPort, NullGivesFramesAndTakesThem) {
  auto port = EthdevPort::Open(Options("net_null_hal,size=64"));
  ASSERT_TRUE(port.ok()) << port.status().ToString();
  EXPECT_EQ((*port)->info().driver, "net_null");
  std::array<Packet*, 32> packets{};
  const std::uint16_t count = (*port)->Receive(0, packets.data(), 32);
  ASSERT_EQ(count, 32);
  EXPECT_EQ(Length(packets[0]), 64U);
  EXPECT_EQ((*port)->Send(0, packets.data(), count), count);
}

TEST(EthdevPort, RingHandsOnWhatItTakes) {
  auto port = EthdevPort::Open(Options("net_ring_hal"));
  ASSERT_TRUE(port.ok()) << port.status().ToString();
  EXPECT_TRUE((*port)->info().multi_segment_send);
  Packet* frame = MakeFrame(60);
  ASSERT_EQ((*port)->Send(0, &frame, 1), 1);
  Packet* back = nullptr;
  ASSERT_EQ((*port)->Receive(0, &back, 1), 1);
  EXPECT_EQ(back, frame);
  Release(back);
  EXPECT_EQ((*port)->ReceiveMissed(), 0U);
}

// `count` frames of `bytes` bytes.
void WriteCapture(const std::string& path, std::uint32_t count, std::uint32_t bytes) {
  pcap_t* dead = pcap_open_dead(DLT_EN10MB, 262144);
  pcap_dumper_t* dumper = pcap_dump_open(dead, path.c_str());
  const std::vector<std::uint8_t> frame(bytes, 7);
  const pcap_pkthdr header{{1, 2}, bytes, bytes};
  for (std::uint32_t i = 0; i < count; ++i) pcap_dump(reinterpret_cast<u_char*>(dumper), &header, frame.data());
  pcap_dump_close(dumper);
  pcap_close(dead);
}

TEST(EthdevPort, TellsWhatTheDriverLostForWantOfABuffer) {
  const TempFolder folder;
  const std::string in = folder.path + "/in.pcap";
  WriteCapture(in, 5, 60);
  support::StartDpdk();
  PacketPool* pool = *MakePool("hal-few", 63, 2048);
  EthdevOptions options = Options("net_pcap_few,rx_pcap=" + in);
  options.pool = pool;
  {
    auto port = EthdevPort::Open(options);
    ASSERT_TRUE(port.ok()) << port.status().ToString();
    EXPECT_EQ((*port)->ReceiveMissed(), 0U);
    std::vector<Packet*> held;
    while (Packet* packet = Allocate(pool)) held.push_back(packet);
    std::array<Packet*, kBurst> packets{};
    EXPECT_EQ((*port)->Receive(0, packets.data(), kBurst), 0);
    EXPECT_EQ((*port)->ReceiveMissed(), 1U);
    ReleaseBurst(held.data(), static_cast<unsigned>(held.size()));
    const std::uint16_t count = (*port)->Receive(0, packets.data(), kBurst);
    EXPECT_EQ(count, 4) << "received and missed are all that arrived";
    ReleaseBurst(packets.data(), count);
    EXPECT_EQ((*port)->ReceiveMissed(), 1U) << "what was told once is kept";
  }
  rte_mempool_free(pool);
}

TEST(EthdevPort, PcapReadsAndWritesFilesAndSaysWhatItCannotCarry) {
  const TempFolder folder;
  const std::string in = folder.path + "/in.pcap";
  const std::string out = folder.path + "/out.pcap";
  const std::vector<std::uint8_t> bytes(5000, 7);
  WriteCapture(in, 1, 5000);
  {
    auto port = EthdevPort::Open(Options("net_pcap_hal,rx_pcap=" + in + ",tx_pcap=" + out));
    ASSERT_TRUE(port.ok()) << port.status().ToString();
    EXPECT_EQ((*port)->info().max_send_bytes, 65'535U);
    Packet* frame = nullptr;
    ASSERT_EQ((*port)->Receive(0, &frame, 1), 1);
    EXPECT_EQ(Length(frame), 5000U) << "in a chain of buffers";
    EXPECT_FALSE(IsContiguous(frame));
    ASSERT_EQ((*port)->Send(0, &frame, 1), 1);
    Packet* more = nullptr;
    EXPECT_EQ((*port)->Receive(0, &more, 1), 0) << "the file is read through";
  }
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* read = pcap_open_offline(out.c_str(), error);
  ASSERT_NE(read, nullptr) << error;
  pcap_pkthdr got{};
  const u_char* data = pcap_next(read, &got);
  ASSERT_NE(data, nullptr);
  EXPECT_EQ(std::vector<std::uint8_t>(data, data + got.caplen), bytes);
  pcap_close(read);
}

TEST(EthdevPort, AfPacketSendsAndReceivesOnAKernelInterface) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  if (!support::HasPacketRings()) GTEST_SKIP() << "this kernel's packet sockets have no rings";
  // On loopback a packet socket sees what it sends.
  auto port = EthdevPort::Open(Options("net_af_packet_hal,iface=lo,blocksz=65536,framesz=2048,framecnt=512"));
  ASSERT_TRUE(port.ok()) << port.status().ToString();
  EXPECT_EQ((*port)->info().driver, "net_af_packet");
  EXPECT_LT((*port)->info().max_send_bytes, 70'000U);
  // Others' frames share the interface and can fill the ring, so the frame is sent again until it is seen.
  bool seen = false;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!seen && std::chrono::steady_clock::now() < end) {
    Packet* frame = MakeFrame(77);
    std::fill_n(rte_pktmbuf_mtod(frame, std::uint8_t*), 12, std::uint8_t{2});
    rte_pktmbuf_mtod(frame, std::uint8_t*)[12] = 0x88;  // EtherType 0x88b5, for local experiments
    rte_pktmbuf_mtod(frame, std::uint8_t*)[13] = 0xb5;
    ASSERT_EQ((*port)->Send(0, &frame, 1), 1);
    for (int attempt = 0; attempt < 10'000 && !seen; ++attempt) {
      Packet* back = nullptr;
      if ((*port)->Receive(0, &back, 1) == 0) continue;
      seen = Length(back) == 77 && Start(back)[13] == 0xb5;
      Release(back);
    }
  }
  EXPECT_TRUE(seen);
}

TEST(EthdevPort, TapIsAKernelInterface) {
  if (geteuid() != 0 || access("/dev/net/tun", R_OK) != 0) GTEST_SKIP() << "needs root and /dev/net/tun";
  auto port = EthdevPort::Open(Options("net_tap_hal,iface=hstap0"));
  ASSERT_TRUE(port.ok()) << port.status().ToString();
  EXPECT_EQ((*port)->info().driver, "net_tap");
  EXPECT_NE(if_nametoindex("hstap0"), 0U);
  Packet* frame = MakeFrame(60);
  EXPECT_EQ((*port)->Send(0, &frame, 1), 1);
}

struct BadDevice {
  std::string device;
  Code code;
  std::string reason;
};
class RefusedDevice : public testing::TestWithParam<BadDevice> {};
TEST_P(RefusedDevice, IsNamedWithTheReasonAndTheFix) {
  const auto port = EthdevPort::Open(Options(GetParam().device));
  ASSERT_FALSE(port.ok());
  EXPECT_EQ(port.status().code(), GetParam().code);
  EXPECT_THAT(port.status().subject(), HasSubstr(GetParam().device));
  EXPECT_THAT(port.status().reason(), HasSubstr(GetParam().reason));
  EXPECT_FALSE(port.status().fix().empty());
}
INSTANTIATE_TEST_SUITE_P(Devices, RefusedDevice,
                         testing::Values(BadDevice{"0000:5e:00.0", Code::kNotFound, "no such device"},
                                         BadDevice{"net_nonesuch0", Code::kUnavailable, "can't be opened"},
                                         BadDevice{"net_pcap_x,rx_pcap=/nonexistent.pcap", Code::kUnavailable,
                                                   "No such file or directory"}));

TEST(EthdevPort, RefusesMoreWorkersThanSendQueues) {
  EthdevOptions options = Options("net_ring_few");
  options.workers = 17;
  const auto port = EthdevPort::Open(options);
  ASSERT_FALSE(port.ok());
  EXPECT_EQ(port.status().code(), Code::kUnsupported);
  EXPECT_THAT(port.status().ToString(), HasSubstr("17 are needed"));
}

TEST(EthdevPort, GivesCopiesQueuesOfTheirOwnWhereThereAreSome) {
  EthdevOptions options = Options("net_null_queues");
  options.workers = 2;
  const auto port = EthdevPort::Open(options);
  ASSERT_TRUE(port.ok());
  EXPECT_EQ((*port)->info().send_queues, 4);
}

TEST(KernelInterface, ThatIsMissingIsNamed) {
  const auto taken = linux_os::TakeOver("nonesuch9");
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.status().code(), Code::kNotFound);
  EXPECT_THAT(taken.status().subject(), HasSubstr("nonesuch9"));
}

}  // namespace
}  // namespace heliostat::hal::dpdk
