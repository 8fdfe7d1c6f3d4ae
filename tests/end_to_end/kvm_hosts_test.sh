#!/usr/bin/env bash
# Two KVM/arm64 hosts with different CPUs, and a guest that moves: all steps of scripts/kvm-demo, which checks each.
set -euo pipefail
: "${ARMSTATE_KVM:?run it as CONTRIBUTING.md says: --test_env=ARMSTATE_KVM=\$(scripts/build-armstate-kvm)}"
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate ARMSTATE_KVM
exec scripts/kvm-demo
