#include "server/rpc/open_calls.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "grpc/grpc.h"
#include "grpc/support/alloc.h"

namespace armstate {
namespace {

constexpr absl::string_view kTransport = "chttp2 ";  // begins the name of a socket

using Json = std::unique_ptr<char, decltype(&gpr_free)>;

// Returns the value of the next string member of this name, and removes all until then from `json`; "" if there is
// none. gRPC writes JSON without spaces, with numbers in strings, and none of the values is a client's.
absl::string_view NextValue(absl::string_view name, absl::string_view& json) {
  const std::string begin = absl::StrCat("\"", name, "\":\"");
  const size_t at = json.find(begin);
  if (at == absl::string_view::npos) return "";
  json.remove_prefix(at + begin.size());
  const absl::string_view value = json.substr(0, json.find('"'));
  json.remove_prefix(value.size());
  return value;
}

// 0 if the number is not there: gRPC omits zeros.
int64_t NextNumber(absl::string_view name, absl::string_view& json) {
  int64_t number = 0;
  return absl::SimpleAtoi(NextValue(name, json), &number) ? number : 0;
}

int64_t NumberIn(absl::string_view json, absl::string_view name) { return NextNumber(name, json); }

}  // namespace

void OpenCalls::FindNew() {
  const int64_t newest = newest_;
  const Json servers(grpc_channelz_get_servers(0), &gpr_free);
  absl::string_view rest = servers == nullptr ? "" : servers.get();
  while (const int64_t server = NextNumber("serverId", rest)) FindNew(server);
  newest_before_ = newest;
}

void OpenCalls::FindNew(int64_t server) {
  int64_t first = newest_before_ + 1;
  while (true) {
    const Json sockets(grpc_channelz_get_server_sockets(server, first, 0), &gpr_free);
    absl::string_view rest = sockets == nullptr ? "" : sockets.get();
    const bool is_end = NumberIn(rest, "socketId") == 0;
    if (is_end) return;
    while (true) {
      absl::string_view name = NextValue("name", rest);
      const int64_t number = NextNumber("socketId", rest);
      if (number == 0) break;
      first = number + 1;
      newest_ = std::max(newest_, number);
      if (absl::ConsumePrefix(&name, kTransport)) sockets_[std::string(name)] = number;
    }
  }
}

OpenCalls::Calls OpenCalls::Of(const std::string& connection) {
  const auto socket = sockets_.find(connection);
  if (socket == sockets_.end()) return {};
  const Json json(grpc_channelz_get_socket(socket->second), &gpr_free);
  const absl::string_view all = json == nullptr ? "" : json.get();
  const int64_t reset = NumberIn(all, "streamsFailed");
  return {NumberIn(all, "streamsStarted") - NumberIn(all, "streamsSucceeded") - reset, reset};
}

}  // namespace armstate
