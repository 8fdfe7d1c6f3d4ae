#!/usr/bin/env bash
# usage: run_fuzzer.sh PROGRAM SECONDS [SEED.zst|SEEDS.tar.zst...]
# Runs a fuzzer from the seeds on. Exit status 0 if nothing was found. What was found is left in $TEST_UNDECLARED_OUTPUTS_DIR, or in
# the current folder.
set -euo pipefail
program=$1
seconds=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for seed in "$@"; do
  case $seed in
    *.tar.zst) zstd -dqfc "$seed" | tar -xC "$work" ;;
    *) zstd -dqfc "$seed" >"$work/$(basename "$seed" .zst)" ;;
  esac
done
"$program" -max_total_time="$seconds" -max_len=200000 -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -print_final_stats=1 \
  -artifact_prefix="${TEST_UNDECLARED_OUTPUTS_DIR:-.}/" "$work"
