#!/usr/bin/env bash
# A guest of real QEMU/KVM moves between hosts, by QEMU and by armstate: all steps of scripts/kvm-qemu-demo, which checks each.
set -euo pipefail
: "${ARMSTATE_KVM:?run it as CONTRIBUTING.md says: --test_env=ARMSTATE_KVM=\$(scripts/build-armstate-kvm)}"
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate ARMSTATE_KVM
exec scripts/kvm-qemu-demo
