#include <board.pb.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "codec/codec.h"
#include "unit/codec/sample.h"

namespace heliostat::codec {
namespace {

using testing::HasSubstr;

v1::Board Sample() {
  v1::Board board;
  board.set_name("emulated");
  board.set_description("no hardware");
  board.set_hardware_id(5);
  board.set_lcores("0,1");
  board.set_memory_mib(128);
  board.set_huge_pages(true);
  board.set_pci(true);
  v1::BoardPort* port = board.add_ports();
  port->set_name("wire1");
  port->set_kind(v1::EDGE);
  port->set_number(3);
  port->set_device("net_pcap0");
  port->set_mac("02:00:00:00:00:01");
  port->set_primary_ipv4("10.0.0.1");
  port->set_primary_ipv6("fd00::1");
  port->set_mtu(9000);
  port->set_kernel_interface("${IF}");
  port->set_receive_queues(4);
  board.add_wires()->set_first("wire1");
  board.mutable_wires(0)->set_second("guest0");
  board.add_taps("tap0");
  board.mutable_limits()->set_sessions(5);
  board.set_original_buffers(100);
  board.set_copy_buffers(50);
  board.set_buffer_bytes(4096);
  board.mutable_flash()->set_erase_block_bytes(8192);
  board.mutable_flash()->set_generation_blocks(7);
  return board;
}

Result<config::Board> Decode(const v1::Board& board) {
  const std::string bytes = board.SerializeAsString();
  return DecodeBoard(Bytes(bytes));
}

TEST(DecodeBoard, ReadsEveryField) {
  config::Board expected;
  expected.name = "emulated";
  expected.description = "no hardware";
  expected.hardware_id = 5;
  expected.lcores = "0,1";
  expected.memory_mib = 128;
  expected.huge_pages = true;
  expected.pci = true;
  expected.ports = {{.name = "wire1",
                     .kind = config::InterfaceKind::kEdge,
                     .number = 3,
                     .device = "net_pcap0",
                     .mac = MacAddress::Parse("02:00:00:00:00:01"),
                     .primary_ipv4 = *IpAddress::Parse("10.0.0.1"),
                     .primary_ipv6 = *IpAddress::Parse("fd00::1"),
                     .mtu = 9000,
                     .kernel_interface = "${IF}",
                     .receive_queues = 4}};
  expected.wires = {{"wire1", "guest0"}};
  expected.taps = {"tap0"};
  expected.limits.sessions = 5;
  expected.original_buffers = 100;
  expected.copy_buffers = 50;
  expected.buffer_bytes = 4096;
  expected.flash.erase_block_bytes = 8192;
  expected.flash.generation_blocks = 7;
  const Result<config::Board> board = Decode(Sample());
  ASSERT_TRUE(board.ok()) << board.status().ToString();
  EXPECT_EQ(*board, expected);
}

TEST(DecodeBoard, FillsInDefaults) {
  const Result<config::Board> board = Decode({});
  ASSERT_TRUE(board.ok()) << board.status().ToString();
  EXPECT_EQ(*board, config::Board{});
}

struct Row {
  const char* what;
  std::function<void(v1::Board&)> break_it;
  const char* subject;
  const char* reason;
};

TEST(DecodeBoard, NamesWhatItRefuses) {
  const std::vector<Row> rows = {
      {"kind", [](v1::Board& b) { b.mutable_ports(0)->clear_kind(); }, "board \"emulated\" port \"wire1\" kind",
       "missing"},
      {"unknown kind", [](v1::Board& b) { b.mutable_ports(0)->set_kind(static_cast<v1::InterfaceKind>(4)); },
       "board \"emulated\" port \"wire1\" kind", "value 4"},
      {"mac", [](v1::Board& b) { b.mutable_ports(0)->set_mac("02:00:00:00:00"); },
       "board \"emulated\" port \"wire1\" mac", "no MAC address"},
      {"address", [](v1::Board& b) { b.mutable_ports(0)->set_primary_ipv4("10.0.0"); },
       "board \"emulated\" port \"wire1\" primary_ipv4", "no IP address"},
      {"mtu", [](v1::Board& b) { b.mutable_ports(0)->set_mtu(65536); }, "board \"emulated\" port \"wire1\" mtu",
       "65536"},
      {"hardware ID", [](v1::Board& b) { b.set_hardware_id(64); }, "board \"emulated\" hardware_id", "64"},
      {"ports",
       [](v1::Board& b) {
         for (int i = 0; i < 64; ++i) b.add_ports();
       },
       "board \"emulated\" ports", "more than 64"},
      {"device", [](v1::Board& b) { b.mutable_ports(0)->set_device(std::string(513, 'x')); },
       "board \"emulated\" port \"wire1\" device", "513 bytes"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    v1::Board board = Sample();
    row.break_it(board);
    const Status status = Decode(board).status();
    EXPECT_EQ(status.subject(), row.subject);
    EXPECT_THAT(status.reason(), HasSubstr(row.reason));
    EXPECT_FALSE(status.fix().empty());
  }
}

TEST(DecodeBoard, SurvivesFlippedBytes) {
  constexpr std::uint32_t kSeed = 3;
  std::mt19937 random(kSeed);
  const std::string bytes = Sample().SerializeAsString();
  for (int run = 0; run < 5'000; ++run) {
    std::vector<std::uint8_t> damaged(bytes.begin(), bytes.end());
    damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    (void)DecodeBoard(damaged).ok();
  }
}

}  // namespace
}  // namespace heliostat::codec
