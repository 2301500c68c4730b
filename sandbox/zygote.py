"""The warm process that candidates are forked from: a script that imports numpy once, then forks.

It never sees a job: each job's own socket is handed through to the fork. It leaves as soon as the parent is
gone.
"""

import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import types
from dataclasses import dataclass
from typing import Any

LAUNCH = struct.Struct("<cdQ")  # b"J", CPU seconds, bytes of memory beyond the warm interpreter
STARTED = struct.Struct("<i")  # process id, sent with a pidfd
ENDED = struct.Struct("<idQ")  # wait status, CPU seconds, peak resident bytes
MESSAGE_BYTES = 64 * 1024
SETUP_FAILED = 97
_JOB, _NULL = 3, "/dev/null"
_LATE = ("multiprocessing.pool", "scipy._lib.pyprima", "scipy._lib.cobyqa")  # wanted late by scipy.optimize


@dataclass(frozen=True)
class Setup:
    """What the parent asks for; all of it is trusted."""

    tier: str
    parent: int
    library: list[str]  # folders and files that candidates may read
    packages: dict[str, str]  # our own packages and where they are
    path: list[str]  # where numpy and scipy are found


def main(descriptor: int) -> None:
    control = socket.socket(fileno=descriptor)
    setup = Setup(**json.loads(control.recv(MESSAGE_BYTES)))
    parent = os.pidfd_open(setup.parent)
    try:
        guard = _enter(setup, control)
        zygote = _warm(setup, control, parent, guard)
    except OSError as error:
        control.send(json.dumps({"error": str(error)}).encode())
        return
    control.send(json.dumps({"ready": True}).encode())
    zygote.serve()


def _enter(setup: Setup, control: socket.socket) -> "int | None":
    """Enters the namespaces of the tier; returns the user id that candidates are to become, if any."""
    _bare_packages(setup)
    from sandbox.isolation import kernel, namespaces

    uid = None if setup.tier == "none" else namespaces.spare_uid()
    if setup.tier == "full":
        namespaces.enter()
        child = os.fork()
        if child:
            control.close()
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return uid


def _warm(setup: Setup, control: socket.socket, parent: int, uid: "int | None") -> "Zygote":
    """Locks this process down as far as the tier has it, and imports everything that candidates need."""
    from sandbox.isolation import kernel, landlock, namespaces, seccomp

    size = os.open("/proc/self/statm", os.O_RDONLY)
    null = os.open(_NULL, os.O_RDWR)
    if setup.tier == "full":
        namespaces.private_root([*setup.library, *setup.packages.values()])
        namespaces.forget_capabilities()
        namespaces.drop_privileges(uid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # changing the user cleared it
        uid = None
    elif setup.tier != "none":
        namespaces.forget_capabilities()
    from sandbox import worker

    if setup.tier != "full":
        for module in _LATE:
            _import(module)
    if setup.tier in ("full", "no-namespace"):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict(setup.library)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    filter_program = None if setup.tier == "none" else seccomp.program(read_paths=setup.tier != "seccomp")
    return Zygote(control, parent, size, null, uid, filter_program, worker)


def _bare_packages(setup: Setup) -> None:
    """Makes our packages importable without running their __init__, which imports far more than is needed."""
    sys.path += setup.path
    for name, folder in setup.packages.items():
        package = types.ModuleType(name)
        package.__path__ = [folder]
        sys.modules[name] = package


class Zygote:
    """Forks a process per launch message, reports how each ended, and kills all when the parent goes."""

    def __init__(
        self,
        control: socket.socket,
        parent: int,
        size: int,
        null: int,
        uid: "int | None",
        filter_program: "bytes | None",
        worker: Any,
    ) -> None:
        self.control, self.parent, self.null = control, parent, null
        self.uid, self.filter_program, self.worker = uid, filter_program, worker
        self.warm_bytes = int(os.pread(size, 64, 0).split()[0]) * resource.getpagesize()
        self.children: dict[int, tuple[int, socket.socket]] = {}
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.poll.register(parent, select.POLLIN)

    def serve(self) -> None:
        import gc

        gc.collect()
        gc.freeze()
        gc.disable()
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor in self.children:
                    self._reap(descriptor)
                elif descriptor == self.parent or not self._receive():
                    return self._leave()

    def _receive(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES, 3)
        except OSError:
            return False
        if message[:1] == b"J":
            self._launch(*LAUNCH.unpack(message)[1:], *descriptors)
        elif message:
            _import(message.decode())
        return bool(message)

    def _launch(self, cpu: float, memory: int, job: int, output: int, status: int) -> None:
        reporter = socket.socket(fileno=status)
        try:
            child = os.fork()
        except OSError:
            child = -1
        if child == 0:
            self._become_candidate(cpu, memory, job, output)
        os.close(job)
        os.close(output)
        if child < 0:
            reporter.close()
            return
        pidfd = os.pidfd_open(child)
        self.children[pidfd] = child, reporter
        self.poll.register(pidfd, select.POLLIN)
        _report(reporter, STARTED.pack(child), [pidfd])

    def _reap(self, pidfd: int) -> None:
        child, reporter = self.children.pop(pidfd)
        _, status, usage = os.wait4(child, 0)
        _report(reporter, ENDED.pack(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))
        reporter.close()
        self.poll.unregister(pidfd)
        os.close(pidfd)

    def _leave(self) -> None:
        for pidfd in self.children:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        os._exit(0)

    def _become_candidate(self, cpu: float, memory: int, job: int, output: int) -> None:
        code = SETUP_FAILED
        try:
            self._lock_down(cpu, memory, job, output)
            self.worker.run(_JOB)
            code = 0
        except (OSError, LookupError, ImportError) as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(code)

    def _lock_down(self, cpu: float, memory: int, job: int, output: int) -> None:
        from sandbox.isolation import kernel, namespaces, seccomp

        zygote = os.getppid()
        os.setsid()
        for source, target in ((self.null, 0), (output, 1), (output, 2), (job, _JOB)):
            os.dup2(source, target)
        os.closerange(_JOB + 1, 4096)
        if self.filter_program is not None:
            namespaces.drop_privileges(self.uid)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != zygote:
            os._exit(SETUP_FAILED)
        _limit(cpu, self.warm_bytes + memory, nothing_but_compute=self.filter_program is not None)
        if self.filter_program is not None:
            seccomp.install(self.filter_program)


def _limit(cpu: float, memory: int, nothing_but_compute: bool) -> None:
    seconds = max(1, int(-(-cpu // 1)))
    limits = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_NOFILE: (64, 64),
    }
    if nothing_but_compute:
        limits[resource.RLIMIT_NPROC] = (0, 0)
    for name, bounds in limits.items():
        resource.setrlimit(name, bounds)


def _import(module: str) -> None:
    try:
        __import__(module)
    except ImportError:
        return  # a candidate that needs it will meet the same error, and be told


def _report(reporter: socket.socket, message: bytes, descriptors: "list[int] | None" = None) -> None:
    try:
        socket.send_fds(reporter, [message], descriptors or [])
    except OSError:
        return  # the parent no longer wants to know


if __name__ == "__main__":
    main(int(sys.argv[1]))
