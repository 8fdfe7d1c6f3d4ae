#!/usr/bin/env bash
# Compares the #include lines of each folder with the table "Rooms" in docs/architecture.md: every arrow of one is in the other, and every
# folder with C++ in it has a row. Bazel's visibility keeps our own targets apart, but third-party headers all live in /usr/include,
# where it does not notice a stray include.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
failed=0

fail() {
  echo "$*"
  failed=1
}

# Prints the folders that the table names, or "FOLDER -> OTHER" for each arrow.
table() {
  sed -n '/^## Rooms/,/^## /s/^| \([a-z_/]*\) |.*| *\([a-z_/, ]*\) *|$/\1:\2/p' docs/architecture.md |
    grep -v '^room:' | awk -F: -v print_arrows="$1" '{
      if (!print_arrows) { print $1; next }
      count = split($2, others, ", *")
      for (i = 1; i <= count; ++i) { sub(/ *$/, "", others[i]); if (others[i] != "") print $1 " -> " others[i] }
    }' | sort
}

sources() {
  find core proto storage server client -name '*.h' -o -name '*.cc' -o -name '*.inc'
}

# The headers of armstate/ are made of proto/.
arrows() {
  sources | xargs grep -oHE '^#include "(armstate|core|proto|storage|server|client)/[^"]*/?[^"/]*"' |
    sed -E 's|/[^/:]*:#include "|:|; s|/[^/"]*"$||; s|:armstate/.*|:proto|' | awk -F: '$1 != $2 { print $1 " -> " $2 }' | sort -u
}

differences=$(diff <(table 1) <(arrows)) || fail "docs/architecture.md, Rooms (<), and the #include lines (>) differ:"$'\n'"$differences"
differences=$(diff <(table 0) <(sources | xargs -n1 dirname | sort -u)) ||
  fail "docs/architecture.md, Rooms (<), and the folders (>) differ:"$'\n'"$differences"

# forbid FOLDER REGEX: no file of the folder includes a header whose path matches.
forbid() {
  local hits
  hits=$(grep -rnE --include='*.h' --include='*.cc' --include='*.inc' "^ *# *include [<\"]($2)" "$1") || return 0
  fail "$1 must not include: $hits"
}

rpc='google/protobuf|google/rpc|grpc|grpcpp'
forbid core "tests|$rpc|rocksdb|nlohmann|CLI|spdlog|zstd|crc32c|openssl"
forbid proto 'tests|rocksdb'
forbid storage "tests|$rpc|nlohmann|CLI"
forbid client 'armstate/storage'
# storage/format has RocksDB's CRC32C.
for folder in storage/cache storage/repository server client; do
  forbid "$folder" 'tests|rocksdb'
done
exit "$failed"
