"""The data_dir is moved away while armstated runs, and an empty one is in its place."""

import time

import grpc
from armstate.v1 import checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack, Attackers, Settings
from .server import OwnServer, Server


class ReplacedFolder(Attack):
    name = "replaced-folder"
    about = "data_dir is moved away and an empty one put there: nothing is acknowledged any more, until it is back"
    needs_own_server = True
    may_be_refused = frozenset({"UNAVAILABLE", "DATA_LOSS", "FAILED_PRECONDITION"})

    def during(self, settings: Settings, server: Server, attackers: Attackers) -> list[str]:
        assert isinstance(server, OwnServer)
        moved = server.data_dir.with_name("moved")
        time.sleep(min(settings.seconds, 5) / 2)
        server.data_dir.rename(moved)
        server.data_dir.mkdir()
        wrong = []
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(server.address))
        for number in range(10):
            try:
                stub.CreateCheckpoint(wire.push("nowhere", wire.checkpoint(4, number)), timeout=10)
                wrong.append(f"push {number + 1} after the folder was replaced is acknowledged")
            except grpc.RpcError as error:
                if str(server.data_dir) not in (error.details() or ""):
                    wrong.append(f"the folder is not named: {wire.explain(error)}")
            time.sleep(0.1)
        server.data_dir.rmdir()
        moved.rename(server.data_dir)
        deadline = time.monotonic() + 30
        while (code := wire.code_of(lambda: stub.CreateCheckpoint(wire.push("back", wire.checkpoint()), timeout=10))) != "OK":
            if time.monotonic() > deadline:
                return wrong + [f"30 s after the folder is back a push is answered {code}"]
            time.sleep(0.2)
        return wrong

    def afterwards(self, settings: Settings, server: Server) -> list[str]:
        """What was acknowledged must be in the folder, not in a process."""
        assert isinstance(server, OwnServer)
        server.stop()
        server.start()
        return []
