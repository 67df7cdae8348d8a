// Fixed keys for tests: the secret keys of RFC 8032 section 7.1.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "verify/sign/key.h"

namespace pg::verify {

inline std::string from_hex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

inline constexpr std::string_view kSeeds[] = {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                              "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                              "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"};

inline PrivateKey test_key(std::size_t index) {
  auto key = PrivateKey::from_raw_ed25519(from_hex(kSeeds[index]));
  EXPECT_TRUE(key);
  return *std::move(key);
}

}  // namespace pg::verify
