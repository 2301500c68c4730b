"""The warm process that candidates are forked from: a script that imports numpy once, then forks.

It never sees a job: each job's own socket is handed through to the fork. It leaves as soon as the parent is
gone.
"""

import json
import os
import signal
import socket
import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lawsmith.sandbox.pool.forks import Forks


@dataclass(frozen=True)
class Setup:
    """What the parent asks for; all of it is trusted."""

    tier: str
    parent: int
    library: list[str]  # folders and files that candidates may read
    packages: dict[str, str]  # our own packages and where they are
    path: list[str]  # where numpy and scipy are found


def main(descriptor: int) -> None:
    """Run the warm process: read what the parent asks for, lock down, import the library, serve forks."""
    control = socket.socket(fileno=descriptor)
    setup = Setup(**json.loads(control.recv(1 << 16)))
    parent = os.pidfd_open(setup.parent)
    try:
        uid = _enter(setup, control)
        forks = _warm(setup, control, parent, uid)
    except OSError as error:
        control.send(json.dumps({"error": str(error)}).encode())
        return
    except Exception as error:  # noqa: BLE001 - not this machine's fault: the parent raises it again
        control.send(json.dumps({"bug": f"{type(error).__name__}: {error}"[:2000]}).encode())
        return
    control.send(json.dumps({"ready": True}).encode())
    forks.serve()


def _enter(setup: Setup, control: socket.socket) -> "int | None":
    """Enters the namespaces of the tier; returns the user id that candidates are to become, if any."""
    _bare_packages(setup)
    from lawsmith.sandbox.isolation import kernel, namespaces

    uid = None if setup.tier == "none" else namespaces.spare_uid()
    if setup.tier == "full":
        namespaces.enter()
        child = os.fork()
        if child:
            control.close()
            os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 0xFF)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    return uid


def _warm(setup: Setup, control: socket.socket, parent: int, uid: "int | None") -> "Forks":
    """Locks this process down as far as the tier has it, and imports everything that candidates need."""
    from lawsmith.sandbox.isolation import kernel, namespaces, seccomp
    from lawsmith.sandbox.pool.memory import Memory

    memory = Memory()
    if setup.tier != "none":
        namespaces.forget_capabilities()
    if setup.tier == "full":
        namespaces.private_root([*setup.library, *setup.packages.values()])
        namespaces.drop_privileges(uid)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # changing the user cleared it
        uid = None
    from lawsmith.sandbox.pool.forks import Forks, import_library
    from lawsmith.sandbox.pool.job_main import warm_up
    from lawsmith.sandbox.pool.numeric_library import FROM_THE_START

    warm_up()
    for module in FROM_THE_START:
        import_library(module)
    if setup.tier in ("full", "no-namespace"):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        namespaces.restrict_files(setup.library)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    memory.touch()
    filter_program = None if setup.tier == "none" else seccomp.program()
    return Forks(control, parent, memory, uid, filter_program)


def _bare_packages(setup: Setup) -> None:
    """Makes our packages importable without running their __init__, which imports far more than is needed."""
    sys.path += setup.path
    for name, folders in {"lawsmith": [], **{name: [folder] for name, folder in setup.packages.items()}}.items():
        package = types.ModuleType(name)
        package.__path__ = folders
        sys.modules[name] = package


if __name__ == "__main__":
    main(int(sys.argv[1]))
