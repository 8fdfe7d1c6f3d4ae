#!/usr/bin/env bash
# The commands in README.md and docs/ print what stands there.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
mkdir "$TEST_TMPDIR/programs"
ln -s "$PWD/server/armstated" "$PWD/client/armstate" "$TEST_TMPDIR/programs"
exec python3 tests/docs/sessions.py --programs "$TEST_TMPDIR/programs"
