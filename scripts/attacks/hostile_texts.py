"""Filters, tokens, names, masks and compressed files that were made to hurt."""

import os
import subprocess
import time

import grpc
from armstate.v1 import (checkpoint_pb2, checkpoint_service_pb2, checkpoint_service_pb2_grpc, checkpoint_watch_pb2, host_service_pb2,
                         host_service_pb2_grpc, register_history_pb2, register_search_pb2)
from google.protobuf import field_mask_pb2

from . import wire
from .attack import Attack

_ANSWERS = {"INVALID_ARGUMENT", "NOT_FOUND", "RESOURCE_EXHAUSTED", "OUT_OF_RANGE"}
_PATIENCE = 10
_MEGABYTE = 1_000_000


class HostileTexts(Attack):
    name = "hostile-texts"
    about = "filters, tokens, names and masks of a megabyte and of any depth, files that are a thousand times larger unpacked: each is refused"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        channel = wire.connect(address)
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
        hosts = host_service_pb2_grpc.HostServiceStub(channel)
        stub.CreateCheckpoint(wire.push("texts", wire.checkpoint()), timeout=_PATIENCE)
        calls = [(f"a filter {text[:20]}...", lambda text=text: stub.SearchRegisters(
            register_search_pb2.SearchRegistersRequest(filter=text), timeout=_PATIENCE)) for text in _filters()]
        for text in _texts():
            shown = repr(text[:20])
            calls += [
                (f"a page token {shown}", lambda text=text: stub.ListVms(
                    checkpoint_service_pb2.ListVmsRequest(page_token=text), timeout=_PATIENCE)),
                (f"a page token {shown}", lambda text=text: stub.SearchRegisters(
                    register_search_pb2.SearchRegistersRequest(filter="vcpu = 0", page_token=text), timeout=_PATIENCE)),
                (f"a resume token {shown}", lambda text=text: list(stub.WatchCheckpoints(
                    checkpoint_watch_pb2.WatchCheckpointsRequest(parent="vms/-", resume_token=text), timeout=_PATIENCE))),
                (f"a name {shown}", lambda text=text: stub.GetCheckpoint(
                    checkpoint_service_pb2.GetCheckpointRequest(name=f"vms/texts/checkpoints/{text}"), timeout=_PATIENCE)),
                (f"a VM {shown}", lambda text=text: stub.CreateCheckpoint(wire.push(text, wire.checkpoint()), timeout=_PATIENCE)),
                (f"a register {shown}", lambda text=text: stub.ListRegisterHistory(
                    register_history_pb2.ListRegisterHistoryRequest(parent="vms/texts", register_name=text), timeout=_PATIENCE)),
                (f"a mask {shown}", lambda text=text: stub.UpdateVm(checkpoint_service_pb2.UpdateVmRequest(
                    vm=checkpoint_pb2.Vm(name="vms/texts"), update_mask=field_mask_pb2.FieldMask(paths=[text])), timeout=_PATIENCE)),
            ]
        for number, content in enumerate(_files()):
            probe = host_service_pb2.ProbeFile(name="lists", content=content)
            calls.append((f"probe file {number + 1}", lambda probe=probe: hosts.CreateHost(
                host_service_pb2.CreateHostRequest(host_id="hostile", host=host_service_pb2.Host(), probe=[probe]), timeout=2 * _PATIENCE)))
        end = time.monotonic() + seconds
        wrong = []
        for what, call in calls:
            try:
                call()
                wrong.append(f"{what} is taken")
            except grpc.RpcError as error:
                if error.code().name not in _ANSWERS:
                    wrong.append(f"{what} is answered {wire.explain(error)[:300]}")
            if time.monotonic() > end:
                break
        return wrong


def _filters() -> list[str]:
    return ["(" * _MEGABYTE, "NOT " * (_MEGABYTE // 4) + "vcpu = 0 =", "-" * _MEGABYTE, "vcpu = " + "9" * _MEGABYTE, '"' + "a" * _MEGABYTE,
            "vcpu = 0 OR " * (_MEGABYTE // 12), "X0 = 0x" + "f" * _MEGABYTE, "labels." + "a" * _MEGABYTE + " = ",
            "".join(f"(X{i % 30} = {i} AND " for i in range(50_000))]


def _texts() -> list[str]:
    return ["\0", "-x", "-" + "A" * 64, "/" * 100_000, "é" * 100_000, "1" * _MEGABYTE, "..", "%s%n", "vms/" * 1000]


def _files() -> list[bytes]:
    """zstd: 256 MiB of zeros, cut, torn; JSON: deep, long, none."""
    bomb = subprocess.run("head -c 256M /dev/zero | zstd -q", shell=True, check=True, capture_output=True).stdout
    return [bomb, bomb[:-7], bomb[:100] + os.urandom(100), b"[" * _MEGABYTE, b'{"a":' * 200_000, b"\n" * _MEGABYTE, b'{"id":"' + b"x" * _MEGABYTE,
            os.urandom(_MEGABYTE)]
