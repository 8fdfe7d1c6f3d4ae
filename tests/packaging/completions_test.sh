#!/usr/bin/env bash
# What bash completes, by packaging/completions.py; and the same made for zsh and fish, which need not be here to be read.
set -euo pipefail
folder=$(mktemp -d "$TEST_TMPDIR/completions.XXXXXX")
packaging/completions.py client/cli/armstate "$folder"
. "$folder/armstate.bash"

completes() {  # EXPECTED WORD... (the last one is being typed)
  local expected=$1
  shift
  COMP_WORDS=(armstate "$@") COMP_CWORD=$#
  _armstate
  [ "${COMPREPLY[*]}" = "$expected" ] || { echo "armstate $*: ${COMPREPLY[*]} instead of $expected" >&2; exit 1; }
}
completes "push" pus
completes "create" host cr
completes "--help --host" validate web-1 --h
completes "--probe --profile" host create rack-1 --pr
completes "show" profile sh
grep -q "'create:Make a host known" "$folder/_armstate" || { echo "zsh: no description of host create" >&2; exit 1; }
grep -q -- "-a create -d 'Make a host known" "$folder/armstate.fish" || { echo "fish: no host create" >&2; exit 1; }
