#include "config/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace heliostat::config {
namespace {

using testing::HasSubstr;

Board Sample() {
  Board board;
  board.name = "emulated";
  board.lcores = "0,1";
  board.ports = {
      {.name = "wire1", .kind = InterfaceKind::kEdge, .number = 1, .device = "net_ring0"},
      {.name = "guest0", .kind = InterfaceKind::kVm, .number = 2, .device = "net_ring1"},
      {.name = "tap0", .kind = InterfaceKind::kEdge, .number = 3, .device = "net_pcap0,iface=${TAP}"},
      {.name = "out", .kind = InterfaceKind::kEdge, .number = 4, .device = "0000:01:00.0"},
  };
  board.wires = {{"wire1", "guest0"}};
  board.taps = {"tap0"};
  return board;
}

struct Row {
  const char* what;
  std::function<void(Board&)> break_it;
  Code code;
  const char* subject;
  const char* reason;
  const char* fix;
};

const std::vector<Row>& Rows() {
  static const std::vector<Row> rows = {
      {"name", [](Board& b) { b.name = "-x"; }, Code::kInvalidArgument, "board \"-x\" name", "not a name", "a-z"},
      {"hardware ID", [](Board& b) { b.hardware_id = 64; }, Code::kInvalidArgument, "hardware_id", "is 64", "0 to 63"},
      {"lcores", [](Board& b) { b.lcores.clear(); }, Code::kInvalidArgument, "lcores", "none", "core"},
      {"memory", [](Board& b) { b.memory_mib = 0; }, Code::kInvalidArgument, "memory_mib", "is 0", "1 to"},
      {"buffers", [](Board& b) { b.copy_buffers = 0; }, Code::kInvalidArgument, "copy_buffers", "is 0", "1 to"},
      {"buffer size", [](Board& b) { b.buffer_bytes = 100; }, Code::kInvalidArgument, "buffer_bytes", "is 100",
       "1024 to"},
      {"no ports", [](Board& b) { b.ports.clear(); }, Code::kInvalidArgument, "ports", "none", "at least one"},
      {"port number 0", [](Board& b) { b.ports[0].number = 0; }, Code::kInvalidArgument, "port \"wire1\" number",
       "is 0", "1 to 1048575"},
      {"port number", [](Board& b) { b.ports[0].number = 0x100000; }, Code::kInvalidArgument, "number", "1048576",
       "1048575"},
      {"number taken", [](Board& b) { b.ports[1].number = 1; }, Code::kAlreadyExists, "port \"guest0\" number",
       "port \"wire1\"", "another"},
      {"name taken", [](Board& b) { b.ports[1].name = "wire1"; }, Code::kAlreadyExists, "port \"wire1\"", "twice",
       "own"},
      {"device taken", [](Board& b) { b.ports[1].device = "net_ring0"; }, Code::kAlreadyExists,
       "port \"guest0\" device", "port \"wire1\"", "own device"},
      {"no device", [](Board& b) { b.ports[2].device.clear(); }, Code::kInvalidArgument, "port \"tap0\" device", "none",
       "PCI"},
      {"MTU", [](Board& b) { b.ports[2].mtu = 67; }, Code::kInvalidArgument, "port \"tap0\" mtu", "67", "68 to 65535"},
      {"group MAC", [](Board& b) { b.ports[2].mac = MacAddress::Parse("01:00:00:00:00:00"); }, Code::kInvalidArgument,
       "mac", "01:00", "unicast"},
      {"family", [](Board& b) { b.ports[2].primary_ipv4 = *IpAddress::Parse("::1"); }, Code::kInvalidArgument,
       "primary_ipv4", "other family", "IPv4"},
      {"multicast", [](Board& b) { b.ports[2].primary_ipv6 = *IpAddress::Parse("ff02::1"); }, Code::kInvalidArgument,
       "primary_ipv6", "one host", "unicast"},
      {"wire to itself", [](Board& b) { b.wires[0].second = "wire1"; }, Code::kInvalidArgument, "wire 1", "both ends",
       "two different"},
      {"wire to nowhere", [](Board& b) { b.wires[0].second = "nil"; }, Code::kNotFound, "wire 1", "no port \"nil\"",
       "name a port"},
      {"two wires", [](Board& b) { b.wires.emplace_back("guest0", "out"); }, Code::kAlreadyExists, "wire 2",
       "\"guest0\" is already in wire 1", "at most one"},
      {"wire and tap", [](Board& b) { b.taps.push_back("wire1"); }, Code::kAlreadyExists, "tap 2", "already in wire 1",
       "at most one"},
      {"limit 0", [](Board& b) { b.limits.sessions = 0; }, Code::kInvalidArgument, "limits sessions", "is 0", "1 to"},
      {"counted", [](Board& b) { b.limits.rules = 1U << 20; }, Code::kInvalidArgument,
       "limits rules and 12 times filters", "is 1168576", "524288"},
      {"slots", [](Board& b) { b.limits.sessions_per_source = 256; }, Code::kInvalidArgument, "sessions_per_source",
       "256", "255"},
      {"interfaces", [](Board& b) { b.limits.interfaces = 3; }, Code::kResourceExhausted, "ports", "`interfaces` of 3",
       "fewer"},
      {"erase block", [](Board& b) { b.flash.erase_block_bytes = 5000; }, Code::kInvalidArgument,
       "flash erase_block_bytes", "no power of two", "8192"},
      {"program unit", [](Board& b) { b.flash.program_bytes = 8192; }, Code::kInvalidArgument, "flash program_bytes",
       "8192", "4096"},
      {"small region", [](Board& b) { b.flash.audit_blocks = 1; }, Code::kInvalidArgument, "flash audit_blocks", "is 1",
       "4 to"},
  };
  return rows;
}

TEST(ValidateBoard, TakesPortsInWiresInTapsAndInNeither) {
  const Status status = ValidateBoard(Sample());
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(ValidateBoard, NamesFieldReasonAndFix) {
  for (const Row& row : Rows()) {
    SCOPED_TRACE(row.what);
    Board board = Sample();
    row.break_it(board);
    const Status status = ValidateBoard(board);
    EXPECT_EQ(status.code(), row.code);
    EXPECT_THAT(status.subject(), HasSubstr(row.subject));
    EXPECT_THAT(status.reason(), HasSubstr(row.reason));
    EXPECT_THAT(status.fix(), HasSubstr(row.fix));
  }
}

}  // namespace
}  // namespace heliostat::config
