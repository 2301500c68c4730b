"""The parent's end of one warm process: starting it at a tier, launching jobs from it, taking it down."""

import contextlib
import json
import math
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lawsmith.sandbox.isolation import Tier
from lawsmith.sandbox.limits import Limits
from lawsmith.sandbox.pool import numeric_library, paths
from lawsmith.sandbox.pool.protocol import ENDED, LAUNCH, MESSAGE_BYTES, STARTED

START_SECONDS = 300.0  # to import numpy and prove isolation: a second, and minutes on a loaded machine
STALL_SECONDS = 120.0  # for what the warm process itself must do; a candidate has no part in it
_CHUNK = 1 << 16  # bytes read at once: what a pipe holds
_LONGEST_WAIT = 3600.0  # what the kernel counts in milliseconds has an end


class WarmProcessFailed(RuntimeError):
    """The warm process could not be started, or went away; says why."""


class WarmProcessLost(WarmProcessFailed):
    """It went away without a word, most likely killed from outside: nothing that another start would not heal."""


class Deadly(WarmProcessFailed):
    """The job killed one process that forks after the other, and is not tried again."""


@dataclass(frozen=True)
class Outcome:
    """How one process ended, by the kernel, and the bytes that it wrote.

    signal: the one that ended it, or None. exit_code: None when it was ended by a signal. started: it was
    locked down and about to run the candidate. overdue, talkative, oversized: why the parent ended it, if it
    did; stopped: why it ended it is no fault of the candidate's. waited: seconds that a process that was overdue was
    ready to run and did not get a processor.
    """

    exit_code: int | None
    signal: int | None
    started: bool
    reply: bytes
    output: bytes
    wall: float
    cpu: float
    peak_bytes: int
    overdue: bool = False
    talkative: bool = False
    oversized: bool = False
    stopped: bool = False
    waited: float = 0.0


class WarmProcess:
    """One warm process. `launch` may be called by many threads."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier
        self._lock = threading.Lock()
        self._lost = False
        self._imported: set[str] = set()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._process = subprocess.Popen(
                    paths.command(theirs.fileno()),
                    env=paths.environment(),
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as error:
            self._control.close()
            raise WarmProcessFailed(f"the interpreter could not be started: {error}") from None

    def wait_ready(self) -> None:
        """Returns once the process is locked down and warm; raises WarmProcessFailed with its reason otherwise.

        Raises RuntimeError for what no other tier would heal: a bug of ours, or a start without end.
        """
        self._control.settimeout(START_SECONDS)
        try:
            self._control.send(json.dumps(self._setup()).encode())
            answer = json.loads(self._control.recv(MESSAGE_BYTES) or b"{}")
        except TimeoutError:  # a slow machine must not be taken for one that forbids this tier
            answer = {"bug": f"it was not ready after {START_SECONDS:g} s; the machine may be overloaded"}
        except OSError:
            answer = {}
        if not answer.get("ready"):
            self.close()
            if "bug" in answer:
                raise RuntimeError(f"the warm process failed: {answer['bug']}")
            if "error" in answer:
                raise WarmProcessFailed(answer["error"])
            raise WarmProcessLost("the warm process ended while starting")

    def _prepare(self, modules: Iterable[str]) -> None:
        with self._lock:
            for module in sorted(set(numeric_library.wanted(modules)) - self._imported):
                self._send(module.encode(), [])
                self._imported.add(module)

    def run(
        self, job: bytes, bound: int, limits: Limits, stop: float = math.inf, modules: Iterable[str] = ()
    ) -> Outcome:
        """Runs one job in a fresh fork until its end; raises WarmProcessFailed if the warm process goes away.

        `bound` is the most bytes that a reply can have; at the time `stop`, of the monotonic clock, the job is ended
        whatever it does. `modules`, which it is about to import, are imported once, before the fork.
        """
        try:
            return self._forked(job, bound, limits, stop, modules)
        except WarmProcessLost:
            self._lost = True
            raise

    def _forked(self, job: bytes, bound: int, limits: Limits, stop: float, modules: Iterable[str]) -> Outcome:
        self._prepare(modules)
        with contextlib.ExitStack() as stack:
            ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
            status, reporter = (
                stack.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            )
            read_end, write_end = os.pipe()
            output = stack.enter_context(open(read_end, "rb", buffering=0))
            with theirs, reporter, open(write_end, "wb", buffering=0):
                message = LAUNCH.pack(b"J", limits.cpu_seconds, limits.memory_bytes)
                with self._lock:
                    self._send(message, [theirs.fileno(), write_end, reporter.fileno()])
            pidfd = _started(status)
            stack.callback(os.close, pidfd)
            return _Watch(ours, output.fileno(), status, pidfd, bound, limits, stop).run(job)

    def close(self) -> None:
        """Ends the warm process and every candidate; returns when they are gone."""
        self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def alive(self) -> bool:
        """False as soon as a job found it gone, which the kernel tells before the process can be reaped."""
        return not self._lost and self._process.poll() is None

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._control, [message], descriptors)
        except OSError as error:
            raise WarmProcessLost(f"the warm process went away: {error}") from None

    def _setup(self) -> dict[str, object]:
        return {
            "tier": self.tier.value,
            "parent": os.getpid(),
            "library": paths.readable(),
            "packages": paths.packages(),
            "path": paths.import_path(),
        }


def _started(status: socket.socket) -> int:
    status.settimeout(STALL_SECONDS)
    try:
        _, descriptors, _, _ = socket.recv_fds(status, STARTED.size, 1)
    except OSError as error:
        raise WarmProcessLost(f"the warm process did not answer: {error}") from None
    if not descriptors:
        raise WarmProcessFailed("the warm process could not fork")
    return descriptors[0]


@dataclass(eq=False)
class _Watch:
    """Feeds one process its job, collects what it says within bounds, and ends it at its deadline."""

    channel: socket.socket
    output: int
    status: socket.socket
    pidfd: int
    bound: int
    limits: Limits
    stop: float

    def __post_init__(self) -> None:
        self.buffers = {self.channel.fileno(): bytearray(), self.output: bytearray()}
        self.poll, self.open = select.poll(), {self.channel.fileno(), self.output, self.status.fileno()}
        for descriptor in self.open:
            self.poll.register(descriptor, select.POLLIN)
        self.began = time.monotonic()
        self.deadline = self.began + STALL_SECONDS
        self.flags: dict[str, bool] = {}
        self.waited = 0.0
        self.ended: tuple[int, float, int] | None = None

    def run(self, job: bytes) -> Outcome:
        self._feed(job)
        while self.open:
            wait = min(self.deadline, self.stop) - time.monotonic()
            if wait <= 0:
                self._overdue()
                continue
            for descriptor, _ in self.poll.poll(min(wait, _LONGEST_WAIT) * 1000):
                self._read(descriptor)
        if self.ended is None:
            raise WarmProcessLost("the warm process went away while a job ran")
        return self._outcome(*self.ended)

    def _feed(self, job: bytes) -> None:
        self.channel.settimeout(STALL_SECONDS)
        try:
            self.channel.sendall(job)
        except OSError:
            return  # it died early; its exit status will tell

    def _read(self, descriptor: int) -> None:
        if descriptor == self.status.fileno():
            message = _receive(self.status)
            if message:
                self.ended = ENDED.unpack(message)
            self._done(descriptor)
            return
        try:
            data = os.read(descriptor, _CHUNK)
        except OSError:
            data = b""
        if not data:
            self._done(descriptor)
            return
        buffer = self.buffers[descriptor]
        if not buffer and descriptor != self.output:
            self.began = time.monotonic()
            self.deadline = self.began + self.limits.wall_seconds
        buffer += data
        if descriptor == self.output and len(buffer) > self.limits.output_bytes:
            self._kill("talkative", descriptor)
        elif descriptor != self.output and len(buffer) > self.bound + 1:
            self._kill("oversized", descriptor)

    def _overdue(self) -> None:
        if self.flags.get("overdue") or self.flags.get("stopped"):
            raise WarmProcessFailed("a killed process did not end")
        self.waited = _waited(self.pidfd)
        self._kill("stopped" if self.stop <= self.deadline else "overdue")
        self.deadline, self.stop = time.monotonic() + STALL_SECONDS, math.inf

    def _kill(self, why: str, finished: int | None = None) -> None:
        self.flags[why] = True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        if finished is not None:
            self._done(finished)

    def _done(self, descriptor: int) -> None:
        if descriptor in self.open:
            self.open.remove(descriptor)
            self.poll.unregister(descriptor)

    def _outcome(self, status: int, cpu: float, peak: int) -> Outcome:
        reply = bytes(self.buffers[self.channel.fileno()])
        return Outcome(
            exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            started=bool(reply),
            reply=reply[1:],
            output=bytes(self.buffers[self.output][: self.limits.output_bytes]),
            wall=time.monotonic() - self.began,
            cpu=cpu,
            peak_bytes=peak,
            waited=self.waited,
            **self.flags,
        )


def _waited(pidfd: int) -> float:
    """Seconds that the process was ready to run and had no processor: a busy machine, and no sleep of its own."""
    try:
        told = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
        pid = int(told.partition("Pid:")[2].split()[0])
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):  # a kernel that does not count it
        return 0.0


def _receive(status: socket.socket) -> bytes:
    try:
        return status.recv(ENDED.size)
    except OSError:
        return b""
