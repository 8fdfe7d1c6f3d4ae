"""Streams that push and never read an acknowledgement."""

import time

from armstate.v1 import checkpoint_service_pb2

from . import wire
from .attack import Attack

_STREAMS, _MEBIBYTES = 32, 8


class FullStreams(Attack):
    name = "full-streams"
    about = f"{_STREAMS} streams, each on its connection, of checkpoints of {_MEBIBYTES} MiB; nobody reads what is acknowledged"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        request = wire.push("full", wire.checkpoint(1, opaque=bytes(_MEBIBYTES << 20)))
        request.validate_only = True  # it is memory that is attacked, not the disk
        body = checkpoint_service_pb2.StreamCheckpointsRequest(requests=[request]).SerializeToString()
        calls = []

        def bodies():
            while time.monotonic() < end:
                yield body
                time.sleep(0.5)

        for _ in range(_STREAMS):
            method = wire.connect(address).stream_stream(wire.SERVICE + "StreamCheckpoints")
            calls.append(method(bodies(), timeout=seconds + 10))
        time.sleep(seconds)
        for call in calls:
            call.cancel()
        return []
