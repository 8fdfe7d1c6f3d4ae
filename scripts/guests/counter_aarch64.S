// A guest for QEMU's `virt` machine, without an operating system: works out a chain of numbers and prints one line for each 2^22
// steps, "<line> <number>" in hexadecimal, on the PL011. The chain is the same in each run, so what a restored guest prints tells
// whether it went on exactly where it was. Its state is in general registers, in a vector register, in system registers and in RAM.
        .equ    UART, 0x09000000
        .global _start
_start: ldr     x0, =stack_top
        mov     sp, x0
        mov     x0, #(3 << 20)          // CPACR_EL1.FPEN: FP/SIMD without a trap
        msr     cpacr_el1, x0
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        ldr     x22, =UART
        ldr     x23, =history
        ldr     x24, =6364136223846793005 // Knuth's MMIX generator
        ldr     x25, =1442695040888963407
        mov     x19, #0                 // the line
        mov     x20, #1                 // the number
        fmov    d8, x20
1:      mov     x21, #0x400000
2:      madd    x20, x20, x24, x25
        subs    x21, x21, #1
        b.ne    2b
        fmov    x0, d8                  // mixed with what went through the vector register and RAM
        eor     x20, x20, x0, lsr #7
        and     x1, x19, #0xff
        ldr     x2, [x23, x1, lsl #3]
        eor     x20, x20, x2
        str     x20, [x23, x1, lsl #3]
        fmov    d8, x20
        msr     tpidr_el0, x20
        add     x19, x19, #1
        msr     tpidr_el1, x19
        mov     x0, x19
        bl      print
        mov     w0, #' '
        bl      putc
        mov     x0, x20
        bl      print
        mov     w0, #'\n'
        bl      putc
        b       1b

print:  mov     x10, x30                // x0 as 16 hexadecimal digits
        mov     x11, x0
        mov     x12, #60
3:      lsr     x0, x11, x12
        and     x0, x0, #15
        cmp     x0, #10
        add     x1, x0, #'0'
        add     x2, x0, #('a' - 10)
        csel    x0, x1, x2, lo
        bl      putc
        subs    x12, x12, #4
        b.pl    3b
        ret     x10

putc:   ldr     w13, [x22, #0x18]       // UARTFR.TXFF: wait for room
        tbnz    w13, #5, putc
        str     w0, [x22]
        ret

        .balign 0x800
vectors:
        .rept   16
        b       .
        .balign 0x80
        .endr
        .bss
        .balign 16
history: .skip  256 * 8
        .skip   4096
stack_top:
