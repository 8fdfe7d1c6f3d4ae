"""Tests that run once more with all their code compiled for gcc's address and undefined-behaviour sanitizers.

What --config=asan and --config=ubsan do for one command, these targets do beside the others, in one `bazel test //...`.
Not for what links jemalloc (armstated), which takes the sanitizers' place as malloc: a transition cannot set --define=sanitized=1."""

_FLAG = "-fsanitize=address,undefined"

def _transition_impl(settings, _attr):
    return {
        "//command_line_option:copt": settings["//command_line_option:copt"] +
                                      [_FLAG, "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-O1", "-g1"],
        "//command_line_option:linkopt": settings["//command_line_option:linkopt"] + [_FLAG],
    }

_OPTIONS = ["//command_line_option:" + name for name in ["copt", "linkopt"]]

_sanitizers = transition(
    implementation = _transition_impl,
    inputs = _OPTIONS,
    outputs = _OPTIONS,
)

def _impl(ctx):
    test = ctx.attr.test[0][DefaultInfo]
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = program, target_file = test.files_to_run.executable, is_executable = True)
    return [
        DefaultInfo(executable = program, runfiles = test.default_runfiles),
        testing.TestEnvironment({
            "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
            "GTEST_FILTER": ctx.attr.filter,
            "UBSAN_OPTIONS": "print_stacktrace=1",
        }),
    ]

sanitized_test = rule(
    implementation = _impl,
    attrs = {
        "filter": attr.string(default = "*", doc = "The tests to run, as GoogleTest's --gtest_filter takes them."),
        "test": attr.label(cfg = _sanitizers, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    test = True,
)
