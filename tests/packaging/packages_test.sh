#!/usr/bin/env bash
# What scripts/make-packages makes, in a fresh Debian of this release: lintian; installed, run, used, upgraded, removed and purged.
# Programs for arm64 run under qemu-user. As root, some minutes; not among the tests of scripts/test.
#
#   tests/packaging/packages_test.sh [FOLDER]    # packages that are there already, of both architectures
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d /var/tmp/packages-test.XXXXXX)
trap 'umount "$work"/root/proc 2>/dev/null || true; rm -rf "$work"' EXIT
packages=${1:-$work/packages}
native=$(dpkg --print-architecture)
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
passed=0

check() {  # DESCRIPTION COMMAND...
  echo "-- $1"
  shift
  "$@" || { echo "FAILED: $*" >&2; exit 1; }
  passed=$((passed + 1))
}

if [ $# -eq 0 ]; then
  scripts/make-packages --out "$packages" >/dev/null
  [ "$native" = arm64 ] || scripts/make-packages --architecture arm64 --out "$packages" >/dev/null
fi
for package in debootstrap lintian qemu-user; do
  dpkg -s "$package" >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends "$package" >/dev/null
done

check "lintian finds no errors" lintian --fail-on error "$packages"/*.deb

echo "-- a fresh $release"
debootstrap --variant=minbase --include=ca-certificates "$release" "$work/root" "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)" >/dev/null
mount -t proc proc "$work/root/proc"
mkdir "$work/root/packages"
cp "$packages"/armstate_*_"$native".deb "$packages"/armstate-server_*_"$native".deb "$work/root/packages"
inside() { chroot "$work/root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }

check "they install with what they depend on" inside sh -c 'apt-get update -qq && apt-get install -y -qq --no-install-recommends /packages/*.deb >/dev/null'
check "the service is not enabled" inside sh -c '! test -e /etc/systemd/system/multi-user.target.wants/armstated.service'
check "its user exists" inside id armstate
check "the default configuration is valid" inside sh -c 'mkdir -p /run/armstate /var/log/armstate && armstated --config=/etc/armstate/armstated.conf --check_config'
check "man pages and completions are there" inside sh -c 'test -e /usr/share/man/man8/armstated.8.gz -o ! -d /usr/share/man/man8 && ls /usr/share/bash-completion/completions/armstate.bash /usr/share/zsh/vendor-completions/_armstate /usr/share/fish/vendor_completions.d/armstate.fish'

use() {  # runs the service as its user, and pushes and pulls
  inside sh -c '
    install -d -o armstate -m 0700 /run/armstate /var/lib/armstate /var/log/armstate
    su -s /bin/sh armstate -c "exec armstated --config=/etc/armstate/armstated.conf" 2>/tmp/log &
    server=unix:/run/armstate/armstate.sock
    for i in $(seq 100); do armstate --server $server health readiness >/dev/null 2>&1 && break; sleep 0.1; done
    armstate --server $server push vm /packages/vm.json && armstate --server $server pull vm --out /tmp/pulled.json --force &&
    armstate --server $server list
    status=$?
    kill $(pidof armstated); wait
    [ $status -eq 0 ] || cat /tmp/log
    exit $status'
}
cat >"$work/root/packages/vm.json" <<'EOF'
{"source": {"accelerator": "ACCELERATOR_KVM"}, "vcpus": [{"registers": {"ids": ["6931039826524487808"], "values": "AQAAAAAAAAA="}}]}
EOF
check "it stores and returns a checkpoint" use
check "an upgrade keeps data and configuration" inside sh -c '
  echo "# mine" >>/etc/armstate/armstated.conf
  apt-get install -y -qq --reinstall /packages/armstate-server_*.deb >/dev/null
  grep -q "# mine" /etc/armstate/armstated.conf && test -d /var/lib/armstate/data'
check "what was stored is there" use
check "a removal keeps the data" inside sh -c 'apt-get remove -y -qq armstate-server >/dev/null && test -d /var/lib/armstate/data'
check "a purge does not" inside sh -c 'apt-get purge -y -qq armstate-server armstate >/dev/null && ! test -e /var/lib/armstate && ! test -e /etc/armstate'

if [ "$native" != arm64 ]; then
  libraries=$(ls -dt "${XDG_CACHE_HOME:-$HOME/.cache}"/armstate/arm64-packages/*/ | head -1)
  for package in "$packages"/*_arm64.deb; do dpkg-deb -x "$package" "$work/arm64"; done
  arm64() { qemu-aarch64 -L "$libraries" "$work/arm64/usr/$1" "${@:2}"; }
  check "armstate-kvm for arm64 runs" arm64 bin/armstate-kvm --version
  use_arm64() {
    # Not by the function, whose shell the signal would end.
    qemu-aarch64 -L "$libraries" "$work/arm64/usr/sbin/armstated" --listen="unix:$work/arm64.sock" \
      --data_dir="$work/arm64-data" >"$work/arm64.log" 2>&1 &
    local server=$! status=0
    for _ in $(seq 300); do arm64 bin/armstate --server "unix:$work/arm64.sock" health readiness >/dev/null 2>&1 && break; sleep 0.2; done
    arm64 bin/armstate --server "unix:$work/arm64.sock" push vm "$work/root/packages/vm.json" &&
      arm64 bin/armstate --server "unix:$work/arm64.sock" pull vm --out "$work/pulled.json" &&
      arm64 bin/armstate --server "unix:$work/arm64.sock" show vm SCTLR_EL1 || status=$?
    kill "$server"; wait "$server" || status=$?
    [ $status -eq 0 ] || cat "$work/arm64.log"
    return $status
  }
  check "armstated and armstate for arm64 store and return a checkpoint" use_arm64
fi
echo "$passed passed, 0 failed"
