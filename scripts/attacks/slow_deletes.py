"""What takes the disk's time: deletions and retention of VMs with many versions."""

import threading
import time

import grpc
from armstate.v1 import checkpoint_pb2, checkpoint_service_pb2, checkpoint_service_pb2_grpc
from google.protobuf import field_mask_pb2

from . import wire
from .attack import Attack

_VMS, _VERSIONS, _THREADS = 40, 300, 8


class SlowDeletes(Attack):
    name = "slow-deletes"
    about = f"{_THREADS} callers of UpdateVm (retention) and DeleteVm on {_VMS} VMs of {_VERSIONS} versions, and of UpdateCheckpoint"

    @staticmethod
    def prepare(address: str) -> None:
        with wire.connect(address) as channel:
            stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)

            def requests():
                for version in range(_VERSIONS):
                    yield checkpoint_service_pb2.StreamCheckpointsRequest(
                        requests=[wire.push(f"slow-{vm}", wire.checkpoint(8, version)) for vm in range(_VMS)])
            for _ in stub.StreamCheckpoints(requests()):
                pass

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        wrong: list[str] = []

        def torment(thread: int) -> None:
            stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
            keep = _VERSIONS
            while time.monotonic() < end and len(wrong) < 3:
                keep = max(1, keep - 20)
                for vm in range(thread, _VMS, _THREADS):
                    try:
                        _torment(stub, f"vms/slow-{vm}", keep)
                    except grpc.RpcError as error:
                        if error.code() not in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED):
                            wrong.append(f"a retention or deletion is answered {wire.explain(error)}")
                    if time.monotonic() > end:
                        break

        threads = [threading.Thread(target=torment, args=(i,)) for i in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return wrong


def _torment(stub: checkpoint_service_pb2_grpc.CheckpointServiceStub, vm: str, keep: int) -> None:
    if keep > 1:
        changed = checkpoint_pb2.Vm(name=vm, retention=checkpoint_pb2.Retention(keep_last=keep))
        stub.UpdateVm(checkpoint_service_pb2.UpdateVmRequest(vm=changed, update_mask=field_mask_pb2.FieldMask(paths=["retention"])), timeout=30)
        protected = checkpoint_pb2.Checkpoint(name=f"{vm}/checkpoints/{_VERSIONS}", is_protected=keep % 40 == 0)
        stub.UpdateCheckpoint(checkpoint_service_pb2.UpdateCheckpointRequest(
            checkpoint=protected, update_mask=field_mask_pb2.FieldMask(paths=["is_protected"])), timeout=30)
    else:
        stub.DeleteVm(checkpoint_service_pb2.DeleteVmRequest(name=vm, delete_protected=True), timeout=30)
        for _ in range(20):
            stub.CreateCheckpoint(wire.push(vm.removeprefix("vms/"), wire.checkpoint(8)), timeout=30)
