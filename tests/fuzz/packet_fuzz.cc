// Any frame -> FlowKey: nothing outside the frame is read, a longer start gives the same key, and both directions'
// hash is one.
#include <cstdlib>
#include <vector>

#include "packet/parse.h"

namespace heliostat::packet {

static void Fuzz(std::span<const std::uint8_t> input) {
  // Of just that size, so that a read behind it shows.
  const std::vector<std::uint8_t> frame(input.begin(), input.end());
  const FlowKey key = Parse(frame);
  if (SymmetricHash(key) != SymmetricHash(Parse(frame))) std::abort();
  if (frame.size() <= kMaxParseBytes) return;
  const FlowKey start = Parse(std::span(frame).first(kMaxParseBytes));
  if (SymmetricHash(start) != SymmetricHash(key)) std::abort();
}

}  // namespace heliostat::packet

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heliostat::packet::Fuzz({data, size});
  return 0;
}
