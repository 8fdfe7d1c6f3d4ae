"""Messages that cannot be decoded."""

import os
import random
import time

import grpc
from armstate.v1 import (admin_service_pb2, checkpoint_service_pb2, engine_service_pb2, host_service_pb2, restore_service_pb2)

from . import wire
from .attack import Attack

_SERVICES = [module.DESCRIPTOR.services_by_name[name] for module, name in (
    (checkpoint_service_pb2, "CheckpointService"), (restore_service_pb2, "RestoreService"), (engine_service_pb2, "EngineService"),
    (host_service_pb2, "HostService"), (admin_service_pb2, "AdminService"))]
_GARBAGE = [b"\xff" * 9, b"\x0a\x7f", b"\x0a\x02\xff\xfe", b"\x08", b"\x0b" * 200, b"\x12\xff\xff\xff\xff\x0f", os.urandom(300)]
_MOST_PER_SECOND = 500


class Garbage(Attack):
    name = "garbage"
    about = "bytes that cannot be decoded, to every method, and between the good messages of a stream"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        channel = wire.connect(address)
        wrong = _stream(channel)
        for service in _SERVICES:
            for method in service.methods:
                if not method.server_streaming:
                    wrong += _unary(channel, f"/{service.full_name}/{method.name}")
        pick = random.Random(1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            begin = time.monotonic()
            service = pick.choice(_SERVICES)
            method = pick.choice(service.methods)
            _frames(int(address.rpartition(":")[2]), f"/{service.full_name}/{method.name}", pick)
            time.sleep(max(0.0, 1 / _MOST_PER_SECOND - (time.monotonic() - begin)))
        return wrong


def _unary(channel: grpc.Channel, path: str) -> list[str]:
    wrong = []
    for body in _GARBAGE:
        try:
            channel.unary_unary(path)(body, timeout=10)
        except grpc.RpcError as error:
            # A few are messages by chance, and then refused for what they say.
            if error.code() in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL) or not error.details():
                wrong.append(f"{path} answers garbage with {wire.explain(error)}")
    return wrong


def _stream(channel: grpc.Channel) -> list[str]:
    """Good, garbage, good, good: one is acknowledged, then the stream ends with the reason."""
    def one(number: int) -> bytes:
        request = wire.push(f"garbage-{number}", wire.checkpoint(4, number))
        return checkpoint_service_pb2.StreamCheckpointsRequest(requests=[request]).SerializeToString()
    label = wire.checkpoint(4)
    label.labels["team"] = "web"
    request = checkpoint_service_pb2.StreamCheckpointsRequest(requests=[wire.push("garbage-6", label)])
    in_label = request.SerializeToString().replace(b"web", b"\xff\xfe\xfd")
    wrong = []
    for what, garbage in (("garbage", b"\xff" * 20), ("a label that is no UTF-8", in_label)):
        acknowledged = 0
        answers = channel.stream_stream(wire.SERVICE + "StreamCheckpoints")(iter([one(1), garbage, one(3), one(4)]), timeout=10)
        code = grpc.StatusCode.OK
        try:
            for answer in answers:
                acknowledged += len(checkpoint_service_pb2.StreamCheckpointsResponse.FromString(answer).acknowledgements)
        except grpc.RpcError as error:
            code = error.code()
        if acknowledged != 1 or code != grpc.StatusCode.INVALID_ARGUMENT:
            wrong.append(f"a stream with {what} after a good message acknowledged {acknowledged} and ended with {code.name}")
    return wrong


def _frames(port: int, path: str, pick: random.Random) -> None:
    """A connection whose call has frames of all kinds of nonsense."""
    body = pick.choice(_GARBAGE)
    nonsense = [
        wire.frame(wire.DATA, wire.END_STREAM, 1, wire.message(body)),
        wire.frame(wire.DATA, 0, 1, b"\0\xff\xff\xff\xff" + body),                       # 4 GiB, it says
        wire.frame(wire.DATA, wire.END_STREAM, 1, b"\1" + wire.message(body)[1:]),       # compressed, it says
        wire.frame(wire.DATA, wire.END_STREAM, 1, b"\0\0\0\1\0" + body),                 # ends too early
        wire.frame(wire.CONTINUATION, 0, 1, body),
        wire.frame(wire.WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff"),
        wire.frame(wire.SETTINGS, 0, 0, os.urandom(6 * 20)),
        wire.frame(pick.randrange(256), pick.randrange(256), pick.randrange(1 << 31), body),
        os.urandom(200),
    ]
    with wire.open_socket(port) as connection:
        try:
            connection.sendall(wire.greeting() + wire.frame(wire.HEADERS, wire.END_HEADERS, 1, wire.call_headers(path)) + pick.choice(nonsense))
            connection.settimeout(0.05)
            while connection.recv(1 << 16):
                pass
        except OSError:
            pass  # it has hung up, or waits for more
