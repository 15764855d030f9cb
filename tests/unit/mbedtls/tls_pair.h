// A server and whoever connects to it, over a pair of sockets.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "linux/sockets.h"
#include "mbedtls/mbedtls_client.h"
#include "mbedtls/mbedtls_server.h"
#include "support/tls_ends.h"

namespace heliostat::hal::mbedtls {

class TlsPair : public testing::Test {
 protected:
  void Serve(const TrustBundle& bundle) {
    Result<std::unique_ptr<SecureServer>> opened = OpenServer(bundle, &clock_);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    server_ = std::move(opened).value();
  }

  // Connects `client` to the server and lets both shake hands.
  Handshakes Meet(const TrustBundle& client, const std::string& name = "card-1") {
    auto [near, far] = linux_os::ConnectedPair().value();
    auto accepted = server_->Accept(std::move(near));
    EXPECT_TRUE(accepted.ok());
    server_end_ = std::move(accepted).value();
    auto opened = OpenClient(std::move(far), client, name, &clock_);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    client_end_ = std::move(opened).value();
    return ShakeHands(server_end_, client_end_);
  }

  void ExpectAccepted(const TrustBundle& client) {
    const Handshakes ended = Meet(client);
    EXPECT_EQ(ended.server.outcome, Transfer::Outcome::kBytes) << ended.server.error.ToString();
    EXPECT_EQ(ended.client.outcome, Transfer::Outcome::kBytes) << ended.client.error.ToString();
  }

  SetClock clock_;
  TestAuthority authority_;
  TrustBundle card_ = authority_.Card();
  std::unique_ptr<SecureServer> server_;
  std::unique_ptr<SecureChannel> server_end_;
  std::unique_ptr<SecureChannel> client_end_;
};

}  // namespace heliostat::hal::mbedtls
