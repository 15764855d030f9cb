#include "helioctl/yaml/tunnel_ids.h"

#include <fmt/format.h>

#include "helioctl/yaml/locate.h"
#include "helioctl/yaml/yaml_writer.h"

namespace heliostat::helioctl {

void CheckTunnelIds(const std::vector<Resource>& resources, const config::Config& config,
                    std::vector<Problem>& problems) {
  for (const Resource& resource : resources) {
    if (resource.kind != config::Kind::kSession) continue;
    const auto& session = resource.units.front().session();
    const config::Encapsulation tunnel = TunnelOf(config, session.target());
    if (tunnel == config::Encapsulation::kNone) continue;  // the card says what is wrong with it
    const bool erspan = IsErspan(tunnel);
    const std::string_view wrong = erspan ? "vni" : "sessionId";
    if (!SpecHas(resource, wrong)) continue;
    const auto located = Locate(resources, fmt::format("session \"{}\" {}", resource.name, wrong));
    if (!located) continue;
    problems.push_back({located->place, Status(Code::kInvalidArgument, located->subject,
                                               erspan ? "the target's encapsulation is ERSPAN"
                                                      : "the target's encapsulation is not ERSPAN",
                                               erspan ? "write sessionId, 0..1023" : "write vni")});
  }
}

}  // namespace heliostat::helioctl
