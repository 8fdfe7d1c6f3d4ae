#!/usr/bin/env bash
# Guests go from one release of QEMU, or of the host's kernel, to others, converted: all steps of scripts/upgrade-demo, which checks each.
set -euo pipefail
: "${ARMSTATE_KVM:?run it as CONTRIBUTING.md says: --test_env=ARMSTATE_KVM=\$(scripts/build-armstate-kvm)}"
export ARMSTATED=$PWD/server/armstated ARMSTATE=$PWD/client/cli/armstate ARMSTATE_KVM
exec scripts/upgrade-demo
