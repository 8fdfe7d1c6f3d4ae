"""The same request_id again, while its version is deleted."""

import queue
import threading
import time
from collections import Counter

import grpc
from armstate.v1 import checkpoint_service_pb2, checkpoint_service_pb2_grpc

from . import wire
from .attack import Attack

# With as many as the fault needs.
_PUSHERS, _DELETERS = 24, 8
_ANSWERS = {"OK", "NOT_FOUND"}


class Retries(Attack):
    name = "retries"
    about = "the same request_id again while its version is deleted: never DATA_LOSS"

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        stored: queue.Queue[str] = queue.Queue()
        codes: Counter = Counter()
        others: list[str] = []

        def call(method, request, timeout: float = 10):
            try:
                answer = method(request, timeout=timeout)
                codes["OK"] += 1
                return answer
            except grpc.RpcError as error:
                codes[error.code().name] += 1
                if error.code().name not in _ANSWERS and len(others) < 3:
                    others.append(wire.explain(error))
                return None

        def push(thread: int) -> None:
            stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
            while time.monotonic() < end:
                request = wire.push(f"retried-{thread % 2}", wire.checkpoint(4, thread))
                if (first := call(stub.CreateCheckpoint, request)) is not None:
                    stored.put(first.name)
                    call(stub.CreateCheckpoint, request)
                time.sleep(0.02)

        def delete() -> None:
            stub = checkpoint_service_pb2_grpc.CheckpointServiceStub(wire.connect(address))
            while time.monotonic() < end:
                try:
                    call(stub.DeleteCheckpoint, checkpoint_service_pb2.DeleteCheckpointRequest(name=stored.get(timeout=0.1)))
                except queue.Empty:
                    pass

        threads = [threading.Thread(target=push, args=(i,)) for i in range(_PUSHERS)] + [threading.Thread(target=delete) for _ in range(_DELETERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if codes["OK"] < 10:
            others.append(f"only {codes['OK']} calls were answered")
        return [f"a retry or deletion is answered {other}; all: {dict(codes)}" for other in others]
