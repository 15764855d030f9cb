// What real switches sent: a template made of their fields must give their bytes, but where the definition of a copy
// differs on purpose (IPv4 identification and DF; En; P and FT).
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "unit/encap/copies.h"

namespace heliostat::encap {
namespace {

constexpr std::size_t kGre = 34;
constexpr std::size_t kErspan = 42;

std::vector<Bytes> FramesOf(const std::string& path) {
  std::vector<Bytes> frames;
  char error[PCAP_ERRBUF_SIZE];
  pcap_t* capture = pcap_open_offline(path.c_str(), error);
  if (capture == nullptr) return frames;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  while (pcap_next_ex(capture, &header, &bytes) == 1) frames.emplace_back(bytes, bytes + header->caplen);
  pcap_close(capture);
  return frames;
}

std::uint32_t Load(const Bytes& frame, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | frame[at + i];
  return value;
}

// GRE of `type` over untagged IPv4 without options, with or without sequence.
bool IsErspan(const Bytes& frame, std::uint32_t flags, std::uint32_t type) {
  return frame.size() > kErspan + 12 && Load(frame, 12, 2) == 0x0800 && frame[14] == 0x45 && frame[23] == 47 &&
         Load(frame, kGre, 2) == flags && Load(frame, kGre + 2, 2) == type;
}

TemplateSpec SpecFrom(const Bytes& frame, Kind kind) {
  TemplateSpec spec;
  spec.kind = kind;
  std::memcpy(spec.destination_mac.bytes.data(), frame.data(), 6);
  std::memcpy(spec.source_mac.bytes.data(), frame.data() + 6, 6);
  spec.dscp = frame[15] >> 2;
  spec.ttl = frame[22];
  spec.source.family = spec.destination.family = IpFamily::kIpv4;
  std::memcpy(spec.source.bytes.data(), frame.data() + 26, 4);
  std::memcpy(spec.destination.bytes.data(), frame.data() + 30, 4);
  if (kind == Kind::kErspan1) return spec;
  spec.tunnel_id = Load(frame, kErspan, 4) & 0x3ff;
  if (kind == Kind::kErspan2) spec.interface_number = Load(frame, kErspan + 4, 4) & 0xfffff;
  if (kind == Kind::kErspan3) spec.hardware_id = static_cast<std::uint8_t>(Load(frame, kErspan + 8, 4) >> 4 & 0x3f);
  if (kind == Kind::kErspan3) spec.egress = (frame[kErspan + 11] & 0x08) != 0;
  return spec;
}

CopyInfo InfoFrom(const Bytes& frame, const Template& t) {
  CopyInfo copy;
  copy.inner_bytes = static_cast<std::uint16_t>(Load(frame, 16, 2) - t.IpOverhead());
  copy.original_bytes = copy.inner_bytes;
  if (t.kind == Kind::kErspan1) return copy;
  const std::uint32_t word = Load(frame, kErspan, 4);
  copy.sequence = Load(frame, kGre + 4, 4);
  copy.tagged = true;
  copy.tci = static_cast<std::uint16_t>((word & 0xe000) | (word >> 16 & 0xfff));
  if ((word & 0x400) != 0) ++copy.original_bytes;
  if (t.kind == Kind::kErspan3) copy.time_ns = std::uint64_t{Load(frame, kErspan + 4, 4)} * 100'000;
  return copy;
}

void Forget(Bytes& frame, std::size_t at, std::uint8_t mask = 0xff) {
  if (at < frame.size()) frame[at] &= static_cast<std::uint8_t>(~mask);
}

// Clears what differs on purpose.
void ForgetDifferences(Bytes& header, Kind kind) {
  for (std::size_t at = 18; at < 22; ++at) Forget(header, at);     // identification, flags
  Forget(header, 24), Forget(header, 25);                          // so the checksum too
  if (kind == Kind::kErspan2) Forget(header, kErspan + 2, 0x18);   // En: switches strip the tag, a copy keeps it
  if (kind == Kind::kErspan3) Forget(header, kErspan + 2, 0x18);   // BSO
  if (kind == Kind::kErspan3) Forget(header, kErspan + 10, 0xfc);  // P and FT
}

void ExpectSameLayout(const std::string& name, Kind kind, std::uint32_t gre_flags, std::uint32_t gre_type) {
  const char* folder = std::getenv("HELIOSTAT_CAPTURES");
  if (folder == nullptr) GTEST_SKIP() << "HELIOSTAT_CAPTURES is unset";
  std::size_t compared = 0;
  for (const Bytes& frame : FramesOf(std::string(folder) + "/" + name)) {
    if (!IsErspan(frame, gre_flags, gre_type)) continue;
    const Template t = BuildTemplate(SpecFrom(frame, kind)).value();
    Bytes header(t.length);
    Write(t, InfoFrom(frame, t), header.data());
    Bytes real(frame.begin(), frame.begin() + t.length);
    ForgetDifferences(header, kind);
    ForgetDifferences(real, kind);
    EXPECT_EQ(Hex(header), Hex(real)) << name << " frame " << compared;
    ++compared;
  }
  EXPECT_GT(compared, 0U) << name;
}

TEST(RealSwitch, SendsErspan1AsWeDo) {
  ExpectSameLayout("erspan1-huawei.pcap", Kind::kErspan1, 0, 0x88be);
  ExpectSameLayout("erspan1-h3c-arp.pcap", Kind::kErspan1, 0, 0x88be);
  ExpectSameLayout("erspan1-h3c-mixed.pcap", Kind::kErspan1, 0, 0x88be);
}

TEST(RealSwitch, SendsErspan2AsWeDo) {
  ExpectSameLayout("erspan2-huawei-pim.pcap", Kind::kErspan2, 0x1000, 0x88be);
  ExpectSameLayout("erspan2-cisco-stp.pcap", Kind::kErspan2, 0x1000, 0x88be);
  ExpectSameLayout("erspan2-two-sessions.pcap", Kind::kErspan2, 0x1000, 0x88be);
  ExpectSameLayout("erspan2-http-anonymised.pcap", Kind::kErspan2, 0x1000, 0x88be);
}

TEST(RealSwitch, SendsErspan3AsWeDo) { ExpectSameLayout("erspan3-cisco-ft7.pcap", Kind::kErspan3, 0x1000, 0x22eb); }

}  // namespace
}  // namespace heliostat::encap
