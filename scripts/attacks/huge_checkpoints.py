"""Checkpoints as large as they may be, and larger."""

import time

import grpc
from armstate.v1 import (checkpoint_pb2, checkpoint_service_pb2, checkpoint_service_pb2_grpc, comparison_pb2, register_list_pb2,
                         restore_service_pb2, restore_service_pb2_grpc)

from . import wire
from .attack import Attack

_REFUSALS = {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}
_PROFILE = "cpuProfiles/qemu-7.2.virt.cortex-a57"


class HugeCheckpoints(Attack):
    name = "huge-checkpoints"
    about = "checkpoints at and above the limits: what is stored can be read, compared and judged within 10 s, else it is refused"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        wrong = []
        channel = wire.connect(address)
        for name, make in _KINDS.items():
            wrong += _try(channel, name, make)
            if time.monotonic() > end:
                break
        return wrong


def _registers(count: int, vcpus: int = 1) -> checkpoint_pb2.Checkpoint:
    made = checkpoint_pb2.Checkpoint(source=checkpoint_pb2.Source(accelerator="TCG"))
    registers = register_list_pb2.RegisterList(ids=range(wire.X0, wire.X0 + count), values=bytes(8 * count))
    for index in range(vcpus):
        made.vcpus.add(vcpu_index=index, registers=registers)
    return made


def _features(count: int) -> checkpoint_pb2.Checkpoint:
    made = wire.checkpoint()
    made.source.vcpu_features.extend(f"feature-{i}" for i in range(count))
    return made


def _opaque(count: int, size: int) -> checkpoint_pb2.Checkpoint:
    made = wire.checkpoint()
    for i in range(count):
        made.vcpus[0].opaque_fields.add(name=f"field-{i}", data=bytes(size))
    return made


def _gaps(count: int) -> checkpoint_pb2.Checkpoint:
    made = wire.checkpoint()
    for i in range(count):
        made.gaps.add(register_id=wire.X0 + i, reason="is not there")
    return made


# In the order of their harm: a short attack makes the first ones.
_KINDS = {
    "1 000 000 registers": lambda: _registers(1_000_000),
    "200 000 opaque fields": lambda: _opaque(200_000, 1),
    "100 000 vCPU features": lambda: _features(100_000),
    "512 vCPUs of 2000 registers": lambda: _registers(2000, 512),
    "513 vCPUs": lambda: _registers(1, 513),
    "200 000 gaps": lambda: _gaps(200_000),
    "10 000 registers": lambda: _registers(10_000),
    "100 000 registers": lambda: _registers(100_000),
    "15 MiB in one opaque field": lambda: _opaque(1, 15 << 20),
    "17 MiB": lambda: _opaque(1, 17 << 20),
}


def _try(channel: grpc.Channel, what: str, make) -> list[str]:
    """Stores two of the kind, and asks everything about them."""
    stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
    restore = restore_service_pb2_grpc.RestoreServiceStub(channel)
    vm = "huge-" + what.replace(" ", "-")
    stored = make()
    for _ in range(2):
        code = wire.code_of(lambda: stub.CreateCheckpoint(wire.push(vm, stored), timeout=10))
        if code in _REFUSALS:
            return []
        if code != "OK":
            return [f"a push with {what} is answered {code}"]
        for vcpu in stored.vcpus:
            vcpu.registers.values = b"\1" * len(vcpu.registers.values)
    first, second = f"vms/{vm}/checkpoints/1", f"vms/{vm}/checkpoints/2"

    def compare() -> None:
        request = comparison_pb2.CompareCheckpointsRequest(old=first, new=second)
        while True:
            answer = stub.CompareCheckpoints(request, timeout=10)
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    questions = {
        "GetCheckpoint": lambda: stub.GetCheckpoint(checkpoint_service_pb2.GetCheckpointRequest(name=second), timeout=10),
        "ListCheckpoints": lambda: stub.ListCheckpoints(checkpoint_service_pb2.ListCheckpointsRequest(parent=f"vms/{vm}"), timeout=10),
        "CompareCheckpoints": compare,
        "ValidateCheckpoint": lambda: restore.ValidateCheckpoint(
            restore_service_pb2.ValidateCheckpointRequest(checkpoint=second, cpu_profile=_PROFILE), timeout=10),
        "PlanRestore": lambda: restore.PlanRestore(
            restore_service_pb2.PlanRestoreRequest(checkpoint=second, cpu_profile=_PROFILE), timeout=10),
        "DeleteVm": lambda: stub.DeleteVm(checkpoint_service_pb2.DeleteVmRequest(name=f"vms/{vm}"), timeout=10),
    }
    wrong = []
    for question, ask in questions.items():
        try:
            ask()
        except grpc.RpcError as error:
            wrong.append(f"{what} can be stored, but {question} is answered {wire.explain(error)}")
    return wrong
