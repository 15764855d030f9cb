// pcap files byte by byte, written apart from the code under test.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace heliostat::support {

using Bytes = std::vector<std::uint8_t>;

inline void PutWord(std::uint32_t word, bool big_endian, Bytes* out) {
  for (unsigned i = 0; i < 4; ++i) out->push_back(static_cast<std::uint8_t>(word >> (8 * (big_endian ? 3 - i : i))));
}

inline Bytes PcapHeader(std::uint32_t magic = 0xa1b2c3d4, bool big_endian = false, std::uint32_t link_type = 1) {
  Bytes bytes;
  PutWord(magic, big_endian, &bytes);
  PutWord(big_endian ? 0x00020004 : 0x00040002, big_endian, &bytes);
  for (const std::uint32_t word : {0U, 0U, 262144U, link_type}) PutWord(word, big_endian, &bytes);
  return bytes;
}

// `missing` bytes were there when it was captured, and are not in the file.
inline Bytes PcapRecord(const Bytes& frame, bool big_endian = false, std::uint32_t missing = 0) {
  Bytes bytes;
  const auto length = static_cast<std::uint32_t>(frame.size());
  for (const std::uint32_t word : {1U, 2U, length, length + missing}) PutWord(word, big_endian, &bytes);
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

struct TempFolder {
  TempFolder() { (void)mkdtemp(path.data()); }
  ~TempFolder() { std::filesystem::remove_all(path); }
  void Append(const std::string& name, const Bytes& bytes) const {
    std::ofstream(path + "/" + name, std::ios::binary | std::ios::app)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  std::string path = "/tmp/heliostat-capture-XXXXXX";
};

}  // namespace heliostat::support
