#include "capture_file/capture_file_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "dpdk/eal.h"
#include "support/ring_card.h"
#include "unit/capture_file/capture_bytes.h"

namespace heliostat::hal::capture_file {
namespace {

using support::Bytes;
using support::PcapHeader;
using support::PcapRecord;
using testing::HasSubstr;

PacketPool* Pool() {
  support::StartDpdk();
  static PacketPool* pool = *dpdk::MakePool("capture", 255, 512);
  return pool;
}

class CaptureFilePortTest : public testing::Test {
 protected:
  CaptureFileOptions Options() {
    return {.name = "p", .receive = folder_.path + "/in.pcap", .send = folder_.path + "/out.pcap", .pool = Pool()};
  }
  std::unique_ptr<CaptureFilePort> Open() {
    auto port = CaptureFilePort::Open(Options());
    EXPECT_TRUE(port.ok()) << port.status().ToString();
    return std::move(*port);
  }
  static Bytes BytesOf(const Packet* packet) {
    Bytes bytes(Length(packet));
    CopyOut(packet, Length(packet), bytes.data());
    return bytes;
  }
  support::TempFolder folder_;
};

TEST_F(CaptureFilePortTest, CarriesChainedFramesFromOneFileToTheOther) {
  folder_.Append("in.pcap", PcapHeader());
  std::vector<Bytes> frames;
  for (const std::size_t bytes : {1U, 60U, 512U, 513U, 1514U, 60'000U}) {
    frames.emplace_back(bytes, static_cast<std::uint8_t>(bytes));
    folder_.Append("in.pcap", PcapRecord(frames.back()));
  }
  std::array<Packet*, 32> packets{};
  {
    const auto port = Open();
    ASSERT_EQ(port->Receive(0, packets.data(), 32), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(BytesOf(packets[i]), frames[i]);
    EXPECT_EQ(packets[3]->nb_segs, 2);
    EXPECT_EQ(port->Send(0, packets.data(), static_cast<std::uint16_t>(frames.size())), frames.size());
  }
  CaptureReader sent(folder_.path + "/out.pcap");
  for (const Bytes& frame : frames) {
    const auto read = sent.Next();
    ASSERT_TRUE(read);
    EXPECT_TRUE(std::equal(read->begin(), read->end(), frame.begin(), frame.end()));
  }
  EXPECT_EQ(sent.Next(), std::nullopt);
}

TEST_F(CaptureFilePortTest, LosesNothingWhenBuffersRunOut) {
  folder_.Append("in.pcap", PcapHeader());
  constexpr std::size_t kFrames = 400;  // of a pool of 255
  for (std::size_t i = 0; i < kFrames; ++i) {
    folder_.Append("in.pcap", PcapRecord({static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8U)}));
  }
  const auto port = Open();
  std::vector<Packet*> held(kFrames);
  std::size_t received = 0;
  while (const std::uint16_t count = port->Receive(0, held.data() + received, 32)) received += count;
  EXPECT_LT(received, kFrames);
  for (std::size_t i = 0; i < received; ++i) Release(held[i]);
  for (std::uint16_t count = 0; (count = port->Receive(0, held.data() + received, 32)) != 0;) {
    for (std::size_t i = received; i < received + count; ++i) {
      EXPECT_EQ(BytesOf(held[i])[0], static_cast<std::uint8_t>(i));
      Release(held[i]);
    }
    received += count;
  }
  EXPECT_EQ(received, kFrames);
  EXPECT_EQ(port->ReceiveMissed(), 0U);
}

TEST_F(CaptureFilePortTest, TakesLinkDownWhenItsFileIsDamaged) {
  folder_.Append("in.pcap", PcapHeader());
  const auto port = Open();
  EXPECT_TRUE(port->LinkUp());
  folder_.Append("in.pcap", Bytes(16, 0xff));
  std::array<Packet*, 1> packet{};
  EXPECT_EQ(port->Receive(0, packet.data(), 1), 0);
  EXPECT_FALSE(port->LinkUp());
}

TEST_F(CaptureFilePortTest, RefusesWhatItCanNotUse) {
  folder_.Append("in.pcap", Bytes(40, 'x'));
  EXPECT_THAT(CaptureFilePort::Open(Options()).status().ToString(), HasSubstr("port \"p\" capture"));
  CaptureFileOptions nowhere = Options();
  nowhere.receive.clear();
  nowhere.send = folder_.path + "/none/out.pcap";
  EXPECT_THAT(CaptureFilePort::Open(nowhere).status().ToString(), HasSubstr("give a folder that can be written"));
}

}  // namespace
}  // namespace heliostat::hal::capture_file
