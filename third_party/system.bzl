"""The repository @system: what differs from one Debian release to the next, found out on this machine."""

# The modules of Abseil that we include headers of.
_ABSL_MODULES = [
    "absl_" + module
    for module in [
        "base",
        "cleanup",
        "failure_signal_handler",
        "fixed_array",
        "flat_hash_map",
        "hash",
        "optional",
        "random_random",
        "span",
        "status",
        "statusor",
        "str_format",
        "strings",
        "symbolize",
        "synchronization",
        "time",
    ]
]

# The QEMU whose CPU profiles we have is Debian 12's. On others scripts/setup fetches it.
def _qemu_7_2(repository_ctx, release):
    if release == "12":
        return "/usr/bin"
    environ = repository_ctx.os.environ
    cache = environ.get("XDG_CACHE_HOME") or environ["HOME"] + "/.cache"
    return cache + "/armstate/qemu-7.2/bin"

def _impl(repository_ctx):
    result = repository_ctx.execute(["pkg-config", "--libs-only-l"] + _ABSL_MODULES)
    if result.return_code != 0:
        fail("pkg-config does not know Abseil (scripts/setup installs libabsl-dev and pkg-config): " + result.stderr)
    release = repository_ctx.execute(["sh", "-c", ". /etc/os-release && echo \"$VERSION_ID\""]).stdout.strip()
    repository_ctx.file("BUILD")
    repository_ctx.file("system.bzl", "\n".join([
        "# How Abseil is cut into libraries changes with its releases; the linker drops what a binary does not need.",
        "ABSL_LINKOPTS = %r" % result.stdout.strip().split(" "),
        "DEBIAN_RELEASE = %r" % release,
        "QEMU_7_2 = %r" % _qemu_7_2(repository_ctx, release),
        "",
    ]))

system_repository = repository_rule(
    implementation = _impl,
    local = True,
)
