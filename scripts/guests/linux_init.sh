#!/bin/busybox sh
# /init of a Linux guest (scripts/make-linux-guest): two processes, each kept on a vCPU of its own, work out a chain of numbers and print
# "cpu<N> <line> <number> <checksum>" for each 10000 steps. A new process makes the checksum. What is typed on the console is run as
# commands. Messages of the kernel stay in its log, as they would stand in the midst of a line; a panic still shows.
if [ "${1:-}" = count ]; then
  number=$2
  line=0
  while :; do
    step=0
    while [ $step -lt 10000 ]; do
      number=$((number * 6364136223846793005 + 1442695040888963407))
      step=$((step + 1))
    done
    line=$((line + 1))
    echo "cpu$2 $line $number $(echo "$number" | md5sum)"
  done
fi
/bin/busybox mkdir -p /bin /dev /proc /sys
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
stty -echo
dmesg -n 1
for cpu in 0 1; do taskset $((1 << cpu)) sh /init count $cpu & done
while read -r command; do eval "$command"; done
