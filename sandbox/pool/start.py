"""Starts the warm process at the strongest tier that this machine grants and that its canaries prove; or says why there
is none, and what to do about it; and what a machine grants in every tier."""

import math
import platform
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

from pydantic import Field

from lawsmith.sandbox.clean import clean
from lawsmith.sandbox.isolation import ISOLATED, Tier, seccomp
from lawsmith.sandbox.isolation.canaries import CANARIES, PASSED, STOPPED, bait
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.pool.protocol import Malformed, pack_job, reply_bound, unpack_reply
from lawsmith.sandbox.pool.warm_process import Outcome, WarmProcess, WarmProcessFailed, WarmProcessLost
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.frozen import Frozen

STARTS = 3
"""How often one tier is tried where its process is killed on the way: that does not say that the machine forbids it."""


class Attempt(Frozen):
    """One tier tried on this machine. canaries: attempt -> "stopped: how" or "passed"; empty when it did not start.

    reason: why it cannot be had; remedy: what to do. Empty where it is granted.
    """

    tier: Tier
    granted: bool
    reason: str = ""
    remedy: str = ""
    canaries: dict[str, str] = Field(default_factory=dict)


class SandboxUnavailable(InputError):
    """This machine cannot isolate candidates; the message says why and what to do."""


class Forking(Protocol):
    """Runs each job in a fresh process: the warm process of this machine, or workers elsewhere.

    tier: the isolation that was proved.
    """

    @property
    def tier(self) -> Tier:
        """The isolation that was proved."""

    def run(
        self, job: bytes, bound: int, limits: Limits, stop: float = math.inf, modules: Iterable[str] = ()
    ) -> Outcome:
        """See `WarmProcess.run`."""

    def alive(self) -> bool:
        """False where another one has to be started."""

    def close(self) -> None:
        """End what it has begun."""


Start = Callable[[Sequence[Tier], Limits], Forking]


def start(tiers: Sequence[Tier], limits: Limits) -> WarmProcess:
    """A warm process at the first of `tiers` to be had. Raises SandboxUnavailable."""
    for tier in tiers:
        warm_process, found = attempt(tier, limits)
        if warm_process is not None:
            return warm_process
    where = f" (tier {found.tier})" if sys.platform == "linux" else ""
    unsafe = "" if found.tier is Tier.NONE or not where else "; or pass --unsafe-local to run candidates unprotected"
    # What is in the way of the weakest tier is in that of every other.
    why = f"{found.reason}; {found.remedy}{unsafe}"
    raise SandboxUnavailable(f"Candidates cannot be isolated on this machine{where}: {why}.")


def attempt(tier: Tier, limits: Limits) -> tuple[WarmProcess | None, Attempt]:
    """One tier tried, which takes a second or two; a warm process where it is granted."""
    reason = ""
    for _ in range(STARTS if sys.platform == "linux" else 0):
        try:
            return _attempt_once(tier, limits)
        except WarmProcessLost as lost:
            reason = f"{lost}, {STARTS} times"
        except WarmProcessFailed as error:
            reason = str(error)
            break
    return None, _refused(tier, reason)


def _refused(tier: Tier, reason: str, canaries: dict[str, str] | None = None) -> Attempt:
    why, remedy = obstacle(reason)
    return Attempt(tier=tier, granted=False, reason=why, remedy=remedy, canaries=canaries or {})


def _attempt_once(tier: Tier, limits: Limits) -> tuple[WarmProcess | None, Attempt]:
    warm_process = WarmProcess(tier)
    try:
        warm_process.wait_ready()
        canaries = prove(warm_process, limits)
    except BaseException:
        warm_process.close()
        raise
    passed = [name for name, outcome in canaries.items() if not outcome.startswith(STOPPED)]
    if passed and tier is not Tier.NONE:
        warm_process.close()
        reason = f"a candidate could {', '.join(passed)}"
        return None, _refused(tier, reason, canaries)
    return warm_process, Attempt(tier=tier, granted=True, canaries=canaries)


def prove(warm_process: WarmProcess, limits: Limits) -> dict[str, str]:
    """What each canary did in a fork of this warm process; raises WarmProcessFailed when that cannot be told."""
    with bait(limits.memory_bytes + 1) as laid:
        outcome = warm_process.run(pack_job({"bait": asdict(laid)}, []), reply_bound(0, 0, (), 1), limits)
    try:
        claimed = unpack_reply(outcome.reply, 0, 0, (), 1).status
    except Malformed:
        claimed = ()
    if outcome.signal == signal.SIGKILL and not outcome.overdue:
        raise WarmProcessLost("the process that was to prove it was killed")
    if outcome.exit_code != 0 or len(claimed) != len(CANARIES):
        told = clean(outcome.output.decode(errors="replace")) or f"exit {outcome.exit_code}, {outcome.signal}"
        raise WarmProcessFailed(f"a process could not be locked down: {told}")
    return {name: text if text.startswith(STOPPED) else PASSED for name, text in zip(CANARIES, claimed, strict=True)}


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


def obstacle(reason: str) -> tuple[str, str]:
    """What the words of a failed start come down to: what is in the way, in the kernel's own words where there are any,
    and what to do."""
    if sys.platform != "linux":
        here = f"candidates are isolated on Linux only, and this is {sys.platform}"
        return here, "run in a Linux container, in WSL 2 or on a Linux machine"
    if not seccomp.supported():
        here = f"the system calls of {platform.machine()} are not known here"
        return here, "use x86_64 or aarch64"
    for signs, why, remedy in _KNOWN:
        if any(sign in reason for sign in signs):
            return f"{why} ({reason})", remedy
    return reason, "try again, and report it with the output of `discover doctor --json` if it stays"


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


class Diagnosis(Frozen):
    """The strongest tier that is granted (`none` where candidates are refused), and how each went."""

    tier: Tier
    tiers: tuple[Attempt, ...]


def diagnose(limits: Limits = DEFAULT_LIMITS) -> Diagnosis:
    """Starts and proves every tier in turn, raises nothing."""
    tried = []
    for tier in ISOLATED:
        warm_process, found = attempt(tier, limits)
        tried.append(found)
        if warm_process is not None:
            warm_process.close()
    return Diagnosis(tier=next((found.tier for found in tried if found.granted), Tier.NONE), tiers=tuple(tried))
