// Memory that runs out at any point of a handshake: the connection fails, or it is the one that it should be.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>
#include <set>
#include <utility>

#include "mbedtls/channel.h"
#include "mbedtls/credentials.h"
#include "support/tls_ends.h"
#include "unit/mbedtls/failing_calloc.h"

namespace {

// The Finished values that handshakes expected and did not get, in all branches; their processes share this.
struct Mismatches {
  std::array<std::array<std::uint8_t, 12>, 64> expected{};
  std::size_t count = 0;
};
Mismatches* mismatches = nullptr;

}  // namespace

// Takes the place of the library's own, which one of its shared libraries calls in another.
extern "C" int mbedtls_ct_memcmp(const void* one, const void* other, std::size_t size) {
  const int difference = std::memcmp(one, other, size);
  if (difference != 0 && size == 12 && mismatches != nullptr && mismatches->count < mismatches->expected.size()) {
    std::memcpy(mismatches->expected[mismatches->count++].data(), other, size);
  }
  return difference;
}

namespace heliostat::hal::mbedtls {
namespace {

using Outcome = Transfer::Outcome;

// The exit status of a process says what became of a handshake in which one allocation failed.
enum End : int { kRefused = 0, kConnected = 1, kHangs = 10, kWrongPeer = 11, kLeaks = 12 };

// A connection that lies in memory, so that a fork has its own, and that allocates nothing on its way.
struct Pipe {
  std::array<std::uint8_t, 16'384> bytes{};
  std::size_t size = 0;
  bool closed = false;
};
struct Wires {
  Pipe to_server;
  Pipe to_client;
};

class MemoryStream final : public ByteStream {
 public:
  MemoryStream(std::shared_ptr<Wires> wires, Pipe& in, Pipe& out) : wires_(std::move(wires)), in_(in), out_(out) {}
  ~MemoryStream() override { out_.closed = true; }

  Transfer Read(std::span<std::uint8_t> out) override {
    const std::size_t count = std::min(out.size(), in_.size);
    if (count == 0) return {.outcome = in_.closed ? Outcome::kClosed : Outcome::kWaitRead};
    std::copy_n(in_.bytes.begin(), count, out.begin());
    std::copy(in_.bytes.begin() + static_cast<std::ptrdiff_t>(count),
              in_.bytes.begin() + static_cast<std::ptrdiff_t>(in_.size), in_.bytes.begin());
    in_.size -= count;
    return {.outcome = Outcome::kBytes, .bytes = count};
  }

  Transfer Write(std::span<const std::uint8_t> bytes) override {
    const std::size_t count = std::min(bytes.size(), out_.bytes.size() - out_.size);
    if (count == 0) return {.outcome = Outcome::kWaitWrite};
    std::copy_n(bytes.begin(), count, out_.bytes.begin() + static_cast<std::ptrdiff_t>(out_.size));
    out_.size += count;
    return {.outcome = Outcome::kBytes, .bytes = count};
  }

  const std::string& peer_address() const override { return peer_; }
  int descriptor() const override { return -1; }

 private:
  std::shared_ptr<Wires> wires_;
  Pipe& in_;
  Pipe& out_;
  std::string peer_ = "memory";
};

struct Ends {
  std::unique_ptr<SecureChannel> server;
  std::unique_ptr<SecureChannel> client;
};

bool Over(const Transfer& transfer) {
  return transfer.outcome == Outcome::kBytes || transfer.outcome == Outcome::kFailed;
}

class Memory : public testing::Test {
 protected:
  std::shared_ptr<const Credentials> Load(const TrustBundle& bundle, Side side) {
    auto loaded = Credentials::Load(bundle, side, &clock_);
    EXPECT_TRUE(loaded.ok()) << loaded.status().ToString();
    return loaded.ok() ? *loaded : nullptr;
  }

  static void Step(std::unique_ptr<SecureChannel>& channel, Transfer& result, Branches* branches) {
    if (branches != nullptr) {
      const Branching branching(*branches);
      result = channel->Handshake();
    } else {
      result = channel->Handshake();
    }
    if (result.outcome == Outcome::kFailed) channel.reset();
  }

  // Both shake hands; memory runs out on one side. `then`: on a server too, once a client has gone on in spite of it.
  End ShakeHands(Side short_of_memory, Branches& branches, Branches* then = nullptr) {
    const auto wires = std::make_shared<Wires>();
    Ends ends{std::make_unique<Channel>(std::make_unique<MemoryStream>(wires, wires->to_server, wires->to_client),
                                        server_, ""),
              std::make_unique<Channel>(std::make_unique<MemoryStream>(wires, wires->to_client, wires->to_server),
                                        client_, name_)};
    Handshakes ended{{.outcome = Outcome::kWaitRead}, {.outcome = Outcome::kWaitRead}};
    for (int turn = 0; turn < 100 && !(Over(ended.server) && Over(ended.client)); ++turn) {
      if (!Over(ended.client)) Step(ends.client, ended.client, short_of_memory == Side::kClient ? &branches : nullptr);
      Branches* on_server = short_of_memory == Side::kServer ? &branches : nullptr;
      if (then != nullptr && branches.branched && !Over(ended.client)) on_server = then;
      if (!Over(ended.server)) Step(ends.server, ended.server, on_server);
    }
    if (!Over(ended.server) || !Over(ended.client)) return kHangs;
    const bool server_done = ended.server.outcome == Outcome::kBytes;
    const bool client_done = ended.client.outcome == Outcome::kBytes;
    if (server_done && ends.server->peer().uris != std::vector<std::string>{"urn:heliostat:role:admin"}) {
      return kWrongPeer;
    }
    if (client_done && ends.client->peer().dns_names != std::vector<std::string>{"card-1"}) return kWrongPeer;
    // The card speaks last: it may still fail when the client is done, and what it says may be wrong (below): then it
    // is the client that refuses.
    server_done_ = server_done;
    if (server_done && !client_done) return kRefused;
    return (short_of_memory == Side::kServer ? server_done : client_done) ? kConnected : kRefused;
  }

  // Lets each allocation that `side` makes fail; `whole` is how a handshake ends in which none does.
  Branches TryEveryAllocation(Side side, bool for_good, End whole) {
    Branches none{.at = Branches::At::kNone};
    EXPECT_EQ(ShakeHands(side, none), whole);  // what is allocated once is allocated now
    const std::int64_t before = LiveAllocations();
    Branches branches{.for_good = for_good};
    End end = ShakeHands(side, branches);
    if (branches.branched) {
      if (LiveAllocations() != before) end = kLeaks;
      _exit(end);
    }
    EXPECT_EQ(end, whole);
    std::cout << "a handshake of " << branches.allocations << " allocations from " << branches.places
              << " places; one failed" << (for_good ? ", and all behind it" : "") << ": refused "
              << branches.ends[kRefused] << ", connected " << branches.ends[kConnected] << "\n";
    for (std::size_t status = 0; status < branches.ends.size(); ++status) {
      EXPECT_TRUE(status == kRefused || status == kConnected || branches.ends[status] == 0)
          << "status " << status << ": " << branches.ends[status] << " times, first at "
          << branches.first_with_end[status];
    }
    return branches;
  }

  // A client that lost memory unnoticed, before a server that does: status kConnected where the server takes what it
  // refuses while it has memory.
  Branches TryEveryPairOfAllocations() {
    Branches none{.at = Branches::At::kNone};
    EXPECT_EQ(ShakeHands(Side::kClient, none), kConnected);
    Branches on_client;
    Branches on_server;
    const End end = ShakeHands(Side::kClient, on_client, &on_server);
    if (on_server.branched) _exit(server_done_ ? kConnected : kRefused);
    if (on_client.branched) _exit(!server_done_ && on_server.ends[kConnected] != 0 ? kWrongPeer : end);
    return on_client;
  }

  bool server_done_ = false;  // in the last handshake
  SetClock clock_;
  TestAuthority authority_;
  TestAuthority other_{"another authority"};
  std::string name_ = "card-1";
  TrustBundle card_ = authority_.Card();
  TrustBundle user_ = authority_.User();
  std::shared_ptr<const Credentials> server_ = Load(card_, Side::kServer);
  std::shared_ptr<const Credentials> client_ = Load(user_, Side::kClient);
};

// CVE-2025-27810: where memory runs out in Finished, the library sends, or compares with, what happens to lie there.
TEST_F(Memory, ThatFailsOnBothSidesProvesNothing) {
  const Branches branches = TryEveryPairOfAllocations();
  EXPECT_EQ(branches.ends[kWrongPeer], 0U) << "first at " << branches.first_with_end[kWrongPeer];
  std::cout << "clients that went on: " << branches.ends[kConnected] << "\n";
}

TEST_F(Memory, ThatFailsInFinishedIsComparedWithWhatNobodyKnows) {
  mismatches = static_cast<Mismatches*>(
      mmap(nullptr, sizeof(Mismatches), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(mismatches, MAP_FAILED);
  std::array<std::set<std::array<std::uint8_t, 12>>, 2> handshakes;
  for (auto& expected : handshakes) {
    mismatches->count = 0;
    (void)TryEveryAllocation(Side::kServer, false, kConnected);
    expected.insert(mismatches->expected.begin(),
                    mismatches->expected.begin() + static_cast<std::ptrdiff_t>(mismatches->count));
    EXPECT_FALSE(expected.empty()) << "memory never ran out there";
  }
  for (const auto& expected : handshakes[0]) EXPECT_EQ(handshakes[1].count(expected), 0U) << "could be foreseen";
  munmap(std::exchange(mismatches, nullptr), sizeof(Mismatches));
}

class OnEitherSide : public Memory, public testing::WithParamInterface<Side> {};

TEST_P(OnEitherSide, ThatFailsOnceLeavesNoneOrAWholeConnection) {
  Branches branches = TryEveryAllocation(GetParam(), false, kConnected);
  EXPECT_GT(branches.allocations, 1000U);
  EXPECT_GT(branches.ends[kRefused], branches.ends[kConnected]);
}

TEST_P(OnEitherSide, ThatIsGoneLeavesNoConnection) {
  Branches branches = TryEveryAllocation(GetParam(), true, kConnected);
  EXPECT_GT(branches.ends[kRefused], 0U);
}

INSTANTIATE_TEST_SUITE_P(Memory, OnEitherSide, testing::Values(Side::kServer, Side::kClient),
                         [](const auto& tested) { return tested.param == Side::kServer ? "Server" : "Client"; });

TEST_F(Memory, ThatFailsLetsNoClientOfAnotherAuthorityIn) {
  TrustBundle stranger = other_.User();
  stranger.ca = authority_.certificate();
  client_ = Load(stranger, Side::kClient);
  EXPECT_EQ(TryEveryAllocation(Side::kServer, false, kRefused).ends[kConnected], 0U);
}

TEST_F(Memory, ThatFailsLetsNoRevokedClientIn) {
  card_.crl = authority_.RevocationList({authority_.last_serial});  // user_'s
  server_ = Load(card_, Side::kServer);
  EXPECT_EQ(TryEveryAllocation(Side::kServer, false, kRefused).ends[kConnected], 0U);
}

TEST_F(Memory, ThatFailsLetsNoExpiredClientIn) {
  client_ = Load(authority_.Issue({.common_name = "alice",
                                   .use = pki::Use::kUser,
                                   .validity = {.not_before_s = kTestNow - 2, .not_after_s = kTestNow - 1}}),
                 Side::kClient);
  EXPECT_EQ(TryEveryAllocation(Side::kServer, false, kRefused).ends[kConnected], 0U);
}

TEST_F(Memory, ThatFailsMakesNoClientTakeACardOfAnotherAuthority) {
  user_.ca = other_.certificate();
  client_ = Load(user_, Side::kClient);
  EXPECT_EQ(TryEveryAllocation(Side::kClient, false, kRefused).ends[kConnected], 0U);
}

TEST_F(Memory, ThatFailsMakesNoClientTakeACardOfAnotherName) {
  name_ = "card-2";
  EXPECT_EQ(TryEveryAllocation(Side::kClient, false, kRefused).ends[kConnected], 0U);
}

}  // namespace
}  // namespace heliostat::hal::mbedtls
