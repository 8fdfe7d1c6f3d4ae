# web-1.mig, web-2.mig: guests that count, on a Cortex-A57 and a Cortex-A72, saved by QEMU 7.2; web-3.mig.zst: web-1.mig, compressed.
# linux-N.json: successive checkpoints of a Linux guest with two vCPUs. web-4.save: by `virsh save`. web-5.qcow2: by `savevm`.
streams=$DATA/qemu-versions/streams
zstd -dqc <"$streams/7.2.virt-7.2.cortex-a57.mig.zst" >web-1.mig
zstd -dqc <"$streams/7.2.virt-7.2.cortex-a72.mig.zst" >web-2.mig
zstd -q web-1.mig -o web-3.mig.zst
zstd -dqc <"$DATA/libvirt/a57-2vcpu.qemu-11.1.raw.img.zst" >web-4.save
zstd -dqc <"$DATA/qemu-versions/forms/11.1.cortex-a57.savevm.qcow2.zst" >web-5.qcow2
zstd -dqc <"$DATA/qemu-7.2/linux/linux-6.1.cortex-a15.smp2.jsonl.zst" | python3 "$SETUP/linux_checkpoints.py"
