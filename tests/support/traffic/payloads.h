// What the generated conversations say: well-formed messages of the protocols that a dissector knows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/address.h"
#include "support/traffic/frames.h"

namespace heliostat::traffic {

// mt19937_64 gives the same numbers everywhere; the distributions of the standard library do not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // Uniform in [first, last].
  std::uint64_t Between(std::uint64_t first, std::uint64_t last) { return first + engine_() % (last - first + 1); }
  std::uint32_t Word() { return static_cast<std::uint32_t>(engine_() >> 32); }
  Bytes Noise(std::size_t size);

 private:
  std::mt19937_64 engine_;
};

Bytes HttpRequest(std::string_view host, std::string_view path);
Bytes HttpResponse(Random& random, std::size_t body_bytes);

Bytes TlsClientHello(Random& random, std::string_view server_name);
Bytes TlsServerHello(Random& random);                        // with ChangeCipherSpec, as TLS 1.3 sends it
Bytes TlsApplicationData(Random& random, std::size_t size);  // as many records as that needs

Bytes SshBanner(std::string_view software);
Bytes SshKeyExchange(Random& random);
Bytes SshNewKeys();

// `address` decides between A and AAAA; the response carries it.
Bytes DnsQuery(std::uint16_t id, std::string_view name, IpFamily family);
Bytes DnsResponse(std::uint16_t id, std::string_view name, const IpAddress& address);

Bytes NtpMessage(Random& random, bool server);

}  // namespace heliostat::traffic
