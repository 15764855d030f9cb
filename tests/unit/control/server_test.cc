#include "control/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include "linux/process_memory.h"
#include "unit/control/served_card.h"

namespace heliostat::control {
namespace {

using testing::HasSubstr;

v1::Request Begin() {
  v1::Request request;
  request.mutable_begin();
  return request;
}

v1::Request PutFilter(const std::string& name) {
  v1::Request request;
  request.mutable_edit()->add_changes()->mutable_put()->mutable_filter()->mutable_metadata()->set_name(name);
  return request;
}

v1::Request Commit() {
  v1::Request request;
  request.mutable_commit();
  return request;
}

v1::Request GetInfo() {
  v1::Request request;
  request.mutable_get_info();
  return request;
}

void ExpectError(const std::optional<v1::Response>& response, Code code, const std::string& reason) {
  ASSERT_TRUE(response.has_value());
  ASSERT_TRUE(response->has_error()) << response->ShortDebugString();
  EXPECT_EQ(response->error().code(), static_cast<std::uint32_t>(code)) << response->ShortDebugString();
  EXPECT_THAT(response->error().reason(), HasSubstr(reason));
}

TEST(Server, CommitsWhatIsEditedAndListsIt) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  ASSERT_TRUE(client.Call(Begin())->has_begun());
  ASSERT_TRUE(client.Call(PutFilter("web"))->has_done());
  const auto committed = client.Call(Commit());
  ASSERT_TRUE(committed && committed->has_committed()) << committed->ShortDebugString();
  EXPECT_EQ(committed->committed().generation(), 1U);
  v1::Request list;
  list.mutable_list()->set_kind(v1::FILTER);
  const auto items = client.Call(list);
  ASSERT_TRUE(items && items->has_items() && items->more());
  EXPECT_EQ(items->items().items(0).unit().filter().metadata().name(), "web");
  const auto end = client.Receive();
  ASSERT_TRUE(end && end->has_list_end());
  EXPECT_EQ(end->list_end().generation(), 1U);
}

TEST(Server, LetsOneEditAtATimeAndNamesTheHolder) {
  ServedCard card;
  TestClient alice(card, card.authority().User("alice"));
  TestClient bob(card, card.authority().User("bob"));
  ASSERT_TRUE(alice.In() && bob.In());
  ASSERT_TRUE(alice.Call(Begin())->has_begun());
  ExpectError(bob.Call(Begin()), Code::kUnavailable, "alice from 127.0.0.1");
  card.clock().PassSeconds(31);
  ASSERT_TRUE(bob.Call(Begin())->has_begun());
  ExpectError(alice.Call(PutFilter("web")), Code::kFailedPrecondition, "nothing came for 30 s");
}

TEST(Server, EndsATransactionByAWrongEditAndStaysUsable) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  ASSERT_TRUE(client.Call(Begin())->has_begun());
  v1::Request edit = PutFilter("web");
  v1::Remove& remove = *edit.mutable_edit()->add_changes()->mutable_remove();
  remove.set_kind(v1::FILTER);
  remove.set_name("not there");
  const auto wrong = client.Call(edit);
  ASSERT_TRUE(wrong && wrong->has_error());
  EXPECT_EQ(wrong->error().change(), 2U);
  ExpectError(client.Call(Commit()), Code::kFailedPrecondition, "an edit was wrong");
  EXPECT_TRUE(client.Call(GetInfo())->has_info());
}

TEST(Server, EndsATransactionWhenItsConnectionIsGone) {
  ServedCard card;
  TestClient bob(card, card.authority().User("bob"));
  ASSERT_TRUE(bob.In());
  {
    TestClient alice(card, card.authority().User("alice"));
    ASSERT_TRUE(alice.In());
    ASSERT_TRUE(alice.Call(Begin())->has_begun());
  }
  ASSERT_TRUE(card.Turn([&] { return card.server().counts().served == 1; }));
  EXPECT_TRUE(bob.Call(Begin())->has_begun());
}

TEST(Server, AnswersARequestThatItDoesNotUnderstandAndGoesOn) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  for (const std::string& body : {std::string("\xff\xff\xff"), std::string(10, '\0'), std::string("\x0a\x7f")}) {
    ASSERT_TRUE(client.Send(std::string("\0\0\0", 3) + static_cast<char>(body.size()) + body));
    const auto refused = client.Receive();
    ASSERT_TRUE(refused && refused->has_error());
  }
  EXPECT_TRUE(client.Call(GetInfo())->has_info());
}

TEST(Server, ClosesAfterAFrameThatIsNone) {
  ServedCard card;
  for (const std::string& header : {std::string(4, '\0'), std::string("\x01\x00\x00\x00", 4)}) {
    TestClient client(card, card.authority().User());
    ASSERT_TRUE(client.In());
    ASSERT_TRUE(client.Send(header));
    ExpectError(client.Receive(), Code::kInvalidArgument, "it is");
    EXPECT_TRUE(client.Closed());
  }
}

TEST(Server, WantsHelloFirst) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.ShakeHands());
  ExpectError(client.Call(GetInfo()), Code::kFailedPrecondition, "hello");
  EXPECT_TRUE(client.Closed());
}

TEST(Server, RefusesACertificateWithoutARole) {
  ServedCard card;
  TestClient client(card, card.authority().Issue({.common_name = "nobody", .use = pki::Use::kUser}));
  ASSERT_TRUE(client.ShakeHands());
  const auto refused = client.Hello();
  ASSERT_TRUE(refused && refused->has_error());
  EXPECT_EQ(refused->error().code(), static_cast<std::uint32_t>(Code::kPermissionDenied));
  EXPECT_TRUE(client.Closed());
}

using Clients = std::vector<std::unique_ptr<TestClient>>;

// Four of each of two users: all places of the card.
void TakeAllPlaces(ServedCard& card, const std::string& role, Clients* clients) {
  for (const char* name : {"first", "second"}) {
    const hal::TrustBundle user =
        card.authority().Issue({.common_name = name, .use = pki::Use::kUser, .uris = {"urn:heliostat:role:" + role}});
    for (int i = 0; i < 4; ++i) {
      clients->push_back(std::make_unique<TestClient>(card, user));
      ASSERT_TRUE(clients->back()->In());
    }
  }
}

hal::TrustBundle Viewer(ServedCard& card, const std::string& name) {
  return card.authority().Issue({.common_name = name, .use = pki::Use::kUser, .uris = {"urn:heliostat:role:viewer"}});
}

v1::Request WatchStates() {
  v1::Request watch;
  watch.mutable_watch()->set_interval_ms(1000);
  watch.mutable_watch()->set_states(true);
  return watch;
}

TEST(Server, TellsTheNinthThatThereAreEightUntilOneIsIdle) {
  ServedCard card;
  Clients clients;
  ASSERT_NO_FATAL_FAILURE(TakeAllPlaces(card, "admin", &clients));
  TestClient ninth(card, card.authority().User("third"));
  ASSERT_TRUE(ninth.ShakeHands());
  ExpectError(ninth.Hello(), Code::kResourceExhausted, "8 at a time");
  card.clock().PassSeconds(61);
  TestClient tenth(card, card.authority().User("third"));
  EXPECT_TRUE(tenth.In());
}

TEST(Server, GivesOneUserFourPlaces) {
  ServedCard card;
  const hal::TrustBundle user = Viewer(card, "vic");
  Clients clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<TestClient>(card, user));
    ASSERT_TRUE(clients.back()->In() && clients.back()->Call(WatchStates())->has_snapshot());
  }
  card.clock().PassSeconds(61);
  TestClient fifth(card, user);
  ASSERT_TRUE(fifth.ShakeHands());
  ExpectError(fifth.Hello(), Code::kResourceExhausted, "user \"vic\" has 4 open");
  TestClient other(card, Viewer(card, "other"));
  EXPECT_TRUE(other.In());
}

TEST(Server, GivesThePlaceOfALongWatchToANewcomer) {
  ServedCard card;
  Clients clients;
  ASSERT_NO_FATAL_FAILURE(TakeAllPlaces(card, "viewer", &clients));
  for (const auto& client : clients) ASSERT_TRUE(client->Call(WatchStates())->has_snapshot());
  TestClient early(card, Viewer(card, "third"));
  ASSERT_TRUE(early.ShakeHands());
  ExpectError(early.Hello(), Code::kResourceExhausted, "8 at a time");
  card.clock().PassSeconds(61);
  TestClient late(card, Viewer(card, "third"));
  EXPECT_TRUE(late.In());
}

TEST(Server, GivesAnAdminThePlaceOfAViewerAtOnce) {
  ServedCard card;
  Clients clients;
  ASSERT_NO_FATAL_FAILURE(TakeAllPlaces(card, "viewer", &clients));
  for (const auto& client : clients) ASSERT_TRUE(client->Call(WatchStates())->has_snapshot());
  TestClient admin(card, card.authority().User());
  EXPECT_TRUE(admin.In());
  EXPECT_EQ(card.server().counts().served, 8U);
}

TEST(Server, EndsHandshakesThatTakeTooLong) {
  ServedCard card;
  const auto silent = card.Connect();
  const auto dripping = card.Connect();
  ASSERT_EQ(dripping->Write(std::vector<std::uint8_t>{0x16, 0x03}).outcome, hal::Transfer::Outcome::kBytes);
  ASSERT_TRUE(card.Turn([&] { return card.server().counts().silent == 1 && card.server().counts().handshakes == 1; }));
  card.clock().PassSeconds(6);
  EXPECT_TRUE(card.Turn([&] { return card.server().counts().silent + card.server().counts().handshakes == 0; }));
}

// Warnings of TLS, without end: true when it was told to stop before it had sent all that it sends.
bool Warn(int descriptor, const std::atomic<bool>& stop) {
  constexpr std::size_t kMostBytes = 32'000'000;
  std::string warnings;
  for (int i = 0; i < 1'000; ++i) warnings += std::string("\x15\x03\x03\x00\x02\x01\x5a", 7);
  std::size_t sent_bytes = 0;
  while (!stop && sent_bytes < kMostBytes) {
    const std::string_view rest = std::string_view(warnings).substr(sent_bytes % warnings.size());
    const ssize_t sent = send(descriptor, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      sent_bytes += static_cast<std::size_t>(sent);
    } else {
      pollfd writable{.fd = descriptor, .events = POLLOUT, .revents = 0};
      poll(&writable, 1, 10);
    }
  }
  return stop;
}

TEST(Server, ServesOthersWhileAHandshakeIsSentWarningsWithoutEnd) {
  ServedCard card;
  TestClient stranger(card, card.authority().User("stranger"));
  stranger.BeginHandshake();
  ASSERT_TRUE(card.Turn([&] { return card.server().counts().handshakes == 1; }));
  std::atomic<bool> stop = false;
  std::future<bool> stopped = std::async(std::launch::async, [&] { return Warn(stranger.descriptor(), stop); });
  TestClient alice(card, card.authority().User("alice"));
  EXPECT_TRUE(alice.In());
  card.clock().PassSeconds(6);
  EXPECT_TRUE(card.Turn([&] { return card.server().counts().handshakes == 0; })) << "its time is over";
  stop = true;
  EXPECT_TRUE(stopped.get()) << "others had to wait for its end";
}

TEST(Server, ClosesConnectionsThatAreIdleForTooLong) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  card.clock().PassSeconds(601);
  EXPECT_TRUE(client.Closed());
}

TEST(Server, LetsAnOperatorInThroughAFloodOfConnectionsAndHoldsNoMemoryForThem) {
  ServedCard card;
  const hal::TrustBundle user = card.authority().User();
  {
    TestClient first(card, user);
    ASSERT_TRUE(first.In());
  }
  [[maybe_unused]] const std::uint64_t before = hal::linux_os::PeakMemoryBytes();
  std::vector<std::unique_ptr<hal::ByteStream>> flood;
  for (int i = 0; i < 500; ++i) {
    flood.push_back(card.Connect());
    if (i % 2 == 0) static_cast<void>(flood.back()->Write(std::vector<std::uint8_t>{0x16, 0x03, 0x01}));
    // Whoever accepts none of them would fill its backlog.
    if (i % 8 == 7) {
      card.clock().pushed_ns += 400'000'000;
      card.server().Poll(0);
    }
  }
  for (int i = 0; i < 5; ++i) {
    TestClient client(card, user);
    ASSERT_TRUE(client.In()) << i;
    ASSERT_TRUE(client.Call(GetInfo())->has_info());
  }
  EXPECT_LE(card.server().counts().silent, ServerLimits().silent);
  EXPECT_LE(card.server().counts().handshakes, ServerLimits().handshakes_per_source);
#ifndef __SANITIZE_ADDRESS__  // which keeps what is freed
  // Sixteen channels at 35 KiB, and what libraries keep.
  EXPECT_LE(hal::linux_os::PeakMemoryBytes() - before, std::uint64_t{4} << 20U);
#endif
}

TEST(Server, NoticesThatAPeerIsGoneBehindARequestThatWaits) {
  ServedCard card;
  v1::Request watch;
  watch.mutable_watch()->set_interval_ms(3'600'000);
  watch.mutable_watch()->set_states(true);
  for (const bool reset : {true, false}) {
    std::optional<TestClient> client(std::in_place, card, card.authority().User());
    ASSERT_TRUE(client->In());
    ASSERT_TRUE(client->Call(watch)->has_snapshot());
    ASSERT_TRUE(client->Leave(GetInfo()));
    for (int i = 0; i < 20; ++i) card.server().Poll(0);  // it is there already: the card reads it
    ASSERT_EQ(card.server().counts().served, 1U);
    if (reset) client->BreakOff();
    client.reset();
    ASSERT_TRUE(card.Turn([&] { return card.server().counts().served == 0; })) << (reset ? "reset" : "closed");
  }
}

// Somebody who looks like the begin of a handshake, and goes no further.
std::unique_ptr<hal::ByteStream> Stranger(ServedCard& card, std::uint8_t host) {
  std::unique_ptr<hal::ByteStream> stranger = card.ConnectFrom(host);
  std::vector<std::uint8_t> hello = {22, 3, 1, 1, 44};
  hello.resize(100);
  EXPECT_EQ(stranger->Write(hello).bytes, hello.size());
  return stranger;
}

bool HasEnded(hal::ByteStream& stream) {
  std::uint8_t byte[1];
  const hal::Transfer::Outcome outcome = stream.Read(byte).outcome;
  return outcome == hal::Transfer::Outcome::kClosed || outcome == hal::Transfer::Outcome::kFailed;
}

TEST(Server, TurnsAwayWhoComesTooOftenAndNobodyElse) {
  ServedCard card;
  std::vector<std::unique_ptr<hal::ByteStream>> flood;
  for (int i = 0; i < 600; ++i) {
    flood.push_back(card.ConnectFrom(2));
    if (i % 32 == 31) card.server().Poll(0);
  }
  TestClient client(card, card.authority().User());
  EXPECT_TRUE(client.In());
  // The first of them gave way to newer ones, the last were not let in at all.
  EXPECT_TRUE(card.Turn([&] { return HasEnded(*flood.back()); }));
}

TEST(Server, DropsTheOldestHandshakeWhenAllComeFromDifferentAddresses) {
  ServerLimits limits;
  limits.handshakes = 4;
  ServedCard card(limits);
  std::vector<std::unique_ptr<hal::ByteStream>> strangers;
  const auto come = [&](std::uint8_t host, std::size_t handshakes) {
    strangers.push_back(Stranger(card, host));
    return card.Turn([&] { return card.server().counts().handshakes == handshakes; });
  };
  ASSERT_TRUE(come(2, 1) && come(3, 2) && come(4, 3));
  TestClient client(card, card.authority().User());  // its address is the first of all, by its text
  client.BeginHandshake();
  ASSERT_TRUE(card.Turn([&] { return card.server().counts().handshakes == 4; }));
  ASSERT_TRUE(come(5, 4));
  EXPECT_TRUE(card.Turn([&] { return HasEnded(*strangers[0]); }));
  ASSERT_TRUE(come(6, 4));
  EXPECT_TRUE(card.Turn([&] { return HasEnded(*strangers[1]); }));
  EXPECT_TRUE(client.In());
}

// Generations 1 to 3, each with one filter more.
void CommitThree(TestClient& client) {
  for (const char* name : {"web", "mail", "dns"}) {
    ASSERT_TRUE(client.Call(Begin())->has_begun() && client.Call(PutFilter(name))->has_done());
    ASSERT_TRUE(client.Call(Commit())->has_committed());
  }
}

v1::Request ListGeneration(std::uint64_t generation) {
  v1::Request list;
  list.mutable_list()->set_generation(generation);
  return list;
}

// The agent's thread does nothing while it lives.
class BusyAgent {
 public:
  explicit BusyAgent(ServedCard& card) {
    card.agent().Post([end = end_.get_future().share()] { end.wait(); });
  }
  ~BusyAgent() { end_.set_value(); }
  BusyAgent(const BusyAgent&) = delete;
  BusyAgent& operator=(const BusyAgent&) = delete;

 private:
  std::promise<void> end_;
};

TEST(Server, ReadsNoGenerationForWhoHasHungUp) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  ASSERT_NO_FATAL_FAILURE(CommitThree(client));
  ASSERT_TRUE(client.Call(GetInfo())->has_info());
  const std::uint64_t before = card.reads();
  {
    const BusyAgent busy(card);
    for (std::uint64_t generation : {1U, 2U, 1U, 2U}) {
      TestClient other(card, card.authority().User("other"));
      ASSERT_TRUE(other.In() && other.Leave(ListGeneration(generation)));
      ASSERT_TRUE(card.Turn([&] { return card.server().counts().answered == 1; }));
      other.BreakOff();
      ASSERT_TRUE(card.Turn([&] { return card.server().counts().served == 1; }));
    }
  }
  // In order, so all those before it are done.
  v1::Request watch;
  watch.mutable_watch()->set_interval_ms(100);
  watch.mutable_watch()->set_count(1);
  watch.mutable_watch()->set_counters(true);
  ASSERT_TRUE(client.Call(watch)->has_snapshot());
  EXPECT_EQ(card.reads(), before);
}

v1::Request DryRollback(std::uint64_t generation) {
  v1::Request request;
  request.mutable_rollback()->set_generation(generation);
  request.mutable_rollback()->set_dry_run(true);
  return request;
}

TEST(Server, MakesOneRollbackAtATimeWhetherSomebodyWaitsForItOrNot) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  ASSERT_NO_FATAL_FAILURE(CommitThree(client));
  {
    const BusyAgent busy(card);
    TestClient other(card, card.authority().User("other"));
    ASSERT_TRUE(other.In() && other.Leave(DryRollback(1)));
    ASSERT_TRUE(card.Turn([&] { return card.server().counts().answered == 1; }));
    other.BreakOff();
    ASSERT_TRUE(card.Turn([&] { return card.server().counts().served == 1; }));
    ExpectError(client.Call(DryRollback(1)), Code::kUnavailable, "another rollback is under way");
  }
  ASSERT_TRUE(client.Call(GetInfo())->has_info());
  v1::Request watch;  // in order, so all those before it are done
  watch.mutable_watch()->set_interval_ms(100);
  watch.mutable_watch()->set_count(1);
  watch.mutable_watch()->set_counters(true);
  ASSERT_TRUE(client.Call(watch)->has_snapshot());
  EXPECT_TRUE(client.Call(DryRollback(1))->has_committed());
}

TEST(Server, ReadsOneOlderGenerationAtATime) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  TestClient other(card, card.authority().User("other"));
  ASSERT_TRUE(client.In() && other.In());
  ASSERT_NO_FATAL_FAILURE(CommitThree(client));
  {
    const BusyAgent busy(card);
    ASSERT_TRUE(client.Send(ListGeneration(1)));
    ASSERT_TRUE(card.Turn([&] { return card.server().counts().answered == 1; }));
    ExpectError(other.Call(ListGeneration(2)), Code::kUnavailable, "another older generation");
    EXPECT_TRUE(other.Call(ListGeneration(3))->has_items()) << "the current one is at hand";
    ASSERT_TRUE(other.Receive()->has_list_end());
  }
  ASSERT_TRUE(client.Receive()->has_items());
  ASSERT_TRUE(client.Receive()->has_list_end());
  EXPECT_TRUE(other.Call(ListGeneration(2))->has_items());
}

// A list of about 100 KB, to a client that takes so many bytes a second. How much it got before it was hung up on, or
// `at_most`.
std::size_t ListSlowly(std::uint64_t bytes_per_s, std::size_t at_most) {
  ServerLimits limits;
  limits.times.write_stall = 2'000'000'000;
  ServedCard card(limits);
  card.BufferLittle();
  TestClient client(card, card.authority().User());
  client.BufferLittle();
  EXPECT_TRUE(client.In() && client.Call(Begin())->has_begun());
  for (int n = 0; n < 14; ++n) {
    v1::Request edit = PutFilter("f" + std::to_string(n));
    v1::RuleChunk& chunk = *edit.mutable_edit()->add_changes()->mutable_put()->mutable_rules();
    chunk.set_filter("f" + std::to_string(n));
    chunk.set_direction(v1::INBOUND);
    for (std::uint32_t i = 1; i <= 64; ++i) {
      v1::Rule& rule = *chunk.add_rules();
      rule.set_number(i);
      rule.set_action(v1::ACCEPT);
      rule.set_description(std::string(100, 'd'));
    }
    EXPECT_TRUE(client.Call(edit)->has_done());
  }
  EXPECT_TRUE(client.Call(Commit())->has_committed());
  v1::Request list;
  list.mutable_list()->set_whole(true);
  EXPECT_TRUE(client.Leave(list));
  std::size_t all = 0;
  while (all < at_most) {
    std::size_t some = 0;
    const auto took = [&] { return (some = client.Drip(4'000)) != 0 || card.server().counts().served == 0; };
    if (!card.Turn(took) || some == 0) break;
    all += some;
    card.clock().pushed_ns += some * 1'000'000'000 / bytes_per_s;
  }
  return all;
}

TEST(Server, HangsUpOnAClientThatDripsItsAnswer) {
  EXPECT_LT(ListSlowly(4'000, 80'000), 50'000U);
  EXPECT_GE(ListSlowly(12'000, 80'000), 80'000U);
}

TEST(Server, WatchesAtAnIntervalAndEndsByCount) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  v1::Request watch;
  watch.mutable_watch()->set_interval_ms(100);
  watch.mutable_watch()->set_count(2);
  watch.mutable_watch()->set_counters(true);
  watch.mutable_watch()->set_states(true);
  auto snapshot = client.Call(watch);
  ASSERT_TRUE(snapshot && snapshot->has_snapshot() && snapshot->snapshot().complete() && snapshot->more());
  EXPECT_EQ(snapshot->snapshot().interfaces_size(), 3);
  snapshot = client.Receive();
  ASSERT_TRUE(snapshot && snapshot->has_snapshot());
  EXPECT_FALSE(snapshot->more());
  EXPECT_GE(snapshot->snapshot().sequence(), 2U);
  EXPECT_TRUE(client.Call(GetInfo())->has_info());
}

TEST(Server, GivesTheHitsOfTheRulesThatHaveDecided) {
  ServedCard card;
  const CommitRequest mirror_all{.by = {.user = "ada", .role = codec::Role::kAdmin, .owner = "", .address = ""},
                                 .config = std::make_shared<const config::Config>(support::MirrorAll())};
  card.agent().Do([&] { EXPECT_TRUE(card.provisioner().Commit(mirror_all).ok()); });
  for (int i = 0; i < 3; ++i) card.ring().Put("guest", support::Ethernet().Ipv4().Udp().Build());
  card.ring().Run();
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  v1::Request watch;
  watch.mutable_watch()->set_interval_ms(100);
  watch.mutable_watch()->set_count(1);
  watch.mutable_watch()->set_hits(true);
  watch.mutable_watch()->set_filter("a*");
  const auto snapshot = client.Call(watch);
  ASSERT_TRUE(snapshot && snapshot->has_snapshot()) << snapshot->ShortDebugString();
  ASSERT_EQ(snapshot->snapshot().readings_size(), 1);
  EXPECT_EQ(snapshot->snapshot().readings(0).hits().ShortDebugString(),
            "filter: \"any\" outbound: true rules { number: 1 packets: 3 }");
}

TEST(Server, SetsTheTimeButNeverBackBeforeIt) {
  ServedCard card;
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  v1::Request set;
  set.mutable_set_time()->set_time_ns((kTestNow + 50 * kTestDay) * 1'000'000'000);
  const auto moved = client.Call(set);
  ASSERT_TRUE(moved && moved->has_time()) << moved->ShortDebugString();
  EXPECT_GE(card.clock_of_dates()->NowS(), kTestNow + 50 * kTestDay);
  set.mutable_set_time()->set_time_ns(kTestNow * 1'000'000'000);
  ExpectError(client.Call(set), Code::kFailedPrecondition, "already seen");
  set.mutable_set_time()->set_time_ns((kTestNow + 500 * kTestDay) * 1'000'000'000);
  ExpectError(client.Call(set), Code::kFailedPrecondition, "at that time the card's certificate expired 400 days ago");
  v1::Request audit;
  audit.mutable_get_audit();
  const auto records = client.Call(audit);
  ASSERT_TRUE(records && records->has_audit());
  ASSERT_EQ(records->audit().records_size(), 1);
  EXPECT_EQ(records->audit().records(0).action(), "time");
}

TEST(Server, SetsNoTimeAtWhichItsCallerWouldBeShutOut) {
  ServedCard card;
  TestClient client(card, card.authority().Issue(
                              {.common_name = "alice",
                               .use = pki::Use::kUser,
                               .uris = {"urn:heliostat:role:admin"},
                               .validity = {.not_before_s = kTestNow - kTestDay, .not_after_s = kTestNow + kTestDay}}));
  ASSERT_TRUE(client.In());
  v1::Request set;
  set.mutable_set_time()->set_time_ns((kTestNow - 3 * kTestDay) * 1'000'000'000);
  ExpectError(client.Call(set), Code::kFailedPrecondition,
              "at that time the client's certificate is not valid for another 2 days");
  set.mutable_set_time()->set_time_ns((kTestNow + 3 * kTestDay) * 1'000'000'000);
  ExpectError(client.Call(set), Code::kFailedPrecondition, "at that time the client's certificate expired 2 days ago");
  set.mutable_set_time()->set_time_ns((kTestNow - kTestDay / 2) * 1'000'000'000);
  EXPECT_TRUE(client.Call(set)->has_time()) << "neither";
}

TEST(Server, LetsItsClientsInBehindAGlitchOfTheSystemsClock) {
  ServedCard card;
  card.clock().StepTo(500 * kTestDay);  // when no certificate is valid any more
  EXPECT_TRUE(card.Turn([&] { return card.card_clock().bound_ns() != 0; }));
  card.clock().StepTo(0);
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  v1::Request set;
  set.mutable_set_time()->set_time_ns(kTestNow * 1'000'000'000);
  const auto moved = client.Call(set);
  EXPECT_TRUE(moved && moved->has_time()) << moved->ShortDebugString();
}

TEST(Server, RecordsThatTimeOrTrustCouldNotBeKept) {
  ServedCard card;
  EXPECT_TRUE(card.Turn([&] { return card.card_clock().bound_ns() != 0; }));
  TestClient client(card, card.authority().User());
  ASSERT_TRUE(client.In());
  v1::Request time;
  time.mutable_set_time()->set_time_ns((kTestNow + kTestDay) * 1'000'000'000);
  v1::Request trust;
  trust.mutable_set_trust()->set_ca(card.authority().Card().ca);
  for (const v1::Request& set : {time, trust}) {
    std::uint64_t count = 0;
    for (int i = 0; i < 2; ++i) {  // the first may have to make the log
      const std::uint64_t before = card.flash().operations();
      const auto done = client.Call(set);
      ASSERT_TRUE(done && !done->has_error()) << done->ShortDebugString();
      count = card.flash().operations() - before;
    }
    card.flash().FailAt(card.flash().operations() + count);  // the last of it
    ExpectError(client.Call(set), Code::kUnavailable, "");
    EXPECT_FALSE(client.Call(set)->has_error()) << "the next one works";
  }
  v1::Request audit;
  audit.mutable_get_audit();
  const auto records = client.Call(audit);
  ASSERT_TRUE(records && records->has_audit());
  std::vector<std::string> failed;
  for (const auto& record : records->audit().records()) {
    if (record.summary() == "failed: what was before stays") failed.push_back(record.action());
  }
  EXPECT_EQ(failed, (std::vector<std::string>{"time", "trust"}));
}

TEST(Server, TakesANewAuthorityOnlyFromWhomItLetsInAndClosesTheOthers) {
  ServedCard card;
  TestAuthority other("other authority");
  TestClient alice(card, card.authority().User("alice"));
  TestClient bob(card, card.authority().User("bob"));
  ASSERT_TRUE(alice.In() && bob.In());
  const hal::TrustBundle next = other.Card("card-1");
  v1::Request set;
  set.mutable_set_trust()->set_ca(next.ca);
  set.mutable_set_trust()->set_certificate(next.certificate);
  set.mutable_set_trust()->set_private_key(next.private_key);
  ExpectError(alice.Call(set), Code::kFailedPrecondition, "shut you out");
  EXPECT_TRUE(alice.Call(GetInfo())->has_info());
  set.mutable_set_trust()->set_allow_lockout(true);
  EXPECT_TRUE(alice.Call(set)->has_done());
  EXPECT_TRUE(alice.Closed());
  EXPECT_TRUE(bob.Closed());
  TestClient carol(card, other.User("carol"));
  EXPECT_TRUE(carol.In());
}

TEST(Server, HoldsWhoIsStillShakingHandsToTheTrustOfNow) {
  ServedCard card;
  TestClient alice(card, card.authority().User("alice"));
  TestClient bob(card, card.authority().User("bob"));
  const std::string revoked = card.authority().last_serial;
  ASSERT_TRUE(alice.In());
  bob.BeginHandshake();
  ASSERT_TRUE(card.Turn([&] { return card.server().counts().handshakes == 1; }));
  v1::Request set;
  set.mutable_set_trust()->set_crl(card.authority().RevocationList({revoked}));
  ASSERT_TRUE(alice.Call(set)->has_done());
  ASSERT_TRUE(bob.ShakeHands()) << "by the trust that it was accepted under";
  ExpectError(bob.Hello(), Code::kPermissionDenied, "the client's certificate is revoked");
  EXPECT_TRUE(bob.Closed());
  EXPECT_TRUE(alice.Call(GetInfo())->has_info());
}

// For every allocation of the I/O thread, from the request to its answer: where it fails the client gets an error or is
// hung up on. Then another can do everything.
class ServerWithoutMemory : public testing::Test {
 protected:
  ServerWithoutMemory() { EXPECT_TRUE(second_.In()); }

  template <typename Request>
  void FailEach(Request request) {
    for (std::uint64_t nth = 1; nth < 1000 && !HasFailure(); ++nth) {
      SCOPED_TRACE("allocation " + std::to_string(nth));
      TestClient first(card_, card_.authority().User("first"));
      ASSERT_TRUE(first.In());
      if (!request(first)) return;
      bool failed = false;
      {
        const support::FailingMemory memory(nth);
        const std::optional<v1::Response> answer = first.Receive();
        const support::FailingMemory::Pause pause;
        failed = memory.failed();
        EXPECT_TRUE(answer.has_value() || first.Closed()) << "neither an answer nor an end";
      }
      ExpectAlive();
      if (!failed) return;
    }
    ADD_FAILURE() << "it goes on and on";
  }
  void ExpectAlive() {
    ASSERT_TRUE(card_.Turn([&] { return second_.Call(Begin())->has_begun(); })) << "nobody can begin any more";
    v1::Request abort;
    abort.mutable_abort();
    ASSERT_TRUE(second_.Call(abort)->has_done());
    ASSERT_TRUE(second_.Call(WatchOnce())->has_snapshot());
  }
  static v1::Request WatchOnce() {
    v1::Request watch;
    watch.mutable_watch()->set_interval_ms(100);
    watch.mutable_watch()->set_count(1);
    watch.mutable_watch()->set_counters(true);
    return watch;
  }

  ServedCard card_;
  TestClient second_{card_, card_.authority().User("second")};
};

TEST_F(ServerWithoutMemory, StaysUsableWhenAnyOneAllocationOfACommitFails) {
  FailEach([](TestClient& client) {
    return client.Call(Begin())->has_begun() && client.Call(PutFilter("web"))->has_done() && client.Leave(Commit());
  });
}

TEST_F(ServerWithoutMemory, StaysUsableWhenAnyOneAllocationOfAWatchFails) {
  FailEach([](TestClient& client) { return client.Leave(WatchOnce()); });
}

TEST_F(ServerWithoutMemory, StaysUsableWhenAnyOneAllocationOfReadingThePastFails) {
  for (const char* name : {"web", "mail"}) {
    ASSERT_TRUE(second_.Call(Begin())->has_begun() && second_.Call(PutFilter(name))->has_done());
    ASSERT_TRUE(second_.Call(Commit())->has_committed());
  }
  v1::Request audit;
  audit.mutable_get_audit();
  FailEach([&](TestClient& client) { return client.Leave(audit); });
  v1::Request list;
  list.mutable_list()->set_generation(1);
  FailEach([&](TestClient& client) { return client.Leave(list); });
}

}  // namespace
}  // namespace heliostat::control
