"""What processes have used: CPU time and memory, with all their children."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Meter:
    """The processes that are looked at, by what they are. Servers of others, that were named to us, have none."""

    processes: Mapping[str, int]

    def read(self) -> dict[str, float]:
        """CPU seconds used so far, by process."""
        return {name: cpu_s(pid) for name, pid in self.processes.items()}

    def since(self, before: Mapping[str, float], messages: int) -> dict[str, float]:
        """CPU microseconds a message since then, by process, and all together."""
        used = {name: (now - before[name]) / messages * 1e6 for name, now in self.read().items()}
        return {name: round(value, 1) for name, value in (used | {"all": sum(used.values())}).items()}


def cpu_s(pid: int) -> float:
    """CPU seconds of a process and its children, ended ones included."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total: float = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


def rss_mib(pid: int) -> float:
    """Memory that a process has in RAM."""
    return float(psutil.Process(pid).memory_info().rss) / 2**20
