// What a packet costs on the real Worker over real DPDK ports, beside what nobody can do better in the same run:
// receive and send, and receive + copy + send, without a line of the product. README.md says how to read it.
#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "bench/bench_card.h"
#include "dpdk/eal.h"

namespace heliostat::bench {
namespace {

using config::Encapsulation;
using support::Bytes;

constexpr std::size_t kFlows = 512;
constexpr std::size_t kPass = Ports::kFramesAPass;
constexpr unsigned kPasses = 3;  // of which the last is timed
// What both encapsulations put in front over IPv4: 14 + 20 + 8 + 8 (VXLAN) and 14 + 20 + 8 + 8 (GRE, ERSPAN II).
constexpr std::uint16_t kHeaderBytes = 50;
constexpr std::uint32_t kHeadBytes = 14;

struct Options {
  std::size_t rounds = 300;
  std::uint64_t seed = 1;
  std::vector<std::size_t> sizes{64, 512, 1500};
  std::vector<std::size_t> rules{10, 1000, 10'000};
  std::string json;
};

const char* Name(Encapsulation encapsulation) { return encapsulation == Encapsulation::kVxlan ? "vxlan" : "erspan2"; }

// --- The floors: no product code ------------------------------------------------------------------------------------

void CopyBytes(const datapath::CopyPools& pools, hal::Packet** originals, hal::Packet** copies, std::uint16_t count) {
  if (!hal::AllocateBurst(pools.data, copies, count)) Fail("no buffers for the ceiling");
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto bytes = static_cast<std::uint16_t>(hal::Length(originals[i]));
    std::uint8_t* out = hal::SetLength(copies[i], static_cast<std::uint16_t>(kHeaderBytes + bytes));
    std::memcpy(out + kHeaderBytes, hal::Start(originals[i]).data(), bytes);
  }
}

// A header's mbuf before a reference to the original's memory: what is cheaper for long frames.
void Attach(const datapath::CopyPools& pools, hal::Packet** originals, hal::Packet** copies, std::uint16_t count) {
  std::array<hal::Packet*, hal::kBurst> clones;
  if (!hal::AllocateBurst(pools.data, copies, count) || !hal::AllocateBurst(pools.clones, clones.data(), count)) {
    Fail("no buffers for the ceiling");
  }
  for (std::uint16_t i = 0; i < count; ++i) {
    std::uint8_t* out = hal::SetLength(copies[i], kHeaderBytes + kHeadBytes);
    std::memcpy(out + kHeaderBytes, hal::Start(originals[i]).data(), kHeadBytes);
    hal::AttachBehind(copies[i], &clones[i], originals[i], kHeadBytes, hal::Length(originals[i]) - kHeadBytes);
  }
}

// True when kPass frames have arrived and all was sent.
bool Floor(Ports& ports, bool copy) {
  const std::uint16_t guest = ports.guest().ethdev_id();
  const std::uint16_t wire = ports.wire().ethdev_id();
  const std::uint16_t analyser = ports.analyser().ethdev_id();
  const bool chains = ports.analyser().info().multi_segment_send;
  std::array<hal::Packet*, hal::kBurst> originals;
  std::array<hal::Packet*, hal::kBurst> copies;
  std::size_t received = 0;
  while (received < kPass) {
    const std::uint16_t count = rte_eth_rx_burst(guest, 0, originals.data(), hal::kBurst);
    if (count == 0) return false;
    received += count;
    if (copy) {
      const bool attach = chains && hal::Length(originals[0]) > datapath::kCopyBytes;
      (attach ? Attach : CopyBytes)(ports.copies(), originals.data(), copies.data(), count);
    }
    if (rte_eth_tx_burst(wire, 0, originals.data(), count) != count) return false;
    if (copy && rte_eth_tx_burst(analyser, 0, copies.data(), count) != count) return false;
  }
  return received == kPass;
}

// --- Samples --------------------------------------------------------------------------------------------------------

class Samples {
 public:
  void Add(double cycles) { values_.push_back(cycles); }
  [[nodiscard]] const std::vector<double>& values() const { return values_; }
  [[nodiscard]] double Median() const { return Middle(values_); }
  // The median distance from the median: noise that an interruption now and then does not move.
  [[nodiscard]] double Noise() const {
    const double median = Median();
    std::vector<double> distances;
    for (const double value : values_) distances.push_back(value > median ? value - median : median - value);
    return Middle(distances);
  }
  [[nodiscard]] double Lowest() const { return *std::min_element(values_.begin(), values_.end()); }
  // Of the rounds' own ratios: what slows the whole machine slows both.
  [[nodiscard]] double RatioTo(const Samples& other) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < values_.size(); ++i) ratios.push_back(values_[i] / other.values_[i]);
    return Middle(ratios);
  }

 private:
  static double Middle(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
  }
  std::vector<double> values_;
};

// Runs several times and times the last: caches and predictors have met these tables.
Samples& Measure(Samples& samples, const std::function<void()>& load, const std::function<bool()>& run) {
  std::uint64_t cycles = 0;
  for (unsigned pass = 0; pass < kPasses; ++pass) {
    load();
    const std::uint64_t start = rte_rdtsc_precise();
    const bool ran = run();
    cycles = rte_rdtsc_precise() - start;
    if (!ran) Fail("frames were lost");
  }
  samples.Add(static_cast<double>(cycles) / kPass);
  return samples;
}

enum class Traffic : std::uint8_t { kAllMatch, kAllMatchNewFlows, kNoneMatch, kNoSession };

const char* Name(Traffic traffic) {
  switch (traffic) {
    case Traffic::kAllMatch: return "all match";
    case Traffic::kAllMatchNewFlows: return "all match, new flows";
    case Traffic::kNoneMatch: return "none match";
    case Traffic::kNoSession: return "no session";
  }
  return "";
}

bool IsMirrored(Traffic traffic) { return traffic == Traffic::kAllMatch || traffic == Traffic::kAllMatchNewFlows; }

struct Row {
  std::size_t bytes = 0;
  Encapsulation encapsulation = Encapsulation::kVxlan;
  std::size_t rules = 0;
  Traffic traffic = Traffic::kAllMatch;
  std::vector<Bytes> frames{};
  Card* card = nullptr;
  Samples samples{};
};

// The floors of one frame size, and the rows that are measured beside them.
struct Group {
  std::size_t bytes = 0;
  std::vector<Bytes> frames;
  Samples bare;
  Samples ceiling;
  std::vector<Row> rows;
};

std::uint64_t SentBy(hal::dpdk::EthdevPort& port) {
  rte_eth_stats stats{};
  if (rte_eth_stats_get(port.ethdev_id(), &stats) != 0) Fail("a port does not count");
  return stats.opackets;
}

// Every frame forwarded; every frame matched and copied, or none: by the ledger and by the ports' own counters.
void MeasureRow(Ports& ports, Row& row, const std::function<void()>& load) {
  const datapath::EntryCounts before = row.card->Ledger();
  const std::uint64_t forwarded = row.card->Forwarded();
  const std::uint64_t wire = SentBy(ports.wire());
  const std::uint64_t analyser = SentBy(ports.analyser());
  Measure(row.samples, load, [&row] { return row.card->Run(kPass); });
  const datapath::EntryCounts after = row.card->Ledger();
  const std::uint64_t frames = kPasses * kPass;
  const std::uint64_t copies = IsMirrored(row.traffic) ? frames : 0;
  const auto grew = [&](datapath::Column column) { return after[column].packets - before[column].packets; };
  if (!after.Balances() || grew(datapath::Column::kMatched) != copies || grew(datapath::Column::kSent) != copies ||
      row.card->Forwarded() - forwarded != frames || SentBy(ports.wire()) - wire != frames ||
      SentBy(ports.analyser()) - analyser != copies) {
    Fail("of " + std::to_string(frames) + " frames " + std::to_string(grew(datapath::Column::kMatched)) +
         " matched and " + std::to_string(grew(datapath::Column::kSent)) + " copies were sent; wanted " +
         std::to_string(copies));
  }
}

// One round: each floor and each row once, so that what the machine does besides falls on all alike.
void MeasureRound(Ports& ports, Group& group, bool refill) {
  const auto load = [&ports, refill](const std::vector<Bytes>& frames, bool new_flows) {
    return [&ports, &frames, new_flows, refill] {
      if (refill) ports.Load(frames, new_flows);
    };
  };
  Measure(group.bare, load(group.frames, false), [&ports] { return Floor(ports, false); });
  Measure(group.ceiling, load(group.frames, false), [&ports] { return Floor(ports, true); });
  for (Row& row : group.rows) MeasureRow(ports, row, load(row.frames, row.traffic == Traffic::kAllMatchNewFlows));
}

// --- Cards, frames, groups ------------------------------------------------------------------------------------------

std::vector<Bytes> FramesOf(const std::vector<Flow>& flows, std::size_t bytes) {
  std::vector<Bytes> frames;
  for (const Flow& flow : flows) frames.push_back(FrameOf(flow, bytes));
  return frames;
}

struct RuleSet {
  std::vector<config::Rule> rules;
  std::vector<Flow> matching;
  std::vector<Flow> missing;
  double mean_depth = 0;
};

RuleSet MakeRuleSet(std::size_t count, std::uint64_t seed) {
  RuleSet set;
  set.rules = MakeRules(count, seed);
  set.matching = FlowsThatMatch(set.rules, kFlows, seed + 1);
  set.missing = FlowsThatMiss(set.rules, kFlows, seed + 2);
  for (const Flow& flow : set.matching) set.mean_depth += static_cast<double>(FirstMatch(set.rules, flow) + 1) / kFlows;
  return set;
}

class Suite {
 public:
  explicit Suite(Options options) : options_(std::move(options)) {
    for (const std::size_t count : options_.rules) rule_sets_[count] = MakeRuleSet(count, options_.seed);
  }

  void Run() {
    chains_ = ports_.analyser().info().multi_segment_send;
    for (const std::size_t count : options_.rules) {
      for (const Encapsulation encapsulation : {Encapsulation::kVxlan, Encapsulation::kErspan2}) {
        cards_[{count, encapsulation}] = std::make_unique<Card>(ports_, encapsulation, rule_sets_.at(count).rules);
      }
    }
    for (const std::size_t bytes : options_.sizes) {
      Group& group = groups_.emplace_back(MakeGroup(bytes));
      for (std::size_t round = 0; round < options_.rounds; ++round) MeasureRound(ports_, group, true);
    }
    if (ports_.BuffersInUse() != 0) Fail("buffers leak");
    RunFromCapture();
  }

  void Print() const;
  void WriteJson() const;

 private:
  Group MakeGroup(std::size_t bytes) {
    Group group;
    group.bytes = bytes;
    group.frames = FramesOf(rule_sets_.begin()->second.matching, bytes);
    for (const Encapsulation encapsulation : {Encapsulation::kVxlan, Encapsulation::kErspan2}) {
      for (const Traffic traffic : {Traffic::kAllMatch, Traffic::kAllMatchNewFlows, Traffic::kNoneMatch}) {
        for (const auto& [count, set] : rule_sets_) {
          Row row{.bytes = bytes, .encapsulation = encapsulation, .rules = count, .traffic = traffic};
          row.frames = FramesOf(traffic == Traffic::kNoneMatch ? set.missing : set.matching, bytes);
          row.card = cards_.at({count, encapsulation}).get();
          group.rows.push_back(std::move(row));
        }
      }
    }
    return group;
  }

  // The comparison that others have published: a capture of 512 flows, read by net_pcap over and over.
  void RunFromCapture() {
    const RuleSet& set = rule_sets_.begin()->second;
    capture_.bytes = options_.sizes.front();
    const std::vector<Bytes> frames = FramesOf(set.matching, capture_.bytes);
    const auto file =
        std::filesystem::temp_directory_path() / ("heliostat-bench-" + std::to_string(getpid()) + ".pcap");
    WriteCapture(file, frames);
    Ports ports("capture", file.string());
    std::filesystem::remove(file);
    Card carries(ports, Encapsulation::kVxlan, {});
    Card vxlan(ports, Encapsulation::kVxlan, set.rules);
    Card erspan(ports, Encapsulation::kErspan2, set.rules);
    const Row row{.bytes = capture_.bytes, .rules = set.rules.size()};
    capture_.rows = {row, row, row};
    capture_.rows[0].traffic = Traffic::kNoSession;
    capture_.rows[0].card = &carries;
    capture_.rows[1].card = &vxlan;
    capture_.rows[2].card = &erspan;
    capture_.rows[2].encapsulation = Encapsulation::kErspan2;
    for (std::size_t round = 0; round < options_.rounds; ++round) MeasureRound(ports, capture_, false);
  }

  static void WriteCapture(const std::filesystem::path& file, const std::vector<Bytes>& frames) {
    std::ofstream out(file, std::ios::binary);
    const auto word = [&out](std::uint32_t value) { out.write(reinterpret_cast<const char*>(&value), sizeof value); };
    for (const std::uint32_t value : {0xa1b2c3d4U, 0x00040002U, 0U, 0U, 65535U, 1U}) word(value);
    for (const Bytes& frame : frames) {
      const auto bytes = static_cast<std::uint32_t>(frame.size());
      for (const std::uint32_t value : {0U, 0U, bytes, bytes}) word(value);
      out.write(reinterpret_cast<const char*>(frame.data()), static_cast<std::streamsize>(frame.size()));
    }
    if (!out.flush()) Fail("can't write " + file.string());
  }

  Options options_;
  std::map<std::size_t, RuleSet> rule_sets_;
  Ports ports_;
  bool chains_ = false;  // the port of copies takes references to originals
  std::map<std::pair<std::size_t, Encapsulation>, std::unique_ptr<Card>> cards_;
  std::vector<Group> groups_;
  Group capture_;
};

// --- Results --------------------------------------------------------------------------------------------------------

// The row's fewest rules: what growth is measured from.
const Row& FewestRules(const Group& group, const Row& row) {
  return *std::find_if(group.rows.begin(), group.rows.end(), [&row](const Row& other) {
    return other.encapsulation == row.encapsulation && other.traffic == row.traffic;
  });
}

const Samples& FloorOf(const Group& group, const Row& row) {
  return IsMirrored(row.traffic) ? group.ceiling : group.bare;
}

void PrintFloor(std::size_t bytes, const char* what, const Samples& samples) {
  std::printf("%5zu  %-30s %12s %8.1f %6.1f %8.1f\n", bytes, what, "", samples.Median(), samples.Noise(),
              samples.Lowest());
}

void PrintRow(const Group& group, const Row& row, const std::string& what) {
  const Samples& samples = row.samples;
  std::printf("%5zu  %-30s %6zu rules %8.1f %6.1f %8.1f %10.2f %8.2f\n", row.bytes, what.c_str(), row.rules,
              samples.Median(), samples.Noise(), samples.Lowest(), samples.RatioTo(FloorOf(group, row)),
              samples.RatioTo(FewestRules(group, row).samples));
}

void Suite::Print() const {
  std::printf("cycles of the time-stamp counter a packet; %zu rounds of %zu frames of %zu flows, seed %llu\n",
              options_.rounds, kPass, kFlows, static_cast<unsigned long long>(options_.seed));
  for (const auto& [count, set] : rule_sets_) {
    std::printf("%5zu rules: first match at rule %.0f on average\n", count, set.mean_depth);
  }
  std::printf("copies above %u bytes are %s\n", datapath::kCopyBytes, chains_ ? "references" : "of bytes, too");
  std::printf("\nframes from memory (net_ring)\n%5s  %-30s %12s %8s %6s %8s %10s %8s\n", "bytes", "what", "", "median",
              "+-", "least", "x floor", "growth");
  for (const Group& group : groups_) {
    PrintFloor(group.bytes, "receive, send", group.bare);
    PrintFloor(group.bytes, "receive, copy, send", group.ceiling);
    for (const Row& row : group.rows) {
      PrintRow(group, row, std::string(Name(row.encapsulation)) + ", " + Name(row.traffic));
    }
  }
  std::printf("\nframes from a capture file (net_pcap, infinite_rx)\n");
  PrintFloor(capture_.bytes, "receive, send", capture_.bare);
  PrintFloor(capture_.bytes, "receive, copy, send", capture_.ceiling);
  for (const Row& row : capture_.rows) {
    const bool mirrors = row.traffic != Traffic::kNoSession;
    const std::string what = mirrors ? std::string("forward, copy ") + Name(row.encapsulation) : "forward, no session";
    PrintRow(capture_, row, what);
  }
}

nlohmann::json Json(const Samples& samples) {
  return {{"median", samples.Median()}, {"noise", samples.Noise()}, {"least", samples.Lowest()}};
}

nlohmann::json Json(const Group& group) {
  nlohmann::json rows = nlohmann::json::array();
  for (const Row& row : group.rows) {
    const bool mirrors = row.traffic != Traffic::kNoSession;
    rows.push_back({{"encapsulation", mirrors ? Name(row.encapsulation) : "none"},
                    {"rules", mirrors ? row.rules : 0},
                    {"traffic", Name(row.traffic)},
                    {"cycles", Json(row.samples)},
                    {"ratio_to_floor", row.samples.RatioTo(FloorOf(group, row))},
                    {"growth", row.samples.RatioTo(FewestRules(group, row).samples)}});
  }
  return {{"frame_bytes", group.bytes},
          {"receive_send_cycles", Json(group.bare)},
          {"receive_copy_send_cycles", Json(group.ceiling)},
          {"rows", rows}};
}

void Suite::WriteJson() const {
  nlohmann::json groups = nlohmann::json::array();
  for (const Group& group : groups_) groups.push_back(Json(group));
  nlohmann::json rule_sets = nlohmann::json::array();
  for (const auto& [count, set] : rule_sets_)
    rule_sets.push_back({{"rules", count}, {"mean_first_match", set.mean_depth}});
  const nlohmann::json all = {{"rounds", options_.rounds}, {"seed", options_.seed}, {"tsc_hz", rte_get_tsc_hz()},
                              {"rule_sets", rule_sets},    {"memory", groups},      {"capture", Json(capture_)}};
  std::ofstream out(options_.json);
  out << all.dump(2) << '\n';
  if (!out.flush()) Fail("can't write " + options_.json);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Cycles a packet of the datapath, beside the floor measured in the same run");
  app.add_option("--rounds", options.rounds, "of every row; 2 check results and measure nothing")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--sizes", options.sizes, "of frames, bytes")->delimiter(',')->check(CLI::Range(64, 1500));
  app.add_option("--rules", options.rules, "of the filter")->delimiter(',')->check(CLI::Range(10, 10'000));
  app.add_option("--seed", options.seed, "of rules and flows");
  app.add_option("--json", options.json, "file for the results");
  CLI11_PARSE(app, argc, argv);
  auto eal = hal::dpdk::Eal::Start(
      {.lcores = "0@(0-" + std::to_string(sysconf(_SC_NPROCESSORS_ONLN) - 1) + ")", .memory_mib = 192});
  if (!eal.ok()) Fail(eal.status().ToString());
  Suite suite(options);
  suite.Run();
  suite.Print();
  if (!options.json.empty()) suite.WriteJson();
  return 0;
}

}  // namespace
}  // namespace heliostat::bench

int main(int argc, char** argv) { return heliostat::bench::Main(argc, argv); }
