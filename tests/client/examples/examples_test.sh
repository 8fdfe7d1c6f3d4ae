#!/usr/bin/env bash
# The examples in the client's headers are the compiled ones.
set -euo pipefail
exec python3 tests/client/examples/examples.py .
