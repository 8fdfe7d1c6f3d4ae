// A guest for QEMU's `virt` machine under KVM, without an operating system: counter_aarch64.S with the PMU and the virtual timer. Works
// out a chain of numbers, waits for the virtual timer (polled, no interrupt) and prints one line, "<line> <number>" in hexadecimal, on
// the PL011. The cycle counter runs all the while. Behind the number stands " time went back" if the virtual counter did, and " cycles
// stand still" if the cycle counter does, which a guest notices whose PMCNTENSET_EL0 was not restored. All else is the same in each run.
        .equ    UART, 0x09000000
        .global _start
_start: ldr     x0, =stack_top
        mov     sp, x0
        mov     x0, #(3 << 20)          // CPACR_EL1.FPEN: FP/SIMD without a trap
        msr     cpacr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        mov     x0, #(1 << 31)          // the cycle counter, and nothing else: a fresh vCPU has more bits
        msr     pmcntenset_el0, x0
        mov     x0, #0x7fffffff
        msr     pmcntenclr_el0, x0
        mov     x0, #0xffffffff
        msr     pmintenclr_el1, x0
        msr     pmovsclr_el0, x0
        mrs     x0, pmcr_el0
        mov     x1, #0x41               // E, LC
        orr     x0, x0, x1
        msr     pmcr_el0, x0
        isb
        ldr     x22, =UART
        ldr     x24, =6364136223846793005 // Knuth's MMIX generator
        ldr     x25, =1442695040888963407
        mov     x19, #0                 // the line
        mov     x20, #1                 // the number
        mrs     x23, cntvct_el0         // the time of the line before
1:      mov     x21, #0x100000
2:      madd    x20, x20, x24, x25
        subs    x21, x21, #1
        b.ne    2b
        fmov    d8, x20                 // through a vector register
        mrs     x0, cntvct_el0          // 1024 ticks by the virtual timer
        add     x0, x0, #0x400
        msr     cntv_cval_el0, x0
        mov     x1, #3                  // ENABLE, IMASK
        msr     cntv_ctl_el0, x1
        isb
3:      mrs     x1, cntv_ctl_el0
        tbz     x1, #2, 3b              // ISTATUS
        fmov    x20, d8
        add     x19, x19, #1
        msr     tpidr_el1, x19
        mov     x0, x19
        bl      print
        mov     w0, #' '
        bl      putc
        mov     x0, x20
        bl      print
        mrs     x0, cntvct_el0
        cmp     x0, x23
        mov     x23, x0
        b.hs    4f
        adr     x14, back
        bl      text
4:      mrs     x1, pmccntr_el0
        isb
        mov     x21, #1000
5:      subs    x21, x21, #1
        b.ne    5b
        isb
        mrs     x2, pmccntr_el0
        cmp     x1, x2
        b.ne    6f
        adr     x14, still
        bl      text
6:      mov     w0, #'\n'
        bl      putc
        b       1b

text:   mov     x15, x30                // the text at x14
7:      ldrb    w0, [x14], #1
        cbz     w0, 8f
        bl      putc
        b       7b
8:      ret     x15

print:  mov     x10, x30                // x0 as 16 hexadecimal digits
        mov     x11, x0
        mov     x12, #60
9:      lsr     x0, x11, x12
        and     x0, x0, #15
        cmp     x0, #10
        add     x1, x0, #'0'
        add     x2, x0, #('a' - 10)
        csel    x0, x1, x2, lo
        bl      putc
        subs    x12, x12, #4
        b.pl    9b
        ret     x10

putc:   ldr     w13, [x22, #0x18]       // UARTFR.TXFF: wait for room
        tbnz    w13, #5, putc
        str     w0, [x22]
        ret

back:   .asciz  " time went back"
still:  .asciz  " cycles stand still"
        .ltorg

        .balign 0x800
vectors:
        .rept   16
        b       .
        .balign 0x80
        .endr
        .bss
        .balign 16
        .skip   4096
stack_top:
