#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/armstate.h"
#include "google/protobuf/stubs/logging.h"

int main(int argc, char** argv) {
  // A reader that ends early (`armstate show web-1 | head`) is an error of the output, not the death of the program.
  std::signal(SIGPIPE, SIG_IGN);
  // Of text that is not UTF-8 it would tell in words for programmers; the server's answer names the field.
  google::protobuf::SetLogHandler(nullptr);
  std::ios::sync_with_stdio(false);
  const char* const no_color = std::getenv("NO_COLOR");
  const bool colors = no_color == nullptr || *no_color == '\0';  // https://no-color.org
  const armstate::Terminal terminal{std::cout, std::cerr, colors && isatty(STDOUT_FILENO) != 0,
                                    colors && isatty(STDERR_FILENO) != 0};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(armstate::RunArmstate(arguments, terminal));
}
