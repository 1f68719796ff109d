"""A process that keeps one other process, and ends it when the owner is gone: nothing we start outlives us.

Run by its path with the standard library alone. It holds a pipe from the owner: each byte on it is a signal for
the child, its end means the owner died, however it died. Where the system can (Linux), the child also dies with
the guard, and what the child leaves behind is swept up (docs/decisions/0103).
"""

from __future__ import annotations

import argparse
import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

_LINUX: Final = sys.platform == "linux"

# Linux: <sys/prctl.h>, <linux/capability.h>.
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_KEEPCAPS: Final = 8
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2

_FORWARDED: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--owner", type=int, required=True, help="read end of the owner's pipe")
    parser.add_argument("--report", type=int, required=True, help="where the child's pid is written")
    parser.add_argument(
        "--orphan-signal", type=int, default=signal.SIGTERM, help="sent when the owner is gone"
    )
    parser.add_argument("--orphan-grace", type=float, default=5.0, help="seconds from there to SIGKILL")
    parser.add_argument(
        "--death-signal", type=int, default=signal.SIGKILL, help="child's, when the guard dies"
    )
    parser.add_argument("--uid", type=int, help="run the child as this user")
    parser.add_argument("--gid", type=int, help="and this group")
    parser.add_argument("command", nargs="+")
    return parser.parse_args(argv)


def _prctl(option: int, value: int, more: int = 0) -> bool:
    zero = ctypes.c_ulong(0)
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(more), zero, zero)
    return bool(done == 0)


def _keep_right_of_way() -> None:
    # Root's own directories are closed to other users, and postgres refuses to be root: its user keeps the one
    # right to pass through them, instead of our opening them to everyone (docs/decisions/0101).
    libc = ctypes.CDLL(None, use_errno=True)
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    sets = (_CapabilitySet * 2)()
    if libc.capget(ctypes.byref(header), sets) != 0:
        return
    held = int(sets[0].permitted)
    for capability in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE):
        if held & (1 << capability):
            mask = 1 << capability
            sets[0] = _CapabilitySet(mask, mask, mask)
            sets[1] = _CapabilitySet(0, 0, 0)
            if libc.capset(ctypes.byref(header), sets) == 0:
                _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
            return


def _become(uid: int, gid: int) -> None:
    if _LINUX:
        _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if _LINUX:
        _keep_right_of_way()


def _run_child(options: argparse.Namespace, guard: int) -> NoReturn:
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*_FORWARDED, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if options.uid is not None:
            _become(options.uid, options.gid)
        if _LINUX:
            # Last: a change of user clears it. And the guard may have died before it was set.
            _prctl(_PR_SET_PDEATHSIG, options.death_signal)
            if os.getppid() != guard:
                os._exit(1)
        os.execvp(options.command[0], options.command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(2, f"{options.command[0]}: {error}\n".encode())
    os._exit(127)


def _launch(options: argparse.Namespace) -> int:
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _run_child(options, guard)
    os.write(options.report, b"%d" % child)
    os.close(options.report)
    return child


def _send(child: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if number == signal.SIGKILL:
            os.killpg(child, number)
        os.kill(child, number)


def _reaped(child: int) -> int | None:
    """The child's wait status once it has ended; its adopted descendants are reaped on the way."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return 0
        if pid == child:
            return status
        if pid == 0:
            return None


def _watch(child: int, wake: int, options: argparse.Namespace) -> int:
    watched = [wake, options.owner]
    kill_at: float | None = None
    while (status := _reaped(child)) is None:
        left = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(watched, [], [], left)
        if wake in ready:
            for number in os.read(wake, 64):
                if number in _FORWARDED:
                    _send(child, number)
        if options.owner in ready:
            orders = os.read(options.owner, 64)
            for number in orders:
                _send(child, number)
            if not orders:
                watched.remove(options.owner)
                kill_at = time.monotonic() + options.orphan_grace
                _send(child, options.orphan_signal)
        if kill_at is not None and time.monotonic() >= kill_at:
            _send(child, signal.SIGKILL)
            kill_at = time.monotonic() + 1.0
    return status


def _descendants() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with suppress(OSError):
        return [int(pid) for pid in children.read_text().split()]
    return []


def _sweep(child: int) -> None:
    """What the child started and left: its group, and on Linux whatever fell to us as the next ancestor."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    while left := _descendants():
        for pid in left:
            _send(pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _end_like(status: int) -> int:
    """Our own end is the child's, so that the owner reads it from us."""
    if not os.WIFSIGNALED(status):
        return os.waitstatus_to_exitcode(status)
    number = os.WTERMSIG(status)
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _noticed(_number: int, _frame: FrameType | None) -> None:
    """Nothing: the wake-up pipe has the signal's number."""


def _signals_to_pipe() -> int:
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for number in (*_FORWARDED, signal.SIGCHLD):
        signal.signal(number, _noticed)
    return read


def main(argv: list[str]) -> int:
    options = _options(argv)
    wake = _signals_to_pipe()
    for descriptor in (options.owner, options.report):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - takes no keyword
    if _LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = _launch(options)
    status = _watch(child, wake, options)
    _sweep(child)
    return _end_like(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
