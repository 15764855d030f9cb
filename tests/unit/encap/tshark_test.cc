// Copies of every kind in a capture file, decoded by tshark: another reader of the same drafts must find in them what
// was put in, with right checksums and nothing malformed.
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "unit/encap/copies.h"

namespace heliostat::encap {
namespace {

using support::Ethernet;

struct PipeCloser {
  void operator()(FILE* pipe) const { pclose(pipe); }
};

std::vector<std::string> LinesOf(const std::string& command) {
  const std::unique_ptr<FILE, PipeCloser> pipe(popen(command.c_str(), "r"));
  std::string text;
  std::array<char, 4096> part{};
  while (pipe && std::fgets(part.data(), part.size(), pipe.get()) != nullptr) text += part.data();
  std::vector<std::string> lines;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

bool HasTshark() { return !LinesOf("command -v tshark").empty(); }

// A capture file in a folder of its own, gone with the object.
class CaptureFile {
 public:
  CaptureFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "heliostat-encap-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    pcap_ = pcap_open_dead(DLT_EN10MB, 65535);
    dumper_ = pcap_dump_open(pcap_, path().c_str());
  }
  ~CaptureFile() {
    Close();
    std::filesystem::remove_all(folder_);
  }
  CaptureFile(const CaptureFile&) = delete;
  CaptureFile& operator=(const CaptureFile&) = delete;

  void Add(const Bytes& frame) {
    pcap_pkthdr header{};
    header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper_), &header, frame.data());
  }
  void Close() {
    if (dumper_ != nullptr) pcap_dump_close(dumper_), pcap_close(pcap_);
    dumper_ = nullptr;
  }
  [[nodiscard]] std::string path() const { return folder_ + "/copies.pcap"; }

 private:
  std::string folder_;
  pcap_t* pcap_ = nullptr;
  pcap_dumper_t* dumper_ = nullptr;
};

using Fields = std::map<std::string, std::string>;  // the first occurrence of each: the outer one

struct Row {
  std::string name;
  Bytes frame;
  Fields expected;
};

Fields TunnelFields(const TemplateSpec& spec, const CopyInfo& copy) {
  const bool cut = copy.inner_bytes < copy.original_bytes;
  const std::string vlan = copy.tagged ? "100" : "0";
  const std::string cos = copy.tagged ? "3" : "0";
  switch (spec.kind) {
    case Kind::kVxlan: return {{"vxlan.vni", "1193046"}, {"udp.dstport", "4789"}, {"udp.srcport", "57073"}};
    case Kind::kGeneve:
      return {{"geneve.vni", "0x123456"},
              {"geneve.option.class", "0xff48"},
              {"geneve.option.type", "0x01"},
              {"geneve.option.unknown.data",
               std::string("0bcd") + (cut ? "c000" : "8000") + "0000fedc" +
                   (cut ? "000005ea" : Hex(Bytes{0, 0, 0, static_cast<std::uint8_t>(copy.inner_bytes)})) +
                   "17a1b2c3d4e5f607"},
              {"udp.dstport", "6081"}};
    case Kind::kErspan1: return {{"gre.proto", "0x88be"}, {"gre.sequence_number", ""}, {"erspan.version", ""}};
    case Kind::kErspan2:
      return {{"gre.sequence_number", "16909060"},
              {"erspan.version", "1"},
              {"erspan.spanid", "682"},
              {"erspan.vlan", vlan},
              {"erspan.cos", cos},
              {"erspan.encap", copy.tagged ? "3" : "0"},
              {"erspan.truncated", cut ? "1" : "0"},
              {"erspan.index", "703710"}};
    default: {
      Fields fields = {{"gre.sequence_number", "16909060"},
                       {"erspan.version", "2"},
                       {"erspan.spanid", "682"},
                       {"erspan.vlan", vlan},
                       {"erspan.cos", cos},
                       {"erspan.bso", "0"},
                       {"erspan.truncated", cut ? "1" : "0"},
                       {"erspan.p", "1"},
                       {"erspan.ft", "0"},
                       {"erspan.hw", "42"},
                       {"erspan.direction", "1"},
                       {"erspan.sgt", "0"}};
      if (spec.platform_subheader) {
        fields.insert({{"erspan.timestamp", "3571840519"},
                       {"erspan.gra", "2"},
                       {"erspan.o", "1"},
                       {"erspan.platid", "3"},
                       {"erspan.pid3.timestamp", "396473027"},
                       {"erspan.pid3.port_index", "15582"}});
      } else {
        fields.insert({{"erspan.timestamp", "3136521485"}, {"erspan.gra", "0"}, {"erspan.o", "0"}});
      }
      return fields;
    }
  }
}

Fields OuterFields(const TemplateSpec& spec, bool ipv6) {
  Fields fields = {{"eth.src", "02:aa:00:00:00:01"}};
  if (spec.vlan_id) fields.insert({{"vlan.id", "200"}, {"vlan.priority", "0"}});
  if (ipv6) {
    fields.insert({{"ipv6.src", "2001:db8:1::1"},
                   {"ipv6.dst", "2001:db8:2::2"},
                   {"ipv6.hlim", "17"},
                   {"ipv6.tclass.dscp", "10"},
                   {"ipv6.flow", "0x09abcd"}});
    const bool udp = spec.kind == Kind::kVxlan || spec.kind == Kind::kGeneve;
    if (udp) fields.insert({"udp.checksum.status", "1"});
  } else {
    fields.insert({{"ip.src", "192.0.2.1"},
                   {"ip.dst", "198.51.100.2"},
                   {"ip.ttl", "17"},
                   {"ip.dsfield.dscp", "10"},
                   {"ip.flags.df", "1"},
                   {"ip.id", "0x0000"},
                   {"ip.checksum.status", "1"}});
  }
  return fields;
}

// Every kind, family and outer tag around one frame.
std::vector<Row> RowsAround(const Bytes& inner, bool tagged, bool cut) {
  std::vector<Row> rows;
  const std::pair<Kind, bool> kinds[] = {{Kind::kVxlan, false},   {Kind::kGeneve, false},  {Kind::kErspan1, false},
                                         {Kind::kErspan2, false}, {Kind::kErspan3, false}, {Kind::kErspan3, true}};
  for (const auto& [kind, subheader] : kinds) {
    for (int variant = 0; variant < 4; ++variant) {
      const bool ipv6 = variant % 2 == 1;
      const TemplateSpec spec = SpecOf(kind, ipv6, variant >= 2, subheader);
      CopyInfo copy = InfoOf(inner);
      copy.tagged = tagged;
      copy.tci = tagged ? 0x6064 : 0;
      if (cut) copy.original_bytes = 1514;
      Fields expected = TunnelFields(spec, copy);
      expected.merge(OuterFields(spec, ipv6));
      rows.push_back({"kind " + std::to_string(static_cast<int>(kind)) + " variant " + std::to_string(variant),
                      CopyOf(spec, inner, copy), expected});
    }
  }
  return rows;
}

std::vector<Fields> Decode(const CaptureFile& file, const std::vector<std::string>& names) {
  std::string command = "tshark -r " + file.path() + " -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE" +
                        " -o tcp.check_checksum:TRUE -T fields -E occurrence=f -E separator='|'";
  for (const std::string& name : names) command += " -e " + name;
  std::vector<Fields> decoded;
  for (const std::string& line : LinesOf(command + " 2>/dev/null")) {
    Fields fields;
    std::size_t start = 0;
    for (const std::string& name : names) {
      const std::size_t end = std::min(line.find('|', start), line.size());
      fields[name] = line.substr(start, end - start);
      start = std::min(end + 1, line.size());
    }
    decoded.push_back(fields);
  }
  return decoded;
}

void ExpectDecoded(const std::vector<Row>& rows) {
  CaptureFile file;
  std::vector<std::string> names;
  for (const Row& row : rows) {
    file.Add(row.frame);
    for (const auto& [name, value] : row.expected) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  file.Close();
  const std::vector<Fields> decoded = Decode(file, names);
  ASSERT_EQ(decoded.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [name, value] : rows[i].expected) {
      EXPECT_EQ(decoded[i].at(name), value) << rows[i].name << " " << name << " in " << Hex(rows[i].frame);
    }
  }
}

// Frames that tshark complains of, outer or inner.
void ExpectNoComplaint(const std::vector<Row>& rows) {
  CaptureFile file;
  for (const Row& row : rows) file.Add(row.frame);
  file.Close();
  const auto lines = LinesOf("tshark -r " + file.path() +
                             " -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE"
                             " -Y '_ws.malformed or _ws.expert.severity >= 0x600000 or ip.checksum.status == 0 or"
                             " udp.checksum.status == 0 or tcp.checksum.status == 0 or icmpv6.checksum.status == 0'"
                             " -T fields -e frame.number -e _ws.expert.message 2>/dev/null");
  for (const std::string& line : lines) ADD_FAILURE() << "frame " << line;
}

struct Inner {
  Bytes frame;
  bool tagged;
};

std::vector<Inner> Inners() {
  return {{Ethernet().Arp().PadTo(60).Build(), false},
          {TaggedFrame(), true},
          {Ethernet().Ipv6().Tcp({.destination_port = 9999}).Payload(31).Build(), false},
          {Ethernet().Vlan(100, 3).Ipv6().Icmpv6().Payload(8).Build(), true}};
}

TEST(Tshark, FindsEveryFieldOfWholeCopies) {
  if (!HasTshark()) GTEST_SKIP() << "no tshark here";
  std::vector<Row> rows;
  for (const Inner& inner : Inners()) {
    for (Row& row : RowsAround(inner.frame, inner.tagged, false)) rows.push_back(std::move(row));
  }
  ExpectDecoded(rows);
  ExpectNoComplaint(rows);
}

TEST(Tshark, FindsTheMarkOfCutCopies) {
  if (!HasTshark()) GTEST_SKIP() << "no tshark here";
  const Bytes frame = Ethernet().Vlan(100, 3).Ipv4().Udp({.destination_port = 9999}).Payload(1468).Build();
  ASSERT_EQ(frame.size(), 1514U);
  ExpectDecoded(RowsAround(support::Cut(frame, 100), true, true));
}

TEST(Tshark, FindsTheInnerFrame) {
  if (!HasTshark()) GTEST_SKIP() << "no tshark here";
  std::vector<Row> rows = RowsAround(TaggedFrame(), true, false);
  CaptureFile file;
  for (const Row& row : rows) file.Add(row.frame);
  file.Close();
  const auto lines = LinesOf("tshark -r " + file.path() + " -T fields -E occurrence=l -e eth.src -e vlan.id" +
                             " -e ip.src -e udp.dstport -e frame.protocols 2>/dev/null");
  ASSERT_EQ(lines.size(), rows.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].substr(0, lines[i].rfind('\t')), "02:00:00:00:00:01\t100\t10.0.0.1\t9999") << rows[i].name;
  }
}

TEST(Tshark, FindsThePlainCopyUnderItsTag) {
  if (!HasTshark()) GTEST_SKIP() << "no tshark here";
  TemplateSpec spec;
  spec.kind = Kind::kVlan;
  spec.vlan_id = 200;
  const Bytes inner = TaggedFrame();
  const Row row{"vlan", CopyOf(spec, inner, InfoOf(inner)), {{"vlan.id", "200"}, {"ip.src", "10.0.0.1"}}};
  ExpectDecoded({row});
  ExpectNoComplaint({row});
}

}  // namespace
}  // namespace heliostat::encap
