# *.probe: by `armstate-kvm probe` on hosts with other CPUs and kernels. guest.mig, counting.mig: guests of QEMU/KVM that were saved on such
# hosts. web-3.mig: a guest of QEMU's emulation.
for host in cortex-a72@6.1 cortex-a72@6.12 neoverse-n1@6.12; do
  name=${host#cortex-}
  cp "$DATA/kvm/armstate-kvm/$host.probe.zst" "$(sed 's/neoverse-//; s/@/-linux-/' <<<"$name").probe"
done
# Two kinds of cores under one kernel.
cp "$DATA/kvm/armstate-kvm/cortex-a53@6.12.probe.zst" little.probe
cp "$DATA/kvm/armstate-kvm/cortex-a72@6.12.probe.zst" big.probe
zstd -dqc <"$DATA/qemu-kvm/cortex-a72@6.12.mig.zst" >guest.mig
zstd -dqc <"$DATA/qemu-kvm/neoverse-n1@6.12.mig.zst" >counting.mig
zstd -dqc <"$DATA/qemu-7.2/streams/virt.cortex-a72.smp1.mig.zst" >web-3.mig
# Six verdicts: a 32-bit guest, guests of QEMU with EL2 and of an old machine type, and guests of other KVM hosts.
zstd -dqc <"$DATA/qemu-7.2/streams/virt.cortex-a15.smp1.mig.zst" >arm32.mig
zstd -dqc <"$DATA/qemu-7.2/streams/virt.cortex-a57.el2.smp1.mig.zst" >nested.mig
zstd -dqc <"$DATA/qemu-versions/streams/7.2.virt-7.2.max.mig.zst" >old.mig
zstd -dqc <"$DATA/kvm/hosts/max7@6.12.jsonl.zst" | python3 "$SETUP/kvm_checkpoint.py" full >vectors.json
zstd -dqc <"$DATA/kvm/hosts/neoverse-n1@6.12.jsonl.zst" | python3 "$SETUP/kvm_checkpoint.py" pmu >counting-n1.json
