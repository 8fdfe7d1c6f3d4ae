#include "proto/host_port.h"

#include <string>

#include "gtest/gtest.h"

namespace armstate {
namespace {

TEST(HostPortTest, WhatUsersWrite) {
  const struct {
    const char* address;
    const char* means;
    bool is_loopback;
  } kCases[] = {
      {"127.0.0.1:7443", "127.0.0.1:7443", true},
      {"127.0.0.1", "127.0.0.1:7443", true},
      {"127.0.0.2:0", "127.0.0.2:0", true},
      {"localhost", "localhost:7443", true},
      {"0.0.0.0:65535", "0.0.0.0:65535", false},
      {"armstate.example:443", "armstate.example:443", false},
      {"127.example", "127.example:7443", false},
      {"rack1-n17", "rack1-n17:7443", false},
      {"node_7", "node_7:7443", false},
      {"::1", "[::1]:7443", true},
      {"[::1]", "[::1]:7443", true},
      {"[::1]:80", "[::1]:80", true},
      {"[::]:80", "[::]:80", false},
      {"[fe80::1%eth0]:80", "[fe80::1%eth0]:80", false},
      // Without brackets all of it is the address.
      {"fe80::7443", "[fe80::7443]:7443", false},
  };
  for (const auto& test : kCases) {
    const absl::StatusOr<HostPort> parsed = ParseHostPort(test.address);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->ToString(), test.means);
    EXPECT_EQ(parsed->IsLoopback(), test.is_loopback) << test.address;
  }
}

TEST(HostPortTest, NonsenseIsRefused) {
  for (const std::string address : {"",
                                    ":",
                                    ":7443",
                                    "127.0.0.1:",
                                    "127.0.0.1:99999",
                                    "127.0.0.1:65536",
                                    "127.0.0.1:-1",
                                    "127.0.0.1:+1",
                                    "127.0.0.1:7443x",
                                    "127.0.0.1: 7443",
                                    "127.0.0.1:http",
                                    "127.0.0.1:7443:1",
                                    "127.0.0.256",
                                    "127.0.0",
                                    "7443",
                                    "a b",
                                    "a/b:1",
                                    "http://localhost:7443",
                                    "-a",
                                    "[",
                                    "[]",
                                    "[::1",
                                    "[::1]x",
                                    "[::1]7443",
                                    "[127.0.0.1]:1",
                                    "::1:::7443",
                                    "host:000080"}) {
    const absl::Status status = ParseHostPort(address).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_NE(status.message().find("\"" + address + "\""), absl::string_view::npos) << status;
  }
  EXPECT_FALSE(ParseHostPort(absl::string_view("localhost\0.x", 12)).ok());
  EXPECT_FALSE(ParseHostPort(std::string(300, 'a')).ok());
}

}  // namespace
}  // namespace armstate
