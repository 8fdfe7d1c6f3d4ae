"""Fuzzers: built by clang from the sources, since libFuzzer needs its instrumentation in all of them."""

# The shared libraries of Abseil that any fuzzer needs. The linker drops those that one does not use.
_ABSL = [
    "absl_raw_hash_set",
    "absl_hash",
    "absl_city",
    "absl_low_level_hash",
    "absl_statusor",
    "absl_status",
    "absl_str_format_internal",
    "absl_strings",
    "absl_time",
]

def fuzzer(name, sources, srcs, seeds, libraries = [], messages = []):
    """Makes NAME (the program, for scripts/fuzz) and NAME_test (a brief run over the seeds and what comes of them).

    Args:
      name: NAME.cc has LLVMFuzzerTestOneInput.
      sources: paths of the .cc files that it is linked with.
      srcs: labels of all sources and headers that these need.
      seeds: zstd-compressed inputs to begin with, or archives of them (.tar.zst).
      libraries: for the linker, without -l; Abseil, and protobuf where there are messages, come by themselves.
      messages: files of //proto:armstate_v1 whose generated code it is linked with, and google.rpc.Status.
    """
    status = ["$(BINDIR)/external/googleapis/google/rpc/status.pb.cc"] if messages else []
    libraries = libraries + (["protobuf"] if messages else []) + _ABSL
    native.genrule(
        name = name,
        srcs = [name + ".cc"] + srcs + (["//proto:armstate_v1_generate", "@googleapis//:google_rpc_generate"] if messages else []),
        outs = [name + ".bin"],
        cmd = " ".join([
            "clang++ -std=c++17 -O0 -g1 -Wall -Wextra -I. -isystem /usr/include/libxml2 -fsanitize=fuzzer,address,undefined",
            # From 18 on clang names some templates otherwise than GCC did, which Abseil's libraries were made with.
            "-fclang-abi-compat=14",
            # The tables of core/catalog_table.cc are sorted while they are compiled.
            "-fconstexpr-steps=100000000 -I$(BINDIR)/proto -I$(BINDIR)/external/googleapis",
            "-fno-sanitize-recover=undefined -o $@ $(location %s.cc)" % name,
        ] + sources + status + ["$(BINDIR)/proto/armstate/v1/%s.pb.cc" % message for message in messages] + ["-Wl,--as-needed,--copy-dt-needed-entries"] + ["-l" + library for library in libraries]),
        message = "Building fuzzer",
    )
    native.sh_test(
        name = name + "_test",
        size = "medium",
        srcs = ["run_fuzzer.sh"],
        args = ["$(location %s)" % name, "5"] + ["$(location %s)" % seed for seed in seeds],
        data = [name] + seeds,
    )
