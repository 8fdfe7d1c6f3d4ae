"""Clang's analysis of which mutex guards what (-Wthread-safety), of every file that has a mutex."""

_Reports = provider(fields = ["files"])

_FOLDERS = ["core", "proto", "storage", "server", "client"]

# A header is looked at with the file of its name; alone, where there is none. Nothing is written but the report: empty
# for a file without a finding or without a mutex.
_COMMAND = """
source=$1; report=$2; shift 2
stem=${source%.*}
: >$report
[ $source = $stem.h ] && [ -e $stem.cc ] && exit 0
grep -qs Mutex $source $stem.h || exit 0
clang++ -std=c++17 -fsyntax-only -x c++ -Wthread-safety -Werror=thread-safety "$@" $source 2>$report.all || cat $report.all >$report
rm -f $report.all
"""

def _aspect_impl(target, ctx):
    deps = getattr(ctx.rule.attr, "deps", [])
    reports = []
    if ctx.rule.kind in ["cc_library", "cc_binary"] and ctx.label.package.split("/")[0] in _FOLDERS:
        own = ctx.rule.files.srcs + getattr(ctx.rule.files, "hdrs", [])
        context = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in deps if CcInfo in dep]).compilation_context
        flags = ["-I.", "-I" + ctx.bin_dir.path]
        flags += ["-isystem" + folder for folder in context.system_includes.to_list()]
        flags += ["-I" + folder for folder in context.includes.to_list()]
        flags += ["-iquote" + folder for folder in context.quote_includes.to_list()]
        flags += ["-D" + define for define in context.defines.to_list()]
        for source in own:
            if source.extension not in ["cc", "h"]:
                continue
            report = ctx.actions.declare_file(source.basename + ".thread_safety")
            ctx.actions.run_shell(
                inputs = depset(own, transitive = [context.headers]),
                outputs = [report],
                command = _COMMAND,
                arguments = [source.path, report.path] + flags,
                mnemonic = "ThreadSafety",
                # Only reads, and most files have no mutex: a sandbox would take longer than the work.
                execution_requirements = {"no-sandbox": "1"},
                use_default_shell_env = True,
            )
            reports.append(report)
    return [_Reports(files = depset(reports, transitive = [dep[_Reports].files for dep in deps if _Reports in dep]))]

_aspect = aspect(
    implementation = _aspect_impl,
    attr_aspects = ["deps"],
)

def _impl(ctx):
    reports = depset(transitive = [target[_Reports].files for target in ctx.attr.targets])
    return [DefaultInfo(files = reports, runfiles = ctx.runfiles(transitive_files = reports))]

# The reports of `targets` and of all that they are linked with.
thread_safety_reports = rule(
    implementation = _impl,
    attrs = {"targets": attr.label_list(aspects = [_aspect])},
)
