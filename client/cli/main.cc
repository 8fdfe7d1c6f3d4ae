#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/armstate.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"

int main(int argc, char** argv) {
  // If the reader of a pipe exits early (`armstate show web-1 | head`), a write fails instead of killing the program.
  std::signal(SIGPIPE, SIG_IGN);
  // protobuf would log text that is not UTF-8 in programmers' terms; the server's error names the field.
  google::protobuf::SetLogHandler(nullptr);
  // So would gRPC; its errors are in the status of the call.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
  std::ios::sync_with_stdio(false);
  const char* const no_color = std::getenv("NO_COLOR");
  const bool colors = no_color == nullptr || *no_color == '\0';  // https://no-color.org
  const armstate::Terminal terminal{std::cout, std::cerr, colors && isatty(STDOUT_FILENO) != 0,
                                    colors && isatty(STDERR_FILENO) != 0};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(armstate::RunArmstate(arguments, terminal));
}
