#!/usr/bin/env bash
# All BUILD, WORKSPACE and .bzl files are as buildifier writes them.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
buildifier=third_party/npm/node_modules/.bin/buildifier
[ -x "$buildifier" ] || {
  echo "buildifier is not here: run scripts/setup, which installs it by npm (third_party/npm/package-lock.json)"
  exit 1
}
# Not -r: that also walks through what is no source, node_modules and bazel-bin among it.
find . -path ./third_party/npm -prune -o -name 'bazel-*' -prune -o \
  \( -name BUILD -o -name WORKSPACE -o -name '*.BUILD' -o -name '*.bzl' \) -type f -print |
  xargs "$buildifier" -mode=check || {
  echo "$buildifier FILE rewrites them"
  exit 1
}
