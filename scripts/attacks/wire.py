"""What an attacker says to armstated: by gRPC with whatever bytes it likes, or by frames of HTTP/2 that no library would send."""

import os
import select
import socket
import time
import uuid
from collections.abc import Callable

import grpc
from armstate.v1 import checkpoint_pb2, checkpoint_service_pb2, register_list_pb2
from google.rpc import error_details_pb2, status_pb2

X0 = 0x6030000000100000  # the register ID of X0; X1 is X0 + 2 and so on
SERVICE = "/armstate.v1.CheckpointService/"


def connect(address: str) -> grpc.Channel:
    """A connection of its own, without limits of the client's."""
    return grpc.insecure_channel(address, options=[
        ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)])


def checkpoint(registers: int = 8, seed: int = 0, opaque: bytes = b"") -> checkpoint_pb2.Checkpoint:
    made = checkpoint_pb2.Checkpoint(source=checkpoint_pb2.Source(accelerator="ACCELERATOR_TCG"))
    vcpu = made.vcpus.add(registers=general_registers(registers, seed))
    if opaque:
        vcpu.opaque_fields.add(name="bytes", data=opaque)
    return made


def general_registers(count: int, seed: int = 0) -> register_list_pb2.RegisterList:
    values = b"".join(((seed * 1000003 + i * 7) % (1 << 64)).to_bytes(8, "little") for i in range(count))
    return register_list_pb2.RegisterList(ids=[X0 + 2 * i for i in range(count)], values=values)


def push(vm: str, stored: checkpoint_pb2.Checkpoint, request_id: str = "") -> checkpoint_service_pb2.CreateCheckpointRequest:
    return checkpoint_service_pb2.CreateCheckpointRequest(parent=f"vms/{vm}", checkpoint=stored, request_id=request_id or str(uuid.uuid4()))


def large_checkpoint(mebibytes: int, data: Callable[[int], bytes] = os.urandom) -> checkpoint_pb2.Checkpoint:
    """With so many vCPUs, each of a MiB of opaque data, which is the most that one may have."""
    made = checkpoint_pb2.Checkpoint(source=checkpoint_pb2.Source(accelerator="ACCELERATOR_TCG"))
    for index in range(mebibytes):
        vcpu = made.vcpus.add(vcpu_index=index, registers=general_registers(1))
        vcpu.opaque_fields.add(name="bytes", data=data((1 << 20) - 100))
    return made


def explain(error: grpc.RpcError) -> str:
    """Its code, message, reason and metadata in one line."""
    text = f"{error.code().name}: {error.details()}"
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    text += f" ({info.reason})"
    return text


def code_of(call) -> str:
    """Of a call that is made: "OK" or the name of its error's code."""
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


# HTTP/2 (RFC 9113).
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def greeting() -> bytes:
    return PREFACE + frame(SETTINGS, 0, 0)


def header(name: bytes, value: bytes) -> bytes:
    """HPACK, as plain bytes that are not indexed. Both shorter than 127."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call_headers(method: str) -> bytes:
    post, http = b"\x83", b"\x86"
    return (post + http + header(b":path", method.encode()) + header(b":authority", b"x") + header(b"content-type", b"application/grpc")
            + header(b"te", b"trailers"))


def message(body: bytes) -> bytes:
    return b"\0" + len(body).to_bytes(4, "big") + body


def open_socket(port: int, patience: float = 10) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=patience)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def open_and_hold(port: int, connections: int, per_second: float, first: bytes, seconds: float) -> None:
    """So many connections that send these bytes, and from then on read and answer pings; all within the seconds."""
    end = time.monotonic() + seconds
    begin = time.monotonic()
    opened: dict[int, socket.socket] = {}
    with select.epoll() as poll:
        for number in range(connections):
            if time.monotonic() >= end:
                break
            try:
                connection = open_socket(port)
                connection.sendall(first)
            except OSError:  # it has hung up, as it may
                continue
            opened[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
            _answer_pings(poll, opened, begin + number / per_second)
        _answer_pings(poll, opened, end)
    for connection in opened.values():
        connection.close()


def _answer_pings(poll: select.epoll, opened: dict[int, socket.socket], end: float) -> None:
    """A ping that comes in two parts is not answered: for that the server hangs up later."""
    while (left := end - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left):
            try:
                received = opened[descriptor].recv(1 << 16)
                ended = not received
                while len(received) >= 9:
                    size, kind, flags = int.from_bytes(received[:3], "big"), received[3], received[4]
                    if kind in (SETTINGS, PING) and not flags:
                        opened[descriptor].sendall(frame(kind, 1, 0, received[9:9 + size] if kind == PING else b""))
                    received = received[9 + size:]
            except OSError:
                ended = True
            if ended:
                poll.unregister(descriptor)
                opened.pop(descriptor).close()
