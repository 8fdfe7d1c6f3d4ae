#!/usr/bin/env bash
# The command lines in README.md, CONTRIBUTING.md and docs/ exist, with their options.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
root=$(dirname "$(readlink -f WORKSPACE)")
mkdir "$TEST_TMPDIR/programs"
ln -s "$PWD/server/armstated" "$PWD/client/armstate" "$PWD/client/kvm/armstate-kvm" "$TEST_TMPDIR/programs"
exec python3 tests/docs/commands.py --programs "$TEST_TMPDIR/programs" --root "$root"
