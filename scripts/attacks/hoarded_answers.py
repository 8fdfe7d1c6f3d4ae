"""Answers that are made and not taken, on many connections that answer pings."""

import os

from armstate.v1 import checkpoint_service_pb2, checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack

_CONNECTIONS, _ANSWERS, _KIBIBYTES = 300, 3, 300
_CONNECTIONS_PER_SECOND = 300


class HoardedAnswers(Attack):
    name = "hoarded-answers"
    about = f"{_CONNECTIONS} connections that ask for {_ANSWERS} answers of {_KIBIBYTES} KiB each, have no window for them, and answer pings"

    @staticmethod
    def prepare(address: str) -> None:
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
        stub.CreateCheckpoint(wire.push("hoard", wire.checkpoint(opaque=os.urandom(_KIBIBYTES << 10))), timeout=30)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        body = wire.message(checkpoint_service_pb2.GetCheckpointRequest(name="vms/hoard/checkpoints/latest").SerializeToString())
        calls = b"".join(wire.frame(wire.HEADERS, wire.END_HEADERS, 2 * i + 1, wire.call_headers(wire.SERVICE + "GetCheckpoint"))
                         + wire.frame(wire.DATA, wire.END_STREAM, 2 * i + 1, body) for i in range(_ANSWERS))
        no_window = wire.frame(wire.SETTINGS, 0, 0, b"\0\4\0\0\0\0")
        wire.open_and_hold(port, _CONNECTIONS, _CONNECTIONS_PER_SECOND, wire.PREFACE + no_window + calls, seconds)
        return []
