// `NumberFrom` checks numbers on the command line. CLI11's own messages name the largest double, in 309 digits.
#ifndef ARMSTATE_CLIENT_CLI_COMMANDS_NUMBER_CHECKS_H_
#define ARMSTATE_CLIENT_CLI_COMMANDS_NUMBER_CHECKS_H_

#include <cstdint>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace armstate {

inline CLI::Validator NumberFrom(int64_t least) {
  const auto check = [least](const std::string& text) -> std::string {
    int64_t number = 0;
    if (absl::SimpleAtoi(text, &number) && number >= least) return "";
    return absl::StrCat(text, " is not a number from ", least, " on");
  };
  return CLI::Validator(check, "");
}

}  // namespace armstate

#endif  // ARMSTATE_CLIENT_CLI_COMMANDS_NUMBER_CHECKS_H_
