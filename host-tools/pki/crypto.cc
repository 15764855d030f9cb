#include "pki/crypto.h"

#include <mbedtls/error.h>
#include <mbedtls/sha256.h>

#include <algorithm>
#include <ctime>

namespace heliostat::pki {

Status CryptoError(Code code, std::string subject, std::string_view reason, int error, std::string fix) {
  char words[160];
  mbedtls_strerror(error, words, sizeof words);
  return Status(code, std::move(subject), std::string(reason) + ": " + words, std::move(fix));
}

std::array<unsigned char, 32> Sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  mbedtls_sha256_ret(Bytes(bytes), bytes.size(), digest.data(), 0);  // can't fail in software
  return digest;
}

std::string Hexadecimal(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::uint64_t SecondsOf(const mbedtls_x509_time& time) {
  std::tm parts{};
  parts.tm_year = time.year - 1900;
  parts.tm_mon = time.mon - 1;
  parts.tm_mday = time.day;
  parts.tm_hour = time.hour;
  parts.tm_min = time.min;
  parts.tm_sec = time.sec;
  return static_cast<std::uint64_t>(std::max<std::time_t>(0, timegm(&parts)));
}

Status Random::Seed() {
  const int error = mbedtls_ctr_drbg_seed(generator_.get(), mbedtls_entropy_func, entropy_.get(), nullptr, 0);
  if (error == 0) return OkStatus();
  return CryptoError(Code::kUnavailable, "random numbers", "the system gives none", error,
                     "see that /dev/urandom can be read");
}

}  // namespace heliostat::pki
