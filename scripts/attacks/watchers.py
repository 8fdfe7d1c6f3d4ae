"""Hundreds that watch and never read."""

import time

from armstate.v1 import checkpoint_watch_pb2

from . import wire
from .attack import Attack

_CONNECTIONS, _WATCHES = 4, 100


class Watchers(Attack):
    name = "watchers"
    about = f"{_CONNECTIONS * _WATCHES} watches of all VMs, half of which never take a byte and half of which never read what they take"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        headers = wire.call_headers(wire.SERVICE + "WatchCheckpoints")
        body = wire.message(checkpoint_watch_pb2.WatchCheckpointsRequest(parent="vms/-", from_oldest=True).SerializeToString())
        opened = []
        for number in range(_CONNECTIONS):
            connection = wire.open_socket(int(address.rpartition(":")[2]))
            window = b"\0\0\0\0" if number % 2 else b"\x7f\xff\xff\xff"
            connection.sendall(wire.PREFACE + wire.frame(wire.SETTINGS, 0, 0, b"\0\4" + window) + b"".join(
                wire.frame(wire.HEADERS, wire.END_HEADERS, 2 * i + 1, headers) + wire.frame(wire.DATA, wire.END_STREAM, 2 * i + 1, body)
                for i in range(_WATCHES)))
            opened.append(connection)
        time.sleep(seconds)
        for connection in opened:
            connection.close()
        return []
