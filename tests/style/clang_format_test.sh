#!/usr/bin/env bash
# All C++ sources are as clang-format writes them.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
find core proto storage server client tests -name '*.h' -o -name '*.cc' | xargs clang-format-14 --dry-run --Werror
