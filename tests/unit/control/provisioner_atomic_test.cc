// What a commit leaves, whole or not at all: under traffic, and when memory runs out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/failing_memory.h"
#include "unit/control/provisioned_card.h"

namespace heliostat::control {
namespace {

using config::Config;
using support::Bytes;
using support::Ethernet;
using support::FailingMemory;

constexpr std::uint16_t kOddPort = 1001;  // of UDP
constexpr std::uint16_t kEvenPort = 1002;
constexpr std::uint32_t kOddVni = 41;
constexpr std::uint32_t kEvenVni = 98;
constexpr std::uint16_t kEvenLength = 64;
constexpr std::size_t kVxlanBytes = 50;

// Generations with odd numbers mirror one port, whole, to 10.9.0.2; the others the other port, cut, to 10.9.0.3. No
// packet, VNI, length or receiver is of both.
Config OfParity(bool odd) {
  Config config = support::MirrorAll();
  config::Rule rule;
  rule.number = 1;
  rule.protocol = std::uint8_t{17};
  rule.destination_ports = odd ? config::PortRange{kOddPort, kOddPort} : config::PortRange{kEvenPort, kEvenPort};
  config.filters[0].inbound = config.filters[0].outbound = {rule};
  config.targets[0].remote = support::Ip(odd ? "10.9.0.2" : "10.9.0.3");
  config.sessions[0].tunnel_id = odd ? kOddVni : kEvenVni;
  config.sessions[0].packet_length = odd ? std::uint16_t{0} : kEvenLength;
  return config;
}

struct Seen {
  std::size_t odd = 0;
  std::size_t even = 0;
};

void Check(const Bytes& copy, std::size_t frame_bytes, Seen* seen) {
  ASSERT_GE(copy.size(), kVxlanBytes + 42);
  const auto vni = static_cast<std::uint32_t>(copy[46] << 16 | copy[47] << 8 | copy[48]);
  const auto port = static_cast<std::uint16_t>(copy[kVxlanBytes + 36] << 8 | copy[kVxlanBytes + 37]);
  const bool odd = vni == kOddVni;
  ++(odd ? seen->odd : seen->even);
  ASSERT_EQ(vni, odd ? kOddVni : kEvenVni);
  ASSERT_EQ(port, odd ? kOddPort : kEvenPort) << "VNI " << vni;
  ASSERT_EQ(copy[33], odd ? 2 : 3) << "receiver, VNI " << vni;
  ASSERT_EQ(copy.size(), kVxlanBytes + (odd ? frame_bytes : kEvenLength)) << "VNI " << vni;
}

TEST(Provisioner, MakesEachCopyUnderOneGenerationWholeThroughAThousandCommits) {
  constexpr std::uint64_t kCommits = 1'000;
  ProvisionedCardOptions options;
  options.ring.workers = 2;
  ProvisionedCard provisioned(options);
  support::RingCard& card = provisioned.card();
  ASSERT_TRUE(provisioned.Commit(OfParity(true)).ok());

  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < card.workers(); ++i) {
    threads.emplace_back([&card, &stop, i] { card.worker(i).Run(stop); });
  }
  // A reader on a thread of its own never sees a number with another one's content.
  std::atomic<std::uint64_t> mixtures{0};
  std::atomic<std::uint64_t> making{1};  // generation
  threads.emplace_back([&provisioned, &stop, &making, &mixtures] {
    for (std::uint64_t known = 0; !stop.load(); making.wait(known)) {
      known = making.load();
      for (int i = 0; i < 10; ++i) {
        const std::shared_ptr<const Published> now = provisioned.provisioner().published();
        const bool odd = now->config->sessions.at(0).tunnel_id == kOddVni;
        if (odd != (now->generation % 2 == 1) || now->kept.back().number != now->generation) ++mixtures;
        std::this_thread::yield();
      }
    }
  });

  const Bytes odd_frame = Ethernet().Ipv4().Udp({.destination_port = kOddPort}).Payload(100).Build();
  const Bytes even_frame = Ethernet().Ipv4().Udp({.destination_port = kEvenPort}).Payload(100).Build();
  Seen seen;
  std::uint64_t put = 0;
  const auto take = [&] {
    card.Take("guest");
    card.Take("wire");
    for (const Bytes& copy : card.Take("analyser")) Check(copy, odd_frame.size(), &seen);
  };
  for (std::uint64_t generation = 2; generation <= kCommits + 1 && !testing::Test::HasFatalFailure(); ++generation) {
    for (int i = 0; i < 4; ++i) {
      for (const char* port : {"guest", "wire"}) {
        card.Put(port, odd_frame);
        card.Put(port, even_frame);
        put += 2;
      }
    }
    making = generation;
    making.notify_one();
    const auto committed = provisioned.Commit(OfParity(generation % 2 == 1));
    ASSERT_TRUE(committed.ok()) << committed.status().ToString();
    ASSERT_EQ(committed.value().generation, generation);
    // What waits in the rings is bounded: now and then it is waited for, and taken out.
    while (generation % 7 == 0 && card.Port("guest").received.packets + card.Port("wire").received.packets < put) {
      std::this_thread::yield();
    }
    take();
  }
  stop = true;
  making = 0;
  making.notify_one();
  for (std::thread& thread : threads) thread.join();
  card.Run();
  take();

  EXPECT_GT(seen.odd, 0U);
  EXPECT_GT(seen.even, 0U);
  EXPECT_EQ(mixtures.load(), 0U);
  std::size_t sent = 0;
  for (const auto direction : {config::Direction::kInbound, config::Direction::kOutbound}) {
    const datapath::EntryCounts counts = card.Ledger("all", "guest", direction);
    EXPECT_TRUE(counts.Balances());
    sent += counts[datapath::Column::kSent].packets;
  }
  EXPECT_EQ(seen.odd + seen.even, sent) << "each copy that was counted was seen";
  EXPECT_EQ(card.BuffersInUse(), 0U);
  std::printf(
      "%llu commits under traffic: %llu frames, %zu copies of odd and %zu of even generations, no mixture; %llu "
      "erases\n",
      static_cast<unsigned long long>(kCommits), static_cast<unsigned long long>(put), seen.odd, seen.even,
      static_cast<unsigned long long>(provisioned.flash().erases()));
  EXPECT_EQ(provisioned.Restart().ToString(), "ok");
  provisioned.ExpectAt(kCommits + 1, OfParity((kCommits + 1) % 2 == 1));
}

// The first allocation of a commit fails, then the second, and so on, until one is whole again.
void FailsWhole(FailingMemory::Then then, const std::function<Config(bool odd)>& of_parity = OfParity,
                ProvisionedCardOptions options = {}) {
  ProvisionedCard card(std::move(options));
  ASSERT_TRUE(card.Commit(of_parity(true)).ok());
  std::uint64_t generation = 1;
  bool odd = true;
  std::uint64_t refused = 0;
  std::uint64_t nth = 1;
  for (bool failed = true; failed; ++nth) {
    const CommitRequest request{
        .by = Admin(), .base = generation, .config = std::make_shared<const Config>(of_parity(!odd)), .comment = "c"};
    Code code = Code::kOk;
    {
      const FailingMemory memory(nth, then);
      const auto committed = card.provisioner().Commit(request);
      failed = memory.failed();
      code = committed.status().code();
    }
    if (code == Code::kOk) {  // after the point of no return, or who asked did without
      ++generation;
      odd = !odd;
    } else {
      ++refused;
      ASSERT_EQ(code, Code::kResourceExhausted) << "allocation " << nth;
    }
    card.provisioner().Tick();
    ASSERT_NO_FATAL_FAILURE(card.ExpectAt(generation, of_parity(odd))) << "allocation " << nth;
    if (testing::Test::HasFailure()) FAIL() << "allocation " << nth;
  }
  std::printf("a commit makes %llu allocations; %llu commits refused whole, %llu done whole\n",
              static_cast<unsigned long long>(nth - 2), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(generation - 1));
  EXPECT_GT(refused, 100U);
  ASSERT_TRUE(card.Commit(of_parity(!odd)).ok());
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(generation + 1, of_parity(!odd));
  std::uint64_t last = card.Audit().front().generation - 1;
  for (const storage::AuditRecord& record : card.Audit()) EXPECT_EQ(record.generation, ++last) << "each has its record";
  EXPECT_EQ(last, generation + 1);
}

TEST(Provisioner, IsWholeOrNothingWhenAnyOneAllocationFails) { FailsWhole(FailingMemory::Then::kGoesOn); }
TEST(Provisioner, IsWholeOrNothingWhenMemoryHasRunOutForGood) { FailsWhole(FailingMemory::Then::kFailsForGood); }

// Two of them don't fit: each takes the place of all before.
TEST(Provisioner, IsWholeOrNothingWhenAllocationsFailAndFlashIsFull) {
  const auto large = [](bool odd) {
    Config config = OfParity(odd);
    for (int i = 0; i < 20; ++i) {
      const std::string name = (odd ? "odd" : "even") + std::to_string(i);
      config.filters.push_back({.metadata = {.name = name, .description = std::string(200, 'x')}});
    }
    std::ranges::sort(config.filters, {}, [](const config::Filter& filter) { return filter.metadata.name; });
    return config;
  };
  FailsWhole(FailingMemory::Then::kGoesOn, large, {.configuration_blocks = 4});
}

// A commit that is compared with nothing would be stored on top of what is there.
TEST(Provisioner, HasItsConfigurationOrTakesNoCommitWhenMemoryRunsOutAtTheStart) {
  ProvisionedCard card;
  ASSERT_TRUE(card.Commit(OfParity(true)).ok());
  const CommitRequest removal{
      .by = Admin(), .base = 1, .config = std::make_shared<const Config>(), .comment = "c", .dry_run = true};
  int refused = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    (void)card.Start(nth);
    if (!card.memory_failed()) break;
    const auto tried = card.provisioner().Commit(removal);  // before the first Tick
    if (tried.ok()) {
      ASSERT_EQ(tried.value().changes.size(), 4U) << "allocation " << nth;
    } else {
      ++refused;
      ASSERT_EQ(tried.status().code(), Code::kResourceExhausted) << "allocation " << nth;
    }
    card.provisioner().Tick();
    ASSERT_NO_FATAL_FAILURE(card.ExpectAt(1, OfParity(true))) << "allocation " << nth;
    if (testing::Test::HasFailure()) FAIL() << "allocation " << nth;
  }
  EXPECT_GT(refused, 10);
  ASSERT_TRUE(card.Commit(Config{}).ok());
  EXPECT_EQ(card.Restart().ToString(), "ok");
  card.ExpectAt(2, Config{});
}

}  // namespace
}  // namespace heliostat::control
