"""Searches with very many matches, each kept for its next page."""

import threading
import time

import grpc
from armstate.v1 import checkpoint_pb2, checkpoint_service_pb2_grpc, register_search_pb2

from . import wire
from .attack import Attack

_VMS, _VCPUS, _THREADS = 150, 256, 4


class Searches(Attack):
    name = "searches"
    about = f"searches that match all {_VMS} VMs of {_VCPUS} vCPUs, each another one, so that the server keeps its answer"

    @staticmethod
    def prepare(address: str) -> None:
        stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
        made = checkpoint_pb2.Checkpoint(source=checkpoint_pb2.Source(accelerator="ACCELERATOR_TCG"))
        for index in range(_VCPUS):
            made.vcpus.add(vcpu_index=index, registers=wire.general_registers(8))
        for vm in range(_VMS):
            stub.CreateCheckpoint(wire.push(f"searched-{vm}", made), timeout=30)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        wrong: list[str] = []
        answered: list[int] = []

        def search(thread: int) -> None:
            stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
            turn = 0
            while time.monotonic() < end and len(wrong) < 3:
                turn += 1
                text = f"vcpu_count > {turn % 200} AND register_count > {thread} AND version < {turn + 10}"
                request = register_search_pb2.SearchRegistersRequest(filter=text, page_size=1)
                try:
                    answered.append(stub.SearchRegisters(request, timeout=30).total_count)
                except grpc.RpcError as error:
                    if error.code() not in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                        wrong.append(f"SearchRegisters is answered {wire.explain(error)}")
                    time.sleep(0.1)

        threads = [threading.Thread(target=search, args=(i,)) for i in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not wrong and max(answered, default=0) < _VMS:
            wrong.append(f"the searches matched {max(answered, default=0)} VMs at most")
        return wrong
