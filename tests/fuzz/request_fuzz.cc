// A frame's bytes -> a request, and the changes of an edit applied to a configuration: an error that says why, or a
// configuration to which changes lead from the one before.
#include "codec/control.h"
#include "fuzz/config_properties.h"

namespace heliostat::codec {

// With every kind of resource, and names that inputs know: see seeds.
static config::Config Base() {
  config::Config config;
  config.interfaces = {{.name = "i", .owner = "o"}};
  config.underlays = {{.interface = "w", .mtu = 1500}};
  config.targets = {{.metadata = {.name = "g"}, .group = true, .members = {"t"}},
                    {.metadata = {.name = "t"}, .remote = *IpAddress::Parse("10.0.0.1")}};
  config.filters = {{.metadata = {.name = "f"}}};
  for (std::uint16_t number = 1; number <= 20; ++number) config.filters[0].inbound.push_back({.number = number});
  config.sessions = {{.metadata = {.name = "s"}, .number = 1, .sources = {"a", "b"}, .filter = "f", .target = "t"}};
  return config;
}

static void Apply(const Edit& edit) {
  static const config::Config base = Base();
  ConfigEditor editor(base, SmallLimits());
  ChangeReader reader(edit);
  Status status;
  for (std::span<const std::uint8_t> change; status.ok() && reader.Next(&change);) status = editor.Apply(change);
  const Result<config::Config> edited = editor.Finish();
  if (!status.ok()) {
    if (status.subject().empty() || status.reason().empty() || edited.ok()) std::abort();
    std::string out;
    AppendError(1, status, 1, &out);
    return;
  }
  if (!edited.ok()) return;
  CheckChanges(base, *edited);
  CheckChanges(*edited, base);
}

static void Fuzz(std::span<const std::uint8_t> input) {
  std::uint64_t id = 0;
  const Result<Request> request = DecodeRequest(input, &id);
  if (!request.ok()) {
    if (request.status().reason().empty() || request.status().subject().empty()) std::abort();
    return;
  }
  if (request->id != id) std::abort();
  if (const Edit* edit = std::get_if<Edit>(&request->call)) Apply(*edit);
}

}  // namespace heliostat::codec

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  heliostat::codec::Fuzz({data, size});
  return 0;
}
