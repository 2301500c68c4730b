"""Why a tier cannot be had on this machine, and what to do about it, in a sentence each."""

import platform
import sys
from dataclasses import dataclass

from lawsmith.sandbox.isolation import seccomp

_NAMESPACES = (
    "allow user namespaces (on Ubuntu `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, on Debian `sysctl -w "
    "kernel.unprivileged_userns_clone=1`, in Docker `--security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined`, as root `--cap-add SYS_ADMIN`)"
)
_LANDLOCK = (
    "run Linux 5.13 or later with `landlock` in /sys/kernel/security/lsm, and in a container whose filter lets its "
    "calls through"
)
_FILTERS = "run on a kernel with seccomp filters, outside of a container that denies them"


@dataclass(frozen=True)
class Obstacle:
    """why: what is in the way, with the kernel's own words where there are any. remedy: what to do."""

    why: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.why}; {self.remedy}"


def obstacle(reason: str) -> Obstacle:
    """What the words of a failed start come down to."""
    if sys.platform != "linux":
        here = f"candidates are isolated on Linux only, and this is {sys.platform}"
        return Obstacle(here, "run in a Linux container, in WSL 2 or on a Linux machine")
    if not seccomp.supported():
        here = f"the system calls of {platform.machine()} are not known here"
        return Obstacle(here, "use x86_64 or aarch64")
    for signs, why, remedy in _KNOWN:
        if any(sign in reason for sign in signs):
            return Obstacle(f"{why} ({reason})", remedy)
    return Obstacle(reason, "try again, and report it with the output of `discover doctor --json` if it stays")


_KNOWN = (
    (("no Landlock",), "files cannot be closed off", _LANDLOCK),
    (("system call 317:", "system call 277:"), "system-call filters are denied", _FILTERS),
    (
        ("unshare", "mount", "uid_map", "gid_map", "setgroups", "system call 155:", "system call 41:"),
        "namespaces are forbidden",
        _NAMESPACES,
    ),
    (("system call 44",), "files cannot be closed off", _LANDLOCK),
    (
        ("Cannot allocate memory", "ended while starting", "was killed"),
        "the machine is short of memory",
        "free some and try again",
    ),
    (
        ("a candidate could",),
        "what was to be stopped was not",
        "do not run candidates there, and report it with the output of `discover doctor --json`",
    ),
)
"""Signs in the words of a failure, what they mean, and what to do; the first that fits."""
