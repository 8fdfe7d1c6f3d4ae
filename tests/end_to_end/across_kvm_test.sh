#!/usr/bin/env bash
# A guest moves from QEMU's emulation to a KVM vCPU and another one back: all steps of scripts/across-demo, which checks each.
set -euo pipefail
: "${ARMSTATE_KVM:?run it as CONTRIBUTING.md says: --test_env=ARMSTATE_KVM=\$(scripts/build-armstate-kvm)}"
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate GUEST=$PWD/client/kvm/guest/guest.bin ARMSTATE_KVM
exec scripts/across-demo
