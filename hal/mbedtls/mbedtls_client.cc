#include "mbedtls/mbedtls_client.h"

#include "mbedtls/channel.h"
#include "mbedtls/credentials.h"

namespace heliostat::hal::mbedtls {

Result<std::unique_ptr<SecureChannel>> OpenClient(std::unique_ptr<ByteStream> stream, const TrustBundle& bundle,
                                                  const std::string& server_name, CertificateClock* clock) {
  // Without a name any certificate of the authority would do: another card's, or a colleague's.
  if (server_name.empty() || server_name.size() > MBEDTLS_SSL_MAX_HOST_NAME_LEN ||
      server_name.find('\0') != std::string::npos) {
    return Status(Code::kInvalidArgument, "server_name", "must be 1 to 255 characters",
                  "give the name in the card's certificate");
  }
  const Result<std::shared_ptr<const Credentials>> loaded = Credentials::Load(bundle, Side::kClient, clock);
  if (!loaded.ok()) return loaded.status();
  return std::unique_ptr<SecureChannel>(std::make_unique<Channel>(std::move(stream), *loaded, server_name));
}

}  // namespace heliostat::hal::mbedtls
