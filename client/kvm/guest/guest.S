// The built-in guest of armstate-kvm's small VMM: a flat binary for 0x40080000, without an operating system. QEMU's `virt` machine
// runs it too: -kernel guest.bin, where it can be captured or restored as well.
//
// vCPU 0 switches on up to 7 more by PSCI. For each line every vCPU works out the next numbers of a chain of its own; vCPU 0 mixes
// them through vector registers and RAM, waits for its virtual timer (polled, no interrupt), and prints "<line> <number>" in
// hexadecimal on a PL011, with " time went back" behind it if the virtual counter did. The lines are the same in each run
// with the same number of vCPUs, so what a restored guest prints tells whether it went on exactly where it was.
        .equ    UART, 0x09000000
        .equ    STEPS, 0x3ffff          // of the chain for each line
        .equ    SLOT, 64                // bytes for each vCPU: line wanted, line done, number
        .equ    PSCI_CPU_ON, 0xc4000003

        .global _start
_start: mov     x27, #0                 // this vCPU
        bl      setup
        ldr     x22, =UART
        ldr     x23, =history
        mov     x19, #0                 // the line
        mov     x26, #1                 // vCPUs
1:      ldr     x0, =PSCI_CPU_ON        // MPIDR of vCPU n is n, in KVM and in QEMU
        mov     x1, x26
        ldr     x2, =other
        mov     x3, x26
        hvc     #0
        cbnz    x0, 2f                  // there is no such vCPU
        add     x26, x26, #1
        cmp     x26, #8
        b.lo    1b

2:      add     x19, x19, #1
        mov     x0, #1                  // ask the others for their numbers
3:      cmp     x0, x26
        b.hs    4f
        add     x1, x28, x0, lsl #6
        str     x19, [x1]
        add     x0, x0, #1
        b       3b
4:      bl      chain
        mov     v8.d[0], x20
        mov     x0, #1                  // and mix them in, in order
5:      cmp     x0, x26
        b.hs    7f
        add     x1, x28, x0, lsl #6
6:      yield
        ldr     x2, [x1, #8]
        cmp     x2, x19
        b.ne    6b
        dmb     sy
        ldr     x2, [x1, #16]
        mov     v8.d[1], x2
        ext     v9.16b, v8.16b, v8.16b, #5
        eor     v8.16b, v8.16b, v9.16b
        add     x0, x0, #1
        b       5b
7:      and     x1, x19, #0xff          // and what stood in RAM 256 lines ago
        ldr     x2, [x23, x1, lsl #3]
        mov     x20, v8.d[0]
        eor     x20, x20, x2
        str     x20, [x23, x1, lsl #3]
        mov     v8.d[0], x20
        msr     tpidr_el0, x20
        msr     tpidr_el1, x19

        isb
        mrs     x0, cntvct_el0          // 1024 ticks by the virtual timer
        add     x0, x0, #0x400
        msr     cntv_cval_el0, x0
        mov     x1, #3                  // ENABLE, IMASK
        msr     cntv_ctl_el0, x1
        isb
8:      mrs     x1, cntv_ctl_el0
        tbz     x1, #2, 8b              // ISTATUS

        mov     x0, x19
        bl      hex
        mov     w0, #' '
        bl      putc
        mov     x0, x20
        bl      hex
        mrs     x0, cntvct_el0
        ldr     x1, =last_time
        ldr     x2, [x1]
        str     x0, [x1]
        cmp     x0, x2
        b.hs    10f
        adr     x14, back
9:      ldrb    w0, [x14], #1
        cbz     w0, 10f
        bl      putc
        b       9b
10:     mov     w0, #'\n'
        bl      putc
        b       2b

other:  mov     x27, x0                 // the context that vCPU 0 gave: which one this is
        bl      setup
        add     x15, x28, x27, lsl #6
        mov     x19, #0
11:     yield
        ldr     x0, [x15]
        cmp     x0, x19
        b.eq    11b
        mov     x19, x0
        bl      chain
        str     x20, [x15, #16]
        dmb     sy
        str     x19, [x15, #8]
        b       11b

setup:  mov     x0, #(3 << 20)          // CPACR_EL1.FPEN: FP/SIMD without a trap
        msr     cpacr_el1, x0
        ldr     x0, =vectors
        msr     vbar_el1, x0
        isb
        ldr     x28, =slots
        ldr     x24, =6364136223846793005 // Knuth's MMIX generator
        ldr     x25, =1442695040888963407
        add     x20, x27, #1            // the number
        ret

chain:  ldr     x21, =STEPS
12:     madd    x20, x20, x24, x25
        subs    x21, x21, #1
        b.ne    12b
        ret

hex:    mov     x10, x30                // x0 as 16 hexadecimal digits
        mov     x11, x0
        mov     x12, #60
13:     lsr     x0, x11, x12
        and     x0, x0, #15
        cmp     x0, #10
        add     x1, x0, #'0'
        add     x2, x0, #('a' - 10)
        csel    x0, x1, x2, lo
        bl      putc
        subs    x12, x12, #4
        b.pl    13b
        ret     x10

putc:   ldr     w13, [x22, #0x18]       // UARTFR.TXFF: wait for room
        tbnz    w13, #5, putc
        str     w0, [x22]
        ret

back:   .asciz  " time went back"
        .ltorg

        .balign 0x800
vectors:
        .rept   16
        b       .
        .balign 0x80
        .endr
// Data stands in the flat binary, too: nobody clears memory.
        .balign 64
slots:  .skip   8 * SLOT
history: .skip  256 * 8
last_time:
        .skip   8
