"""Attempts that must fail inside the sandbox, made at every start: a tier is proved, not assumed."""

import _thread
import contextlib
import ctypes
import errno
import mmap
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lawsmith.sandbox.isolation import kernel


@dataclass(frozen=True)
class Bait:
    """What the attempts reach for: all of it is really there, and really open to this user.

    folder: may be written by anyone and holds the file `secret`, which may be read by anyone. port: listens
    on the loopback interface. parent: a living process of this user, with an environment. memory: more bytes
    than a job may have.
    """

    folder: str
    port: int
    parent: int
    memory: int

    @property
    def secret(self) -> str:
        """Path of the file that no candidate may read."""
        return f"{self.folder}/secret"


@contextlib.contextmanager
def bait(memory: int) -> Iterator[Bait]:
    """Lays out the bait for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="canary-") as folder, socket.socket() as listener:
        os.chmod(folder, 0o777)
        secret = Path(folder, "secret")
        secret.write_text("a canary sang here")
        secret.chmod(0o644)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with socket.socket(socket.AF_UNIX) as local:
            local.bind(f"{folder}/socket")
            local.listen()
            os.chmod(f"{folder}/socket", 0o777)
            yield Bait(folder, listener.getsockname()[1], os.getpid(), memory)


def _connect(bait: Bait) -> None:
    with socket.socket() as outward:
        outward.settimeout(1)
        outward.connect(("127.0.0.1", bait.port))


def _connect_locally(bait: Bait) -> None:
    with socket.socket(socket.AF_UNIX) as local:
        local.settimeout(1)
        local.connect(f"{bait.folder}/socket")


def _fork(bait: Bait) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _execute(bait: Bait) -> None:
    try:
        os.execve(f"{bait.folder}/no-such-program", ["no-such-program"], {})
    except OSError as error:
        if error.errno != errno.ENOENT:  # the kernel looked for it: it would have run
            raise


def _start_thread(bait: Bait) -> None:
    done = _thread.allocate_lock()
    done.acquire()
    _thread.start_new_thread(done.release, ())
    if not done.acquire(timeout=1):
        raise TimeoutError("the thread never ran")


def _wake_others(bait: Bait) -> None:
    page = ctypes.cast(ctypes.CDLL(None).getpid, ctypes.c_void_p)  # of a file that every process has mapped
    kernel.syscall(_FUTEX.get(os.uname().machine, -1), page, _WAKE, 1, None, None, 0)


_TRACE_ME = 0
_WAKE = 1  # without the flag that keeps it in this process
_FUTEX = {"x86_64": 202, "aarch64": 98}
_PTRACE = {"x86_64": 101, "aarch64": 117}
_SYSINFO = {"x86_64": 99, "aarch64": 179}

CANARIES: dict[str, Callable[[Bait], object]] = {
    "read a file": lambda bait: Path(bait.secret).read_bytes(),
    "read a file through numpy": lambda bait: np.fromfile(bait.secret, dtype=np.uint8),
    "write a file": lambda bait: Path(bait.folder, f"written-{os.getpid()}").write_text("x"),
    "read the parent's environment": lambda bait: Path(f"/proc/{bait.parent}/environ").read_bytes(),
    "connect over TCP": _connect,
    "connect to a local socket": _connect_locally,
    "signal the parent": lambda bait: os.kill(bait.parent, 0),
    "fork": _fork,
    "run a program": _execute,
    "start a thread": _start_thread,
    "enter a namespace": lambda bait: kernel.unshare(0),  # leaves nothing, but only where leaving is allowed at all
    "make an anonymous file": lambda bait: os.close(os.memfd_create("canary")),
    "trace a process": lambda bait: kernel.syscall(_PTRACE.get(os.uname().machine, -1), _TRACE_ME, 0, 0, 0),
    "exceed the memory limit": lambda bait: mmap.mmap(-1, bait.memory).close(),
    "wake another process": _wake_others,
    "read the parent's clock": lambda bait: time.clock_gettime((~bait.parent << 3) | 2),
    "see the parent's processors": lambda bait: os.sched_getaffinity(bait.parent),
    "open a library's file": lambda bait: os.close(os.open(np.__file__, os.O_RDONLY)),
    "tell free memory": lambda bait: kernel.syscall(_SYSINFO.get(os.uname().machine, -1), kernel.pointer(bytes(256))),
}
STOPPED, PASSED = "stopped", "passed"


def attempt(bait: Bait) -> dict[str, str]:
    """Tries everything here and now: name -> "stopped: how", or "passed"."""
    return {name: _outcome(canary, bait) for name, canary in CANARIES.items()}


def _outcome(canary: Callable[[Bait], object], bait: Bait) -> str:
    try:
        canary(bait)
    except (OSError, MemoryError, RuntimeError, ValueError) as error:
        return f"{STOPPED}: {type(error).__name__}"
    return PASSED
