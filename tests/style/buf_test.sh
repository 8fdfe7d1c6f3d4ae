#!/usr/bin/env bash
# The .proto files follow buf's standard rules, but for those that proto/buf.yaml excepts.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
buf=third_party/npm/node_modules/.bin/buf
[ -x "$buf" ] || { echo "buf is not here: run scripts/setup, which installs it by npm (third_party/npm/package-lock.json)"; exit 1; }
image=$TEST_TMPDIR/armstate.binpb
find proto -name '*.proto' -printf '%P\n' |
  xargs protoc -Iproto -I/usr/share/gocode/src/github.com/gogo/googleapis --include_imports --include_source_info -o "$image"
HOME=$TEST_TMPDIR "$buf" lint "$image" --config proto/buf.yaml --path armstate
