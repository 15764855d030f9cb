#include "support/traffic/payloads.h"

#include <algorithm>

namespace heliostat::traffic {
namespace {

// A length field of `kBytes` in front of what is appended between construction and destruction. Give it a block of its
// own: it must be gone before the buffer is returned.
template <int kBytes>
class LengthPrefix {
 public:
  explicit LengthPrefix(Bytes& out) : out_(out), start_(out.size() + kBytes) { out.resize(start_); }
  ~LengthPrefix() {
    std::size_t length = out_.size() - start_;
    for (int i = 1; i <= kBytes; ++i, length >>= 8) {
      out_[start_ - static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(length);
    }
  }
  LengthPrefix(const LengthPrefix&) = delete;
  LengthPrefix& operator=(const LengthPrefix&) = delete;

 private:
  Bytes& out_;
  std::size_t start_;
};

void AppendTlsExtension(Bytes& out, unsigned type, std::span<const std::uint8_t> body) {
  Append16(out, type);
  Append16(out, static_cast<unsigned>(body.size()));
  AppendBytes(out, body);
}

void AppendServerName(Bytes& out, std::string_view name) {
  Bytes body;
  {
    LengthPrefix<2> list(body);
    Append8(body, 0);  // host_name
    LengthPrefix<2> entry(body);
    AppendText(body, name);
  }
  AppendTlsExtension(out, 0, body);
}

void AppendDnsName(Bytes& out, std::string_view name) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    Append8(out, static_cast<unsigned>(label.size()));
    AppendText(out, label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  Append8(out, 0);
}

constexpr unsigned kTypeA = 1;
constexpr unsigned kTypeAaaa = 28;
constexpr unsigned kClassIn = 1;

Bytes DnsMessage(std::uint16_t id, unsigned flags, unsigned answers, std::string_view name, unsigned type) {
  Bytes out;
  Append16(out, id);
  Append16(out, flags);
  Append16(out, 1);
  Append16(out, answers);
  Append32(out, 0);
  AppendDnsName(out, name);
  Append16(out, type);
  Append16(out, kClassIn);
  return out;
}

// RFC 4253 section 6: packet length, padding length, payload, padding to a multiple of 8.
Bytes SshPacket(std::span<const std::uint8_t> payload) {
  std::size_t padding = 8 - (5 + payload.size()) % 8;
  if (padding < 4) padding += 8;
  Bytes out;
  Append32(out, static_cast<std::uint32_t>(1 + payload.size() + padding));
  Append8(out, static_cast<unsigned>(padding));
  AppendBytes(out, payload);
  out.resize(out.size() + padding);
  return out;
}

}  // namespace

Bytes Random::Noise(std::size_t size) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(engine_() >> 56);
  return out;
}

Bytes HttpRequest(std::string_view host, std::string_view path) {
  Bytes out;
  AppendText(out, "GET ");
  AppendText(out, path);
  AppendText(out, " HTTP/1.1\r\nHost: ");
  AppendText(out, host);
  AppendText(out, "\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n");
  return out;
}

Bytes HttpResponse(Random& random, std::size_t body_bytes) {
  Bytes out;
  AppendText(out, "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/plain\r\nContent-Length: ");
  AppendText(out, std::to_string(body_bytes));
  AppendText(out, "\r\nConnection: keep-alive\r\n\r\n");
  constexpr std::string_view kLetters = "etaoin shrdlu etaoin cmfwyp etaoin vbgkqj\n";
  for (std::size_t i = 0; i < body_bytes; ++i) {
    out.push_back(static_cast<std::uint8_t>(kLetters[random.Between(0, kLetters.size() - 1)]));
  }
  return out;
}

Bytes TlsClientHello(Random& random, std::string_view server_name) {
  Bytes out{0x16, 0x03, 0x01};
  {
    LengthPrefix<2> record(out);
    Append8(out, 1);  // client_hello
    LengthPrefix<3> handshake(out);
    Append16(out, 0x0303);
    AppendBytes(out, random.Noise(32));
    Append8(out, 32);
    AppendBytes(out, random.Noise(32));
    AppendBytes(out, Bytes{0x00, 0x06, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03});  // cipher suites of TLS 1.3
    AppendBytes(out, Bytes{0x01, 0x00});                                      // no compression
    LengthPrefix<2> extensions(out);
    AppendServerName(out, server_name);
    AppendTlsExtension(out, 10, Bytes{0x00, 0x02, 0x00, 0x1d});  // x25519
    AppendTlsExtension(out, 13, Bytes{0x00, 0x02, 0x04, 0x03});  // ecdsa_secp256r1_sha256
    AppendTlsExtension(out, 43, Bytes{0x02, 0x03, 0x04});        // TLS 1.3
    Bytes key_share{0x00, 0x24, 0x00, 0x1d, 0x00, 0x20};
    AppendBytes(key_share, random.Noise(32));
    AppendTlsExtension(out, 51, key_share);
  }
  return out;
}

Bytes TlsServerHello(Random& random) {
  Bytes out{0x16, 0x03, 0x03};
  {
    LengthPrefix<2> record(out);
    Append8(out, 2);  // server_hello
    LengthPrefix<3> handshake(out);
    Append16(out, 0x0303);
    AppendBytes(out, random.Noise(32));
    Append8(out, 32);
    AppendBytes(out, random.Noise(32));
    Append16(out, 0x1301);
    Append8(out, 0);
    LengthPrefix<2> extensions(out);
    AppendTlsExtension(out, 43, Bytes{0x03, 0x04});
    Bytes key_share{0x00, 0x1d, 0x00, 0x20};
    AppendBytes(key_share, random.Noise(32));
    AppendTlsExtension(out, 51, key_share);
  }
  AppendBytes(out, Bytes{0x14, 0x03, 0x03, 0x00, 0x01, 0x01});
  return out;
}

Bytes TlsApplicationData(Random& random, std::size_t size) {
  constexpr std::size_t kLargestRecord = 16384;
  Bytes out;
  while (size > 0) {
    const std::size_t record = std::min(size, kLargestRecord);
    AppendBytes(out, Bytes{0x17, 0x03, 0x03});
    Append16(out, static_cast<unsigned>(record));
    AppendBytes(out, random.Noise(record));
    size -= record;
  }
  return out;
}

Bytes SshBanner(std::string_view software) {
  Bytes out;
  AppendText(out, "SSH-2.0-");
  AppendText(out, software);
  AppendText(out, "\r\n");
  return out;
}

Bytes SshKeyExchange(Random& random) {
  constexpr std::string_view kNameLists[] = {"curve25519-sha256",
                                             "ssh-ed25519",
                                             "aes128-gcm@openssh.com",
                                             "aes128-gcm@openssh.com",
                                             "hmac-sha2-256",
                                             "hmac-sha2-256",
                                             "none",
                                             "none",
                                             "",
                                             ""};
  Bytes payload;
  Append8(payload, 20);  // SSH_MSG_KEXINIT
  AppendBytes(payload, random.Noise(16));
  for (std::string_view names : kNameLists) {
    Append32(payload, static_cast<std::uint32_t>(names.size()));
    AppendText(payload, names);
  }
  Append8(payload, 0);
  Append32(payload, 0);
  return SshPacket(payload);
}

Bytes SshNewKeys() { return SshPacket(Bytes{21}); }

Bytes DnsQuery(std::uint16_t id, std::string_view name, IpFamily family) {
  return DnsMessage(id, 0x0100, 0, name, family == IpFamily::kIpv4 ? kTypeA : kTypeAaaa);
}

Bytes DnsResponse(std::uint16_t id, std::string_view name, const IpAddress& address) {
  const unsigned type = address.family == IpFamily::kIpv4 ? kTypeA : kTypeAaaa;
  Bytes out = DnsMessage(id, 0x8180, 1, name, type);
  Append16(out, 0xc00c);  // the name of the question
  Append16(out, type);
  Append16(out, kClassIn);
  Append32(out, 300);
  Append16(out, address.Bits() / 8);
  AppendBytes(out, {address.bytes.data(), address.Bits() / 8});
  return out;
}

Bytes NtpMessage(Random& random, bool server) {
  Bytes out{static_cast<std::uint8_t>(server ? 0x24 : 0x23), static_cast<std::uint8_t>(server ? 2 : 0), 6, 0xec};
  Append32(out, 0x00000a00);
  Append32(out, 0x00000b00);
  AppendBytes(out, server ? Bytes{192, 0, 2, 123} : Bytes{0, 0, 0, 0});
  for (int stamp = 0; stamp < 4; ++stamp) {
    Append32(out, 0xe8fb0000U + static_cast<std::uint32_t>(stamp));
    Append32(out, random.Word());
  }
  return out;
}

}  // namespace heliostat::traffic
