"""The warm process at work: a fork per job, locked down before it runs, reaped and reported when it ends."""

import gc
import os
import resource
import select
import signal
import socket
import sys

from lawsmith.sandbox.isolation import kernel, namespaces, seccomp
from lawsmith.sandbox.pool import job_main
from lawsmith.sandbox.pool.memory import Memory
from lawsmith.sandbox.pool.protocol import ENDED, LAUNCH, MESSAGE_BYTES, STARTED

SETUP_FAILED = 97  # exit status that no interpreter and no shell uses
_JOB = 3  # where every candidate's process finds its job


class Forks:
    """Forks a process per launch message, reports how each ended, and kills all when the parent goes."""

    def __init__(
        self, control: socket.socket, parent: int, memory: Memory, uid: int | None, filter_program: bytes | None
    ) -> None:
        self.control, self.parent, self.memory = control, parent, memory
        self.uid, self.filter_program = uid, filter_program
        self.children: dict[int, tuple[int, socket.socket]] = {}
        self.poll = select.poll()
        self.poll.register(control, select.POLLIN)
        self.poll.register(parent, select.POLLIN)

    def serve(self) -> None:
        """Fork a process for each job that the parent sends, and reap it, until the parent is gone."""
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
            import_library(message.decode())
            self.memory.touch()
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
            job_main.run(_JOB)
            code = 0
        except (OSError, LookupError, ImportError) as error:
            os.write(2, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(code)

    def _lock_down(self, cpu: float, memory: int, job: int, output: int) -> None:
        warm_process = os.getppid()
        os.setsid()
        limit = self.memory.address_space() + memory  # beyond what it is born with
        for source, target in ((_nothing(), 0), (output, 1), (output, 2), (job, _JOB)):
            os.dup2(source, target)
        os.closerange(_JOB + 1, 4096)
        if self.filter_program is not None:
            namespaces.drop_privileges(self.uid)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != warm_process:
            os._exit(SETUP_FAILED)
        kernel.forget_robust_list()
        _limit(cpu, limit, nothing_but_compute=self.filter_program is not None)
        if self.filter_program is not None:
            seccomp.install(self.filter_program)


def _nothing() -> int:
    """An input that is at its end, and that no other process has."""
    nothing, write_end = os.pipe()
    os.close(write_end)
    return nothing


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


def import_library(module: str) -> None:
    """Import a module, if it is installed, so that every fork finds it ready."""
    try:
        __import__(module)
    except ImportError:
        return  # a candidate that needs it will meet the same error, and be told
    if module == "scipy.stats.qmc":
        sys.modules[module].Sobol(1)  # reads its table of numbers from a file, once


def _report(reporter: socket.socket, message: bytes, descriptors: list[int] | None = None) -> None:
    try:
        socket.send_fds(reporter, [message], descriptors or [])
    except OSError:
        return  # the parent no longer wants to know
