#!/usr/bin/env bash
# scripts/operate-demo, which checks what it shows.
set -euo pipefail
ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate scripts/operate-demo
