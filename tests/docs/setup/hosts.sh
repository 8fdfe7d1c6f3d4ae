# *.probe: by `armstate-kvm probe` on hosts with other CPUs and kernels. guest.mig, counting.mig: guests of QEMU/KVM that were saved on such
# hosts. web-3.mig: a guest of QEMU's emulation.
for host in cortex-a72@6.1 cortex-a72@6.12 neoverse-n1@6.12; do
  name=${host#cortex-}
  cp "$DATA/kvm/armstate-kvm/$host.probe.zst" "$(sed 's/neoverse-//; s/@/-linux-/' <<<"$name").probe"
done
zstd -dqc <"$DATA/qemu-kvm/cortex-a72@6.12.mig.zst" >guest.mig
zstd -dqc <"$DATA/qemu-kvm/neoverse-n1@6.12.mig.zst" >counting.mig
zstd -dqc <"$DATA/qemu-7.2/streams/virt.cortex-a72.smp1.mig.zst" >web-3.mig
