#!/usr/bin/env bash
# All mutexes are of one dialect, which clang can check: docs/decisions/0025-one-mutex-dialect.md.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
foreign='std::(recursive_|timed_|shared_)*mutex|std::condition_variable|std::(lock_guard|unique_lock|scoped_lock|shared_lock)'
foreign+='|# *include <(mutex|shared_mutex|condition_variable)>'
if grep -rnE --include='*.h' --include='*.cc' "$foreign" core proto storage server client; then
  echo "use absl::Mutex and ABSL_GUARDED_BY: clang checks those, see docs/decisions/0025-one-mutex-dialect.md"
  exit 1
fi
