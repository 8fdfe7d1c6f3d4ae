#!/bin/busybox sh
# A guest of QEMU/KVM inside an emulated host (scripts/kvm-host --qemu): its QMP is a pair of pipes.
#
#   qemu-guest start LINES OPTION...    starts QEMU with the guest's serial port in the file LINES
#   qemu-guest wait LINES COUNT         until the guest has printed so many lines, at most 120 seconds
#   qemu-guest qmp COMMAND [ARGUMENTS]  one command of QMP with JSON as arguments; prints what QEMU returns, status 1 for an error
#   qemu-guest save STREAM              stops the guest and writes QEMU's migration stream
#   qemu-guest load STREAM              into a QEMU started with `-S -incoming defer`; status 1 and QEMU's words if it refuses
#   qemu-guest quit
set -eu
folder=/tmp/qemu

# One that has ended may still be listed, until its parent looks.
alive() { grep -q '^State:.[^Z]' "/proc/$(cat $folder/pid)/status" 2>/dev/null; }

# The pipes are opened for both directions, so that nothing waits for a QEMU that has ended; it has them open from its start, so that
# nothing is lost before it looks.
qmp() {
  echo "{\"execute\": \"$1\"${2:+, \"arguments\": $2}}" 1<>$folder/qmp.in
  while alive; do
    read -r -t 1 line <>$folder/qmp.out || continue
    case $line in
    '{"return"'*) echo "$line"; return 0 ;;
    '{"error"'*) echo "$line" >&2; return 1 ;;
    esac
  done
  cat $folder/log >&2
  return 1
}

# Until the migration has ended, however it did.
migrated() {
  while alive; do
    status=$(qmp query-migrate) || break
    case $status in
    *'"completed"'*) return 0 ;;
    *'"failed"'*) break ;;
    esac
    sleep 0.2
  done
  cat $folder/log >&2
  return 1
}

case $1 in
start)
  lines=$2
  shift 2
  rm -rf $folder
  mkdir -p $folder
  mkfifo $folder/qmp.in $folder/qmp.out
  qemu-system-aarch64 -accel kvm -nodefaults -nic none -display none -serial "file:$lines" \
    -chardev "pipe,id=qmp,path=$folder/qmp" -mon chardev=qmp,mode=control "$@" >$folder/log 2>&1 </dev/null 3<>$folder/qmp.in 4<>$folder/qmp.out &
  echo $! >$folder/pid
  qmp qmp_capabilities >/dev/null
  ;;
wait)
  i=0
  until [ "$(wc -l <"$2")" -ge "$3" ]; do
    i=$((i + 1))
    if [ $i -gt 600 ] || ! alive; then
      cat $folder/log >&2
      echo "qemu-guest: $2 has $(wc -l <"$2") lines" >&2
      exit 1
    fi
    sleep 0.2
  done
  ;;
qmp) qmp "$2" "${3:-}" ;;
save)
  qmp stop >/dev/null
  qmp migrate "{\"uri\": \"exec:cat >$2\"}" >/dev/null
  migrated
  ;;
load)
  qmp migrate-incoming "{\"uri\": \"exec:cat $2\"}" >/dev/null
  migrated
  ;;
quit)
  qmp quit >/dev/null
  while alive; do sleep 0.1; done
  ;;
esac
