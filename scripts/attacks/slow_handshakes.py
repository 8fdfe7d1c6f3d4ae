"""Connections that send a byte at a time (slow loris)."""

import time

from . import wire
from .attack import Attack

_OF_EACH_KIND = 60


class SlowHandshakes(Attack):
    name = "slow-handshakes"
    about = f"{3 * _OF_EACH_KIND} connections that send their greeting, their headers, or their message a byte at a time"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        headers = wire.call_headers(wire.SERVICE + "CreateCheckpoint")
        call = wire.greeting() + wire.frame(wire.HEADERS, wire.END_HEADERS, 1, headers)
        kinds = [  # what is sent at once, what then
            (b"", wire.PREFACE + b"\0" * 1000),
            (wire.greeting() + wire.frame(wire.HEADERS, 0, 1, headers)[:9], headers + b"\0" * 1000),
            (call + b"\0\0\x40\0\0\0\0\0\1" + b"\0\0\xff\xff\xff", b"\x0a" * 1000),  # a message of 16 MiB, in a frame of 16 KiB
        ]
        opened = []
        for at_once, slowly in kinds * _OF_EACH_KIND:
            connection = wire.open_socket(port)
            connection.sendall(at_once)
            opened.append((connection, slowly))
        begin = time.monotonic()
        for number in range(1000):
            if time.monotonic() - begin > seconds:
                break
            for connection, slowly in opened:
                try:
                    connection.send(slowly[number:number + 1])
                except OSError:
                    pass  # it has hung up, as it should after a while
            time.sleep(0.5)
        for connection, _ in opened:
            connection.close()
        return []
