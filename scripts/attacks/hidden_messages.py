"""Messages without an end beside complete ones that cost nothing."""

import gzip
import time

from armstate.v1 import checkpoint_service_pb2

from . import wire
from .attack import Attack
from .half_messages import Sender

_CONNECTIONS = 4
_MOST_BYTES_PER_SECOND = 40 << 20  # of the messages without an end
_BYTES_PER_EMPTY_MESSAGE = 450
_MOST_BOMBS_PER_SECOND = 6


class HiddenMessages(Attack):
    name = "hidden-messages"
    about = "as half-messages, on connections that also send empty messages, a hundred in a frame, or such that unpack to 14 MiB"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        for is_bombs in (False, True):
            senders = [Sender(port) for _ in range(_CONNECTIONS)]
            streams = [sender.open(wire.call_headers(wire.SERVICE + "StreamCheckpoints")) for sender in senders]
            begin = time.monotonic()
            sent = hidden = 0
            while (passed := time.monotonic() - begin) < seconds / 2:
                before = sent
                for sender, stream in zip(senders, streams, strict=True):
                    if is_bombs and hidden < passed * _MOST_BOMBS_PER_SECOND:
                        hidden += sender.send(sender.open(_BOMB_HEADERS), _BOMB) > 0
                    elif not is_bombs and sent > hidden:
                        hidden += sender.send(stream, wire.message(b"") * 100) // 5 * _BYTES_PER_EMPTY_MESSAGE
                    if sent < passed * _MOST_BYTES_PER_SECOND:
                        sent += sender.send_some()
                if sent == before:
                    time.sleep(0.01)
            for sender in senders:
                sender.close()
        return []


def _bomb() -> bytes:
    # An unknown field, of zeros.
    packed = gzip.compress(checkpoint_service_pb2.GetVmRequest(name="vms/x").SerializeToString() + b"\xfa\x3f\x80\x80\x80\x07" + bytes(14 << 20))
    return b"\1" + len(packed).to_bytes(4, "big") + packed


_BOMB = _bomb()
_BOMB_HEADERS = wire.call_headers(wire.SERVICE + "GetVm") + wire.header(b"grpc-encoding", b"gzip")
