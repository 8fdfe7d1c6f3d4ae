#include <iostream>
#include <string>
#include <vector>

#include "client/kvm/tool/armstate_kvm.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(armstate::RunArmstateKvm(arguments, std::cout, std::cerr));
}
