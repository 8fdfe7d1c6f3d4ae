#!/usr/bin/env bash
# Real QEMU 10.0 and 11.1, and real libvirt: all steps of scripts/peers-demo, which checks each.
set -euo pipefail
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate
exec scripts/peers-demo
