#!/usr/bin/env python3
"""Writes tests/data/aarch64_names.txt: what LLVM calls each AArch64 system register.

Every encoding with op0 = 2 or 3 is disassembled as MRS, and as MSR. What keeps its generic name
(S3_0_C15_C2_0) is left out.

Usage: make_aarch64_names.py [LLVM_MC] > aarch64_names.txt     (LLVM_MC: llvm-mc-14, Debian package llvm-14)
"""

import itertools
import subprocess
import sys

FEATURES = ("v9.3a v8.8a el3 el2vmsa vh ras mpam am amvs ecv fgt hcx ete tracev8.4 trbe brbe spe spe-eef sme sve2 mte "
            "pauth rme nv pan-rwv rand ccidx ssbs specrestrict sel2 dit uaops lor xs hbc altnzcv tlb-rmi ls64")


def disassemble(llvm_mc, read, encodings):
    words = []
    for op0, op1, crn, crm, op2 in encodings:
        word = 0xD5000000 | read << 21 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5
        words.append(" ".join(f"0x{byte:02x}" for byte in word.to_bytes(4, "little")))
    features = ",".join("+" + feature for feature in FEATURES.split())
    output = subprocess.run([llvm_mc, "-disassemble", "-triple=aarch64", "-mattr=" + features], input="\n".join(words),
                            capture_output=True, text=True, check=True)
    lines = [line.split() for line in output.stdout.splitlines() if line.strip() and not line.strip().startswith(".")]
    if output.stderr or len(lines) != len(words):
        sys.exit(f"{llvm_mc}: {len(lines)} instructions for {len(words)} words\n{output.stderr}")
    return [(line[2] if read else line[1]).rstrip(",") for line in lines]


def main():
    llvm_mc = sys.argv[1] if len(sys.argv) > 1 else "llvm-mc-14"
    encodings = list(itertools.product((2, 3), range(8), range(16), range(16), range(8)))
    version = subprocess.run([llvm_mc, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    print(f"# {version}; made by make_aarch64_names.py. op0 op1 CRn CRm op2 name")
    names = zip(encodings, disassemble(llvm_mc, 1, encodings), disassemble(llvm_mc, 0, encodings))
    for encoding, read, written in names:
        generic = "S{}_{}_C{}_C{}_{}".format(*encoding)
        name = read if read.upper() != generic else written
        if name.upper() != generic:
            print(*encoding, name)


if __name__ == "__main__":
    main()
