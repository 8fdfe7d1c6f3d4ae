"""Makes CPU profiles from a real QEMU: see ../make-profiles."""
