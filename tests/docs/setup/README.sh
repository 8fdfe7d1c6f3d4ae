# web-1.mig: a guest that counts, saved by QEMU 7.2.
zstd -dqc <"$DATA/qemu-versions/streams/7.2.virt-7.2.cortex-a57.mig.zst" >web-1.mig
