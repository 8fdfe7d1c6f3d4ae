"""The log that is written into is gone, or empty, when armstated starts again."""

import shutil
import signal
from pathlib import Path

from .attack import Attack, Attackers, Settings
from .server import NotStarted, OwnServer, Server
from .quiet import go_on


class LostLog(Attack):
    name = "lost-log"
    about = "armstated is killed, and its newest log removed, or emptied: the next start says which file is missing what"
    needs_own_server = True

    def during(self, settings: Settings, server: Server, attackers: Attackers) -> list[str]:
        return go_on(settings)

    def afterwards(self, settings: Settings, server: Server) -> list[str]:
        assert isinstance(server, OwnServer)
        server.stop(signal.SIGKILL)
        whole = server.data_dir.with_name("whole")
        server.data_dir.rename(whole)
        wrong = []
        for what, harm in (("removed", Path.unlink), ("emptied", _empty)):
            shutil.copytree(whole, server.data_dir)
            log = max(server.data_dir.glob("*.log"))
            harm(log)
            begin = len(server.log())
            try:
                server.start()
                server.stop(signal.SIGKILL)
            except NotStarted:
                pass
            if log.name not in server.log()[begin:]:
                wrong.append(f"after {log.name} was {what} the next start says only: {server.log()[begin:].strip()[-300:]}")
            shutil.rmtree(server.data_dir)
        whole.rename(server.data_dir)
        server.start()
        return wrong


def _empty(file: Path) -> None:
    file.write_bytes(b"")
