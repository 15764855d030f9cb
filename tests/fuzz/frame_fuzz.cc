// A connection's bytes, cut anywhere: the frames are those of a reading at one go, and no more memory is taken than has
// arrived. The first byte seeds the cuts.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

#include "control/frame_reader.h"

namespace heliostat::control {

using Frames = std::vector<std::vector<std::uint8_t>>;

// What a naive reader makes of the stream.
static Frames Expected(std::span<const std::uint8_t> stream) {
  Frames frames;
  while (stream.size() >= 4) {
    const std::size_t length = std::size_t{stream[0]} << 24 | std::size_t{stream[1]} << 16 |
                               std::size_t{stream[2]} << 8 | std::size_t{stream[3]};
    stream = stream.subspan(4);
    if (length == 0 || length > codec::kMaxFrameBytes || length > stream.size()) break;
    frames.emplace_back(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(length));
    stream = stream.subspan(length);
  }
  return frames;
}

static void Fuzz(std::span<const std::uint8_t> input) {
  if (input.empty()) return;
  std::minstd_rand random(input[0] + 1U);
  std::span<const std::uint8_t> stream = input.subspan(1);
  const Frames expected = Expected(stream);
  Frames frames;
  FrameReader reader;
  while (!stream.empty()) {
    const std::span<std::uint8_t> room = reader.Room();
    if (room.empty()) std::abort();
    const std::size_t piece = std::min({room.size(), stream.size(), std::size_t{1} + random() % 64});
    std::copy_n(stream.begin(), piece, room.begin());
    stream = stream.subspan(piece);
    if (!reader.Took(piece).ok()) break;
    if (!reader.whole()) continue;
    frames.emplace_back(reader.frame().begin(), reader.frame().end());
    reader.Next();
  }
  if (frames != expected) std::abort();
}

}  // namespace heliostat::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heliostat::control::Fuzz({data, size});
  return 0;
}
