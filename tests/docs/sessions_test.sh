#!/usr/bin/env bash
# The commands of the documents print what the documents show.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
mkdir "$TEST_TMPDIR/programs"
ln -s "$PWD/server/armstated" "$PWD/client/cli/armstate" "$TEST_TMPDIR/programs"
exec python3 tests/docs/sessions.py --programs "$TEST_TMPDIR/programs"
