@ counter_aarch64.S for a 32-bit CPU: see there. One line for each 2^22 steps, "<line> <number>", 8 digits each.
@ With the symbol MPS3 defined it is for QEMU's mps3-an536 and prints on the first CMSDK UART.
        .ifdef  MPS3
        .equ    UART, 0xe7c00000
        .equ    STATE, 4                @ bit 0: full
        .equ    FULL, 1 << 0
        .else
        .equ    UART, 0x09000000
        .equ    STATE, 0x18             @ UARTFR.TXFF
        .equ    FULL, 1 << 5
        .endif
        .arch   armv7-a
        .fpu    vfpv4
        .syntax unified
        .global _start
_start: ldr     sp, =stack_top
        mrc     p15, 0, r0, c1, c0, 2   @ CPACR: cp10 and cp11 for all
        orr     r0, r0, #(0xf << 20)
        mcr     p15, 0, r0, c1, c0, 2
        isb
        mov     r0, #(1 << 30)          @ FPEXC.EN
        vmsr    fpexc, r0
        ldr     r0, =vectors
        mcr     p15, 0, r0, c12, c0, 0  @ VBAR
        ldr     r8, =UART
        .ifdef  MPS3
        mov     r3, #1                  @ CTRL.TXEN
        str     r3, [r8, #8]
        .endif
        ldr     r9, =history
        ldr     r6, =1664525
        ldr     r7, =1013904223
        mov     r4, #0                  @ the line
        mov     r5, #1                  @ the number
        vmov    s16, r5
1:      mov     r3, #0x400000
2:      mla     r5, r5, r6, r7
        subs    r3, r3, #1
        bne     2b
        vmov    r0, s16                 @ mixed with what went through a vector register and RAM
        eor     r5, r5, r0, lsr #7
        and     r1, r4, #0xff
        ldr     r2, [r9, r1, lsl #2]
        eor     r5, r5, r2
        str     r5, [r9, r1, lsl #2]
        vmov    s16, r5
        mcr     p15, 0, r5, c13, c0, 2  @ TPIDRURW
        add     r4, r4, #1
        mcr     p15, 0, r4, c13, c0, 4  @ TPIDRPRW
        mov     r0, r4
        bl      print
        mov     r0, #' '
        bl      putc
        mov     r0, r5
        bl      print
        mov     r0, #'\n'
        bl      putc
        b       1b

print:  mov     r10, lr                 @ r0 as 8 hexadecimal digits
        mov     r11, r0
        mov     r12, #28
3:      lsr     r0, r11, r12
        and     r0, r0, #15
        cmp     r0, #10
        addlo   r0, r0, #'0'
        addhs   r0, r0, #('a' - 10)
        bl      putc
        subs    r12, r12, #4
        bpl     3b
        bx      r10

putc:   ldr     r3, [r8, #STATE]        @ wait for room
        tst     r3, #FULL
        bne     putc
        str     r0, [r8]
        bx      lr

        .balign 32
vectors:
        .rept   8
        b       .
        .endr
        .bss
        .balign 8
history: .skip  256 * 4
        .skip   4096
stack_top:
