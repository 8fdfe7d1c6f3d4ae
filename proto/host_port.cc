#include "proto/host_port.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace armstate {
namespace {

bool IsAddress(int family, absl::string_view text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

// The address may name an interface: "fe80::1%eth0".
bool IsIpv6(absl::string_view text) { return IsAddress(AF_INET6, text.substr(0, text.find('%'))); }

bool IsName(absl::string_view host) {
  const bool has_name_characters = std::all_of(
      host.begin(), host.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_'; });
  if (host.empty() || host.size() > 253 || !has_name_characters || !absl::ascii_isalnum(host.front())) return false;
  // A name that looks like a number must be a valid address: "127.0.0.1.1" and "1234" are not names.
  const absl::string_view last = host.substr(host.rfind('.') + 1);
  const bool is_number = std::all_of(last.begin(), last.end(), absl::ascii_isdigit);
  return !is_number || IsAddress(AF_INET, host);
}

absl::Status Wrong(absl::string_view address, absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat("\"", address, "\" is no address: ", problem));
}

}  // namespace

std::string HostPort::ToString() const {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

bool HostPort::IsLoopback() const {
  return host == "localhost" || host == "::1" || (absl::StartsWith(host, "127.") && IsAddress(AF_INET, host));
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address, int default_port) {
  if (IsIpv6(address)) return HostPort{std::string(address), default_port};
  absl::string_view host = address;
  absl::string_view rest;
  if (absl::ConsumePrefix(&host, "[")) {
    const size_t end = host.find(']');
    if (end == host.npos || !IsIpv6(host.substr(0, end)))
      return Wrong(address, "only an IPv6 address can be in brackets");
    rest = host.substr(end + 1);
    host = host.substr(0, end);
  } else {
    host = address.substr(0, address.find(':'));
    rest = address.substr(host.size());
    if (!IsName(host)) return Wrong(address, "it begins with the name or IP address of a host");
  }
  HostPort parsed{std::string(host), default_port};
  if (rest.empty()) return parsed;
  const bool is_number = absl::ConsumePrefix(&rest, ":") && !rest.empty() && rest.size() <= 5 &&
                         std::all_of(rest.begin(), rest.end(), absl::ascii_isdigit);
  if (!is_number || !absl::SimpleAtoi(rest, &parsed.port) || parsed.port > 65535) {
    return Wrong(address, "a port is a number from 0 to 65535");
  }
  return parsed;
}

}  // namespace armstate
