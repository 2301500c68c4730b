"""What this machine grants: the tier in use, what every canary did in every tier, and what would make it stronger."""

import os
import platform
import sys

from pydantic import BaseModel, ConfigDict

from sandbox.isolation import ISOLATED, Tier, landlock, seccomp
from sandbox.limits import DEFAULT_LIMITS, Limits
from sandbox.start import Attempt, SandboxUnavailable, start

_FROZEN = ConfigDict(frozen=True, extra="forbid")


class TierReport(BaseModel):
    """One tier on this machine. canaries: attempt -> "stopped: how" or "passed"; empty when it did not start."""

    model_config = _FROZEN

    tier: Tier
    granted: bool
    reason: str = ""
    canaries: dict[str, str] = {}


class Diagnosis(BaseModel):
    """The strongest tier that is granted (`none` where candidates are refused), and how to come to a stronger one."""

    model_config = _FROZEN

    tier: Tier
    tiers: tuple[TierReport, ...]
    advice: tuple[str, ...]
    system: dict[str, str]


def diagnose(limits: Limits = DEFAULT_LIMITS) -> Diagnosis:
    """Starts and proves every tier in turn, which takes a second or two each; raises nothing."""
    reports = tuple(_report(tier, limits) for tier in ISOLATED)
    granted = [report.tier for report in reports if report.granted]
    return Diagnosis(
        tier=granted[0] if granted else Tier.NONE, tiers=reports, advice=_advice(reports), system=_system()
    )


def _report(tier: Tier, limits: Limits) -> TierReport:
    try:
        zygote, attempts = start((tier,), limits)
    except SandboxUnavailable as refusal:
        attempt = refusal.attempts[-1] if refusal.attempts else Attempt(tier, False, str(refusal))
    else:
        zygote.close()
        attempt = attempts[-1]
    return TierReport(
        tier=tier, granted=attempt.granted, reason=attempt.reason, canaries=dict(attempt.canaries)
    )


def _advice(reports: tuple[TierReport, ...]) -> tuple[str, ...]:
    if sys.platform != "linux":
        return (
            "Run in a Linux container, in WSL 2 or on a Linux machine: candidates are isolated on Linux only.",
        )
    missing = {report.tier for report in reports if not report.granted}
    advice = []
    if not seccomp.supported():
        advice.append(f"The system calls of {platform.machine()} are not known here; use x86_64 or aarch64.")
    elif Tier.SECCOMP in missing:
        advice.append("Run on a kernel with seccomp filters, outside of a container that denies them.")
    if Tier.FULL in missing:
        advice.append(
            "For the tier `full` allow user namespaces: on Ubuntu `sysctl -w "
            "kernel.apparmor_restrict_unprivileged_userns=0`, on Debian `sysctl -w "
            "kernel.unprivileged_userns_clone=1`, in Docker `--security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined` (or `--cap-add SYS_ADMIN` as root)."
        )
    if not landlock.version():
        advice.append("For the tier `no-namespace` run Linux 5.13 or later with `landlock` among the LSMs.")
    return tuple(advice)


def _system() -> dict[str, str]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "user": "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "ordinary",
        "landlock": str(landlock.version()) if sys.platform == "linux" else "none",
    }
