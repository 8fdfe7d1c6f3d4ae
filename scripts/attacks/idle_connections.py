"""More connections than there are descriptors."""

import socket
import time
from pathlib import Path

import grpc
from armstate.v1 import checkpoint_service_pb2, checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack, Settings
from .server import Server

_CONNECTIONS = 400


class IdleConnections(Attack):
    name = "idle-connections"
    about = f"{_CONNECTIONS} connections that say nothing, under `ulimit -n 256`; who comes afterwards is served"
    needs_own_server = True

    def before(self, data_dir: Path) -> tuple[str, ...]:
        return ("sh", "-c", 'ulimit -n 256 && exec "$@"', "sh")

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        port = int(address.rpartition(":")[2])
        idle: list[socket.socket] = []
        end = time.monotonic() + seconds
        while len(idle) < _CONNECTIONS and time.monotonic() < end:
            try:
                idle.append(wire.open_socket(port, 2))
            except OSError:
                time.sleep(0.05)  # refused: tried again
        time.sleep(max(0.0, end - time.monotonic()))
        for connection in idle:
            connection.close()
        return []

    def afterwards(self, settings: Settings, server: Server) -> list[str]:
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(server.address))
        try:
            stub.ListVms(checkpoint_service_pb2.ListVmsRequest(), timeout=20, wait_for_ready=True)
        except grpc.RpcError as error:
            return [f"when all {_CONNECTIONS} are closed a new connection is not served: {wire.explain(error)}"]
        return []
