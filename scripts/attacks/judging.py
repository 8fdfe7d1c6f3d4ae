"""Verdicts about very many hosts, by many callers at once."""

import threading
import time

import grpc
from armstate.v1 import (checkpoint_service_pb2_grpc, cpu_profile_pb2, host_service_pb2, host_service_pb2_grpc, register_list_pb2,
                         restore_service_pb2_grpc, restore_target_pb2)

from . import wire
from .attack import Attack

_HOSTS, _THREADS = 300, 8
_PROFILE = "cpuProfiles/qemu-7.2.virt.cortex-a57"


class Judging(Attack):
    name = "judging"
    about = f"{_THREADS} callers of FindRestoreTargets over {_HOSTS} hosts"

    @staticmethod
    def prepare(address: str) -> None:
        channel = wire.connect(address)
        hosts = host_service_pb2_grpc.HostServiceStub(channel)
        listed = hosts.ListCpuProfiles(host_service_pb2.ListCpuProfilesRequest(page_size=1000)).cpu_profiles
        profiles = [profile.name for profile in listed if ".virt.cortex-a" in profile.name]
        for number in range(_HOSTS):
            host = host_service_pb2.Host(profiles=[host_service_pb2.HostProfile(cpu_profile=profiles[number % len(profiles)])])
            hosts.CreateHost(host_service_pb2.CreateHostRequest(host_id=f"host-{number}", host=host), timeout=30)
        profile = hosts.GetCpuProfile(host_service_pb2.GetCpuProfileRequest(name=_PROFILE))
        judged = wire.checkpoint()
        judged.vcpus[0].registers.CopyFrom(_reset_values(profile))
        checkpoint_service_pb2_grpc.CheckpointServiceStub(channel).CreateCheckpoint(wire.push("judged", judged), timeout=30)

    @staticmethod
    def attack(address: str, seconds: float) -> list[str]:
        end = time.monotonic() + seconds
        wrong: list[str] = []
        answered: list[int] = []

        def ask() -> None:
            stub = restore_service_pb2_grpc.RestoreServiceStub(wire.connect(address))
            request = restore_target_pb2.FindRestoreTargetsRequest(checkpoint="vms/judged/checkpoints/1")
            while time.monotonic() < end and len(wrong) < 3:
                try:
                    answered.append(len(stub.FindRestoreTargets(request, timeout=30).targets))
                except grpc.RpcError as error:
                    if error.code() not in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED):
                        wrong.append(f"FindRestoreTargets is answered {wire.explain(error)}")
                    time.sleep(0.1)

        threads = [threading.Thread(target=ask) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not wrong and set(answered) != {_HOSTS}:
            wrong.append(f"FindRestoreTargets answered with {sorted(set(answered))} hosts, of {_HOSTS}")
        return wrong


def _reset_values(profile: cpu_profile_pb2.CpuProfile) -> register_list_pb2.RegisterList:
    made = register_list_pb2.RegisterList()
    for rule in profile.registers:
        size = 1 << ((rule.id >> 52) & 15)
        value = sum(word << 64 * i for i, word in enumerate(rule.reset))
        made.ids.append(rule.id)
        made.values += value.to_bytes(size, "little")
    return made
