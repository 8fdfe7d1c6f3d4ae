"""Archives for an initramfs: cpio, format "newc". The kernel unpacks several one after the other."""

from pathlib import PurePosixPath


def folder(name: str) -> tuple:
    return (name, 0o040755, b"", (0, 0))


def program(name: str, content: bytes) -> tuple:
    return (name, 0o100755, content, (0, 0))


def device(name: str, major: int, minor: int) -> tuple:
    return (name, 0o020600, b"", (major, minor))


def folders_of(names: list[str]) -> list[tuple]:
    """What must stand before entries of these names: all folders that they lie in."""
    parents = {str(p) for name in names for p in PurePosixPath(name).parents} - {"."}
    return [folder(name) for name in sorted(parents)]


def archive(entries: list[tuple]) -> bytes:
    packed = bytearray()
    for number, (name, mode, content, numbers) in enumerate(entries + [("TRAILER!!!", 0, b"", (0, 0))], 1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *numbers, len(name) + 1, 0)
        packed += b"070701" + b"".join(b"%08x" % n for n in fields) + name.encode() + b"\0"
        packed += bytes(-len(packed) % 4)
        packed += content
        packed += bytes(-len(packed) % 4)
    return bytes(packed)
