// What the card sends, taken apart by libprotobuf.
#pragma once

#include <control.pb.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "codec/control.h"

namespace heliostat::codec {

// Whole frames, each of at most kMaxFrameBytes.
inline std::vector<v1::Response> Responses(std::string_view bytes) {
  std::vector<v1::Response> responses;
  while (bytes.size() >= kFrameHeaderBytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kFrameHeaderBytes; ++i) length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
    EXPECT_LE(length, kMaxFrameBytes);
    bytes.remove_prefix(kFrameHeaderBytes);
    if (length > bytes.size()) break;
    EXPECT_TRUE(responses.emplace_back().ParseFromArray(bytes.data(), static_cast<int>(length)));
    bytes.remove_prefix(length);
  }
  EXPECT_TRUE(bytes.empty());
  return responses;
}

inline v1::Response OnlyResponse(std::string_view bytes) {
  const std::vector<v1::Response> responses = Responses(bytes);
  EXPECT_EQ(responses.size(), 1U);
  return responses.empty() ? v1::Response() : responses[0];
}

}  // namespace heliostat::codec
