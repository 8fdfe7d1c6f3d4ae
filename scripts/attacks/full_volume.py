"""A disk that runs full."""

import os
import time
from pathlib import Path

import grpc
from armstate.v1 import checkpoint_service_pb2, checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack
from .server import small_volume

_MEGABYTES = 160
_BYTES = 500_000  # of one push


class FullVolume(Attack):
    name = "full-volume"
    about = f"a file system of {_MEGABYTES} MB that is filled: what is there is read, deletions go through and make space"
    needs_own_server = True
    may_be_refused = frozenset({"RESOURCE_EXHAUSTED"})

    def before(self, data_dir: Path) -> tuple[str, ...]:
        return small_volume(data_dir, _MEGABYTES)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        """Two rounds; how long they take depends on the machine."""
        return [wrong for vm in ("filler-1", "filler-2") for wrong in _fill_and_delete(address, vm) + _wait_for_space(address)]


def _filler(vm: str, number: int) -> checkpoint_service_pb2.CreateCheckpointRequest:
    return wire.push(vm, wire.checkpoint(1, number, os.urandom(_BYTES)))


def _wait_for_space(address: str) -> list[str]:
    stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
    deadline = time.monotonic() + 30
    while (code := wire.code_of(lambda: stub.CreateCheckpoint(_filler("afterwards", 0), timeout=10))) != "OK":
        if time.monotonic() > deadline:
            return [f"30 s after the filler was deleted a push of {_BYTES >> 10} KiB is refused: {code}"]
        time.sleep(0.5)
    return []


def _fill_and_delete(address: str, vm: str) -> list[str]:
    stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
    stored = 0
    for _ in range(2000):
        try:
            stub.CreateCheckpoint(_filler(vm, stored), timeout=20)
            stored += 1
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED:
                return [f"a push to a full volume is answered {wire.explain(error)}"]
            break
    else:
        return ["the volume did not run full"]
    wrong = []
    calls = [(f"version {version}", lambda version=version: stub.DeleteCheckpoint(
        checkpoint_service_pb2.DeleteCheckpointRequest(name=f"vms/{vm}/checkpoints/{version}"), timeout=20)) for version in range(1, 6)]
    calls.append(("the VM", lambda: stub.DeleteVm(checkpoint_service_pb2.DeleteVmRequest(name=f"vms/{vm}"), timeout=20)))
    for what, call in calls:
        try:
            call()
        except grpc.RpcError as error:
            wrong.append(f"on a full volume {what} of {stored} cannot be deleted: {wire.explain(error)}")
    return wrong
