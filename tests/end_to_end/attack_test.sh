#!/usr/bin/env bash
# A few seconds of those attacks of scripts/attack that do not need long. The p99 of so few calls is that of the worst ten: answers may be slower
# than that script lets pass, but not without end.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
scripts/attack --built . --dir "$TEST_TMPDIR" --quiet_seconds 2 --seconds 3 --p99_times 100 \
  garbage hostile-texts wrong-flags lost-log replaced-folder damaged-values idle-connections watchers headers-only full-streams
