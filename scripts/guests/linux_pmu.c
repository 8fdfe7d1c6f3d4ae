// /init of a Linux guest whose kernel counts with the PMU: two perf events that run all the time, the first in the cycle counter, the second
// in an event counter that interrupts every 5 million cycles. Works out a chain of numbers and prints one line for each 0x1000000 steps:
//
//   <line> <number> cycles <N> overflows <N>
//
// in hexadecimal and decimal. What a guest notices whose PMU was not restored stands behind: " cycles stand still" or " no interrupts". All
// before "cycles" is the same in each run.
//
// aarch64-linux-gnu-gcc -O2 -static
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t overflows;

static void on_overflow(int number) {
  (void)number;
  ++overflows;
}

// On CPU 0, of all processes: no switch of processes touches the counter.
static int open_cycles(uint64_t period) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = PERF_COUNT_HW_CPU_CYCLES;
  attributes.sample_period = period;
  attributes.wakeup_events = 1;
  attributes.pinned = 1;
  const int file = (int)syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0);
  if (file < 0) {
    perror("perf_event_open");
    for (;;) pause();
  }
  return file;
}

static uint64_t value_of(int file) {
  uint64_t value = 0;
  return read(file, &value, sizeof value) == sizeof value ? value : 0;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGIO, on_overflow);
  const int cycles = open_cycles(0);
  const int interrupts = open_cycles(5000000);
  fcntl(interrupts, F_SETOWN, getpid());
  fcntl(interrupts, F_SETFL, O_ASYNC);
  uint64_t number = 1;
  uint64_t before = value_of(cycles);
  sig_atomic_t overflows_before = overflows;
  for (uint32_t line = 1;; ++line) {
    for (int step = 0; step < 0x1000000; ++step) number = number * 6364136223846793005u + 1442695040888963407u;
    const uint64_t now = value_of(cycles);
    printf("%08x %016llx cycles %llu overflows %d%s%s\n", line, (unsigned long long)number, (unsigned long long)now, overflows,
           now == before ? " cycles stand still" : "", overflows == overflows_before ? " no interrupts" : "");
    before = now;
    overflows_before = overflows;
  }
}
