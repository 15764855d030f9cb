#include "pki/crypto.h"

#include <mbedtls/error.h>

#include <utility>

namespace heliostat::pki {

Status CryptoError(Code code, std::string subject, std::string_view reason, int error, std::string fix) {
  char words[160];
  mbedtls_strerror(error, words, sizeof words);
  return Status(code, std::move(subject), std::string(reason) + ": " + words, std::move(fix));
}

}  // namespace heliostat::pki
