"""The repository @aarch64_toolchain: Debian's cross compiler, over the arm64 libraries that scripts/build-armstate-kvm unpacked.

Only `--config=aarch64` asks for it, so that nobody else needs the cross compiler or the folder."""

def _impl(repository_ctx):
    root = repository_ctx.os.environ.get("ARMSTATE_AARCH64_ROOT", "")
    if not root:
        fail("ARMSTATE_AARCH64_ROOT is not set: build by scripts/build-armstate-kvm, which sets it")
    gcc = repository_ctx.execute(["aarch64-linux-gnu-gcc", "-dumpversion"]).stdout.strip()
    repository_ctx.template(
        "BUILD",
        Label("//third_party/aarch64:toolchain.BUILD"),
        substitutions = {"{ROOT}": root, "{GCC}": gcc},
    )

aarch64_toolchain = repository_rule(
    implementation = _impl,
    environ = ["ARMSTATE_AARCH64_ROOT"],
    local = True,
)
