// As many sources as a session may have, on a card with more ports than DPDK holds here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "agent/agent.h"
#include "datapath/worker.h"
#include "dpdk/eal.h"
#include "support/mirror_config.h"
#include "support/ring_card.h"

namespace heliostat::agent {
namespace {

using config::Direction;
using datapath::Column;
using support::Bytes;

// Holds what arrives until it is received, and what is sent until the test ends.
class MemoryPort final : public hal::Port {
 public:
  explicit MemoryPort(const std::string& name) {
    info_.name = name;
    info_.multi_segment_send = true;
  }
  ~MemoryPort() override {
    for (hal::Packet* packet : sent) hal::Release(packet);
  }
  std::uint16_t Receive(std::uint16_t, hal::Packet** packets, std::uint16_t) override {
    if (arrived == nullptr) return 0;
    *packets = std::exchange(arrived, nullptr);
    return 1;
  }
  std::uint16_t Send(std::uint16_t, hal::Packet** packets, std::uint16_t count) override {
    sent.insert(sent.end(), packets, packets + count);
    return count;
  }
  bool LinkUp() override { return true; }
  std::uint64_t ReceiveMissed() override { return 0; }

  hal::Packet* arrived = nullptr;
  std::vector<hal::Packet*> sent;
};

hal::PacketPool* Pool(const char* name, std::uint16_t room) { return *hal::dpdk::MakePool(name, 2047, room); }

// Taps s0, s1, ... that the session "all" mirrors, and "analyser".
class ManySources {
 public:
  explicit ManySources(std::size_t count) {
    support::StartDpdk();
    static hal::PacketPool* const originals = Pool("many-o", 512);
    static const datapath::CopyPools copies{Pool("many-d", 2048), Pool("many-k", 0)};
    originals_ = originals;
    AgentOptions options;
    options.clock = &clock_;
    options.card.limits.interfaces = 2000;
    config_ = support::MirrorAll();
    config_.sessions[0].sources.clear();
    datapath::WorkerOptions worker;
    for (std::uint16_t i = 0; i <= count; ++i) {
      const bool source = i < count;
      const std::string name = source ? "s" + std::to_string(i) : "analyser";
      const auto kind = source ? config::InterfaceKind::kVm : config::InterfaceKind::kEdge;
      ports_.push_back(std::make_unique<MemoryPort>(name));
      options.ports.push_back(ports_.back().get());
      worker.ports.push_back({ports_.back().get(), kind});
      config::Interface interface;
      interface.name = name;
      interface.kind = kind;
      interface.number = i + 1U;
      interface.mtu = 1500;
      options.card.interfaces.push_back(interface);
      if (!source) continue;
      worker.lanes.push_back(datapath::TapLane{.input = {i, 0}});
      config_.sessions[0].sources.push_back(name);
    }
    agent_ = std::make_unique<Agent>(std::move(options));
    worker.pools = copies;
    worker.clock = &clock_;
    worker.tables = agent_->tables();
    worker.link_up = agent_->link_up();
    worker_ = std::make_unique<datapath::Worker>(std::move(worker));
    agent_->Attach(worker_.get());
  }

  Result<Applied> Apply() { return agent_->Apply(std::make_shared<const config::Config>(config_)); }

  // A frame from every source, whose last two bytes are the source's number.
  void RunOnce() {
    for (std::size_t i = 0; i + 1 < ports_.size(); ++i) {
      const Bytes tail = {static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)};
      const Bytes frame = support::Ethernet().Ipv4().Udp().Payload(tail).Build();
      ports_[i]->arrived = hal::Allocate(originals_);
      std::copy(frame.begin(), frame.end(),
                hal::SetLength(ports_[i]->arrived, static_cast<std::uint16_t>(frame.size())));
    }
    worker_->RunOnce();
  }

  const std::vector<hal::Packet*>& copies() const { return ports_.back()->sent; }
  Agent& agent() { return *agent_; }

 private:
  support::ManualClock clock_;
  hal::PacketPool* originals_ = nullptr;
  config::Config config_;
  std::vector<std::unique_ptr<MemoryPort>> ports_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<datapath::Worker> worker_;
};

TEST(ManySources, MirrorTheirFramesToOneTargetAndHaveALedgerLineEach) {
  ManySources card(1024);
  const Result<Applied> applied = card.Apply();
  ASSERT_TRUE(applied.ok()) << applied.status().ToString();
  EXPECT_EQ(applied->policies, 2U) << "shared by all: one a direction";
  card.RunOnce();

  std::set<unsigned> sources;
  for (const hal::Packet* copy : card.copies()) {
    Bytes frame(hal::Length(copy));
    hal::CopyOut(copy, hal::Length(copy), frame.data());
    sources.insert(frame[frame.size() - 2] * 256U + frame.back());
  }
  EXPECT_EQ(card.copies().size(), 1024U);
  EXPECT_EQ(sources.size(), 1024U);

  std::size_t outbound = 0;
  for (const LedgerLine& line : card.agent().Read().ledger) {
    if (line.key.direction != Direction::kOutbound) continue;
    ++outbound;
    EXPECT_EQ(line.counts[Column::kMatched].packets, 1U) << "source " << line.key.interface;
    EXPECT_EQ(line.counts[Column::kSent].packets, 1U) << "source " << line.key.interface;
  }
  EXPECT_EQ(outbound, 1024U);
}

TEST(ManySources, AreRefusedPastTheLimitByItsNameAndValue) {
  ManySources card(1025);
  const Result<Applied> applied = card.Apply();
  ASSERT_FALSE(applied.ok());
  EXPECT_THAT(applied.status().ToString(),
              testing::AllOf(testing::HasSubstr("\"all\" sources"), testing::HasSubstr("1024")));
  card.RunOnce();
  EXPECT_THAT(card.copies(), testing::IsEmpty());
}

}  // namespace
}  // namespace heliostat::agent
