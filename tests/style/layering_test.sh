#!/usr/bin/env bash
# Checks the #include lines of each folder against docs/architecture.md, "Folders and what may depend on what". Bazel's visibility
# keeps our own targets apart, but third-party headers all live in /usr/include, where it does not notice a stray include.
set -euo pipefail
cd "$(dirname "$(readlink -f WORKSPACE)")"
failed=0

# forbid FOLDER REGEX: no file of the folder includes a header whose path matches.
forbid() {
  local hits
  hits=$(grep -rnE --include='*.h' --include='*.cc' --include='*.inc' "^ *# *include [<\"]($2)" "$1") || return 0
  echo "$1 must not include: $hits"
  failed=1
}

ours='armstate/(storage/)?v1|proto|storage|server|client|tests'
rpc='google/protobuf|google/rpc|grpc|grpcpp'
forbid core "$ours|$rpc|rocksdb|nlohmann|CLI|spdlog|zstd|crc32c|openssl"
forbid proto 'storage|server|client|tests|rocksdb'
forbid storage "armstate/(storage/)?v1|proto|server|client|tests|$rpc|nlohmann|CLI"
forbid server 'client|tests|rocksdb'
forbid client 'armstate/storage|storage|server|tests|rocksdb'
exit "$failed"
