#!/usr/bin/python3
"""No field, oneof or enum value of the API is a keyword of a language that clients are written in, or a macro of C.

A generator has to rename such a name (C++ has `protected_()`), and who reads our .proto files finds another one in the code."""
import re
import subprocess
import sys
import unittest
from collections.abc import Iterator

from google.protobuf import descriptor_pb2

KEYWORDS = {
    "C++": """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class compl
        concept const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype default delete do double
        dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace new noexcept
        not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return short signed sizeof
        static static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union
        unsigned using virtual void volatile wchar_t while xor xor_eq""",
    "Go": """break case chan const continue default defer else fallthrough for func go goto if import interface map package range
        return select struct switch type var""",
    "Java": """abstract assert boolean break byte case catch char class const continue default do double else enum extends final
        finally float for goto if implements import instanceof int interface long native new null package private protected public
        return short static strictfp super switch synchronized this throw throws transient true false try void volatile while""",
    "Python": """False None True and as assert async await break class continue def del elif else except finally for from global if
        import in is lambda nonlocal not or pass raise return try while with yield""",
    "Rust": """Self abstract as async await become box break const continue crate do dyn else enum extern false final fn for if impl
        in let loop macro match mod move mut override priv pub ref return self static struct super trait true try type typeof unsafe
        unsized use virtual where while yield""",
}
# Headers whose macros a hypervisor's file is likely to have, and what is defined on command lines.
HEADERS = "cerrno cfloat climits cmath csignal cstdio fcntl.h netinet/in.h poll.h pthread.h sys/ioctl.h sys/mman.h sys/socket.h linux/kvm.h"
USUAL_DEFINES = "DEBUG NDEBUG TRACE TEST UNIX LINUX WINDOWS UNKNOWN REQUIRED BASIC ERROR IN OUT OPTIONAL CONST STRICT IGNORE DELETE"


def names(messages, enums, scope: str) -> Iterator[tuple[str, str]]:
    """The full and the last name of what a generator makes an identifier of."""
    for message in messages:
        inner = f"{scope}.{message.name}"
        for named in [*message.field, *message.oneof_decl]:
            yield f"{inner}.{named.name}", named.name
        yield from names(message.nested_type, message.enum_type, inner)
    for enum in enums:
        for value in enum.value:
            yield f"{scope}.{enum.name}.{value.name}", value.name


class KeywordsTest(unittest.TestCase):
    def setUp(self):
        files = descriptor_pb2.FileDescriptorSet()
        with open(DESCRIPTORS, "rb") as descriptors:
            files.ParseFromString(descriptors.read())
        self.names = [name for file in files.file
                      if file.package == "armstate.v1" for name in names(file.message_type, file.enum_type, file.package)]

    def test_there_are_names(self):
        self.assertIn(("armstate.v1.Verdict.VERDICT_REFUSED", "VERDICT_REFUSED"), self.names)
        self.assertIn(("armstate.v1.Checkpoint.is_protected", "is_protected"), self.names)
        self.assertGreater(len(self.names), 500)

    def test_none_is_a_keyword(self):
        taken = [(full, language) for full, name in self.names for language, words in KEYWORDS.items() if name in words.split()]
        self.assertEqual(taken, [])

    def test_none_is_a_macro(self):
        source = "".join(f"#include <{header}>\n" for header in HEADERS.split())
        defined = subprocess.run(["g++", "-x", "c++", "-dM", "-E", "-"], input=source, capture_output=True, text=True, check=True).stdout
        macros = set(re.findall(r"^#define (\w+)", defined, re.MULTILINE)) | set(USUAL_DEFINES.split())
        self.assertIn("SIGKILL", macros)
        self.assertEqual([full for full, name in self.names if name in macros], [])


if __name__ == "__main__":
    DESCRIPTORS = sys.argv.pop(1)
    unittest.main()
