"""Checkpoints as large as they may be, and larger."""

import time

import grpc
from armstate.v1 import (checkpoint_pb2, checkpoint_service_pb2, checkpoint_service_pb2_grpc, comparison_pb2, register_list_pb2,
                         restore_plan_pb2, restore_service_pb2, restore_service_pb2_grpc, restore_target_pb2)

from . import wire
from .attack import Attack

_PATIENCE = 10  # seconds for each answer
_REFUSALS = {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"}
_TARGET = restore_target_pb2.RestoreTarget(cpu_profile="cpuProfiles/qemu-7.2.virt.cortex-a57")


class HugeCheckpoints(Attack):
    name = "huge-checkpoints"
    about = "checkpoints at and above the limits: what is stored can be read, compared and judged within 10 s, else it is refused"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        wrong = []
        channel = wire.connect(address)
        for name, (is_within, make) in _KINDS.items():
            wrong += _try(channel, name, is_within, make)
            if time.monotonic() > end:
                break
        return wrong


def _registers(count: int, vcpus: int = 1) -> checkpoint_pb2.Checkpoint:
    made = checkpoint_pb2.Checkpoint(source=checkpoint_pb2.Source(accelerator="ACCELERATOR_TCG"))
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


def _empty_vcpus(count: int) -> checkpoint_pb2.Checkpoint:
    made = wire.checkpoint()
    made.MergeFromString(b"\x3a\0" * count)  # field 7, of no bytes
    return made


# Whether it is within the limits (docs/limits.md). In the order of their harm: a short attack makes the first ones.
_KINDS = {
    "512 vCPUs of 1024 registers": (True, lambda: _registers(1024, 512)),
    "1 000 000 registers": (False, lambda: _registers(1_000_000)),
    "1 000 000 empty vCPUs": (False, lambda: _empty_vcpus(1_000_000)),
    "200 000 opaque fields": (False, lambda: _opaque(200_000, 1)),
    "100 000 vCPU features": (False, lambda: _features(100_000)),
    "200 000 gaps": (False, lambda: _gaps(200_000)),
    "512 vCPUs of 1025 registers": (False, lambda: _registers(1025, 512)),
    "513 vCPUs": (False, lambda: _registers(1, 513)),
    "15 MiB of opaque fields": (True, lambda: wire.large_checkpoint(15)),
    "4096 registers of a vCPU": (True, lambda: _registers(4096)),
    "4097 registers of a vCPU": (False, lambda: _registers(4097)),
    "2048 opaque fields": (True, lambda: _opaque(2048, 500)),
    "2049 opaque fields": (False, lambda: _opaque(2049, 1)),
    "256 vCPU features": (True, lambda: _features(256)),
    "4096 gaps": (True, lambda: _gaps(4096)),
    "17 MiB": (False, lambda: wire.large_checkpoint(17)),
}


def _pages(method, request) -> None:
    while token := method(request, timeout=_PATIENCE).next_page_token:
        request.page_token = token


def _try(channel: grpc.Channel, what: str, is_within: bool, make) -> list[str]:
    """Stores two of the kind, and asks everything about them."""
    stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
    restore = restore_service_pb2_grpc.RestoreServiceStub(channel)
    vm = "huge-" + what.replace(" ", "-")
    stored = make()
    for _ in range(2):
        code = wire.code_of(lambda: stub.CreateCheckpoint(wire.push(vm, stored), timeout=_PATIENCE))
        if not is_within and code in _REFUSALS:
            return []
        if code != "OK":
            return [f"a push of {what} is answered {code}"]
        for vcpu in stored.vcpus:
            vcpu.registers.values = b"\1" * len(vcpu.registers.values)
    first, second = f"vms/{vm}/checkpoints/1", f"vms/{vm}/checkpoints/2"

    validate = restore_service_pb2.ValidateCheckpointRequest(checkpoint=second, target=_TARGET)
    plan = restore_plan_pb2.PlanRestoreRequest(checkpoint=second, target=_TARGET)
    questions = {
        "GetCheckpoint": lambda: stub.GetCheckpoint(checkpoint_service_pb2.GetCheckpointRequest(name=second), timeout=_PATIENCE),
        "ListCheckpoints": lambda: _pages(stub.ListCheckpoints, checkpoint_service_pb2.ListCheckpointsRequest(parent=f"vms/{vm}")),
        "CompareCheckpoints": lambda: _pages(stub.CompareCheckpoints, comparison_pb2.CompareCheckpointsRequest(old_checkpoint=first, new_checkpoint=second)),
        "ValidateCheckpoint": lambda: _pages(restore.ValidateCheckpoint, validate),
        "PlanRestore": lambda: _pages(restore.PlanRestore, plan),
        "DeleteVm": lambda: stub.DeleteVm(checkpoint_service_pb2.DeleteVmRequest(name=f"vms/{vm}"), timeout=_PATIENCE),
    }
    wrong = []
    for question, ask in questions.items():
        try:
            ask()
        except grpc.RpcError as error:
            wrong.append(f"{what} can be stored, but {question} is answered {wire.explain(error)}")
    return wrong
