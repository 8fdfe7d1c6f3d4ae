#!/usr/bin/env bash
# The scripts, targets, subcommands and options in the documents exist.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
root=$(dirname "$(readlink -f WORKSPACE)")
mkdir "$TEST_TMPDIR/programs"
ln -s "$PWD/server/armstated" "$PWD/client/cli/armstate" "$PWD/client/kvm/tool/armstate-kvm" "$TEST_TMPDIR/programs"
exec python3 tests/docs/commands.py --programs "$TEST_TMPDIR/programs" --root "$root"
