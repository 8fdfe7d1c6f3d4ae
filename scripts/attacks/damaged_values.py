"""Values of the database that are no values: of a VM, of events."""

import subprocess
import threading
import time
from pathlib import Path

import grpc
from armstate.v1 import (admin_service_pb2, admin_service_pb2_grpc, checkpoint_pb2, checkpoint_service_pb2, checkpoint_service_pb2_grpc,
                         checkpoint_watch_pb2, register_search_pb2)
from google.protobuf import duration_pb2, field_mask_pb2

from . import wire
from .attack import Attack, Settings
from .server import OwnServer

_VMS = 30


class DamagedValues(Attack):
    name = "damaged-values"
    about = "a VM's value and all events of before are damaged: lists, search, statistics and the sweep go on without them"
    needs_own_server = True
    options = ("--retention_sweep_seconds=1",)

    def make_data(self, settings: Settings, data_dir: Path) -> None:
        filled = OwnServer(settings.programs.armstated, data_dir, settings.memory_limit)
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(filled.address))
        for number in range(_VMS):
            for version in range(2):
                stub.CreateCheckpoint(wire.push(f"a-{number:02}", wire.checkpoint(8, version)), timeout=10)
        filled.stop()
        for family, which in (("vms", "first"), ("events", "all")):
            subprocess.run([settings.programs.damage, data_dir, family, which], check=True, stdout=subprocess.DEVNULL)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        channel = wire.connect(address)
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
        checks = [lambda: _list(stub), lambda: _search(stub), lambda: _statistics(channel), lambda: _watch(stub), lambda: _sweep(stub)]
        end = time.monotonic() + seconds
        while True:
            wrong = []
            for check in checks:
                try:
                    wrong += check()
                except grpc.RpcError as error:
                    wrong.append(wire.explain(error))
            if wrong or time.monotonic() > end:
                return wrong
            time.sleep(0.5)


def _list(stub) -> list[str]:
    listed, token = [], ""
    while True:
        page = stub.ListVms(checkpoint_service_pb2.ListVmsRequest(page_size=7, page_token=token), timeout=10)
        listed += page.vms
        token = page.next_page_token
        if not token:
            break
    damaged = [vm.name for vm in listed if vm.HasField("error")]
    whole = [vm.name for vm in listed if vm.name.startswith("vms/a-") and not vm.HasField("error")]
    wrong = [] if damaged == ["vms/a-00"] else [f"the list has as damaged: {damaged}"]
    return wrong if len(whole) == _VMS - 1 else wrong + [f"the list has {len(whole)} of {_VMS - 1} VMs that are not damaged"]


def _search(stub) -> list[str]:
    request = register_search_pb2.SearchRegistersRequest(filter='vm = "a-*"', page_size=1000)
    deadline = time.monotonic() + 10
    while True:
        try:
            found = stub.SearchRegisters(request, timeout=10)
            break
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                return [f"search is answered {wire.explain(error)}"]
            time.sleep(0.3)
    return [] if len(found.checkpoints) >= _VMS - 1 else [f"search finds {len(found.checkpoints)} VMs"]


def _statistics(channel: grpc.Channel) -> list[str]:
    found = admin_service_pb2_grpc.AdminServiceStub(channel).GetStatistics(admin_service_pb2.GetStatisticsRequest(), timeout=10)
    return [] if found.damaged_vm_count == 1 and found.vm_count >= _VMS else [
        f"statistics count {found.vm_count} VMs, {found.damaged_vm_count} damaged"]


def _watch(stub) -> list[str]:
    """From now on; who asks for older events is told that they are gone, or gets what can be read of them."""
    events = stub.WatchCheckpoints(checkpoint_watch_pb2.WatchCheckpointsRequest(parent="vms/watched"), timeout=10)
    next(events)  # the first one is PROGRESS
    pushing = threading.Timer(0.2, lambda: stub.CreateCheckpoint(wire.push("watched", wire.checkpoint()), timeout=10))
    pushing.start()
    for event in events:
        if event.kind == checkpoint_watch_pb2.CheckpointEvent.KIND_CREATED:
            events.cancel()
            return []
    return ["a watch does not tell what is pushed"]


def _sweep(stub) -> list[str]:
    """A VM with a name behind the damaged one's, whose versions are too old after a second."""
    name = f"swept-{time.monotonic_ns()}"
    for version in range(3):
        stub.CreateCheckpoint(wire.push(name, wire.checkpoint(8, version)), timeout=10)
    vm = checkpoint_pb2.Vm(name=f"vms/{name}", retention=checkpoint_pb2.Retention(keep_for=duration_pb2.Duration(seconds=1)))
    stub.UpdateVm(checkpoint_service_pb2.UpdateVmRequest(vm=vm, update_mask=field_mask_pb2.FieldMask(paths=["retention"])), timeout=10)
    deadline = time.monotonic() + 8
    while (kept := stub.GetVm(checkpoint_service_pb2.GetVmRequest(name=vm.name), timeout=10).checkpoint_count) > 1:
        if time.monotonic() > deadline:
            return [f"the sweep has left {kept} of 3 versions that are too old"]
        time.sleep(0.3)
    return []
