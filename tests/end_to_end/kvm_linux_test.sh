#!/usr/bin/env bash
# A Linux guest that counts with its PMU moves between hosts, by QEMU and by armstate: all steps of scripts/kvm-linux-demo, which checks each.
set -euo pipefail
: "${ARMSTATE_KVM:?run it as CONTRIBUTING.md says: --test_env=ARMSTATE_KVM=\$(scripts/build-armstate-kvm)}"
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate ARMSTATE_KVM
exec scripts/kvm-linux-demo
