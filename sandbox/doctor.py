"""What this machine grants: the tier in use, what every canary did in every tier, and what would make it stronger."""

import os
import platform
import sys

from pydantic import Field

from lawsmith.sandbox.isolation import ISOLATED, Tier
from lawsmith.sandbox.isolation.namespaces import landlock_version
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.pool.start import Attempt, SandboxUnavailable, obstacle, start
from lawsmith.tasks.frozen import Frozen


class TierReport(Frozen):
    """One tier on this machine. canaries: attempt -> "stopped: how" or "passed"; empty when it did not start.

    reason and remedy: why it cannot be had, and what to do; empty where it is granted.
    """

    tier: Tier
    granted: bool
    reason: str = ""
    remedy: str = ""
    canaries: dict[str, str] = Field(default_factory=dict)


class Diagnosis(Frozen):
    """The strongest tier that is granted (`none` where candidates are refused), and how each went."""

    tier: Tier
    tiers: tuple[TierReport, ...]
    system: dict[str, str]


def diagnose(limits: Limits = DEFAULT_LIMITS) -> Diagnosis:
    """Starts and proves every tier in turn, which takes a second or two each; raises nothing."""
    reports = tuple(_report(tier, limits) for tier in ISOLATED)
    granted = [report.tier for report in reports if report.granted]
    return Diagnosis(tier=granted[0] if granted else Tier.NONE, tiers=reports, system=_system())


def _report(tier: Tier, limits: Limits) -> TierReport:
    try:
        warm_process, attempts = start((tier,), limits)
    except SandboxUnavailable as refusal:
        attempt = refusal.attempts[-1] if refusal.attempts else Attempt(tier, False, str(refusal))
    else:
        warm_process.close()
        return TierReport(tier=tier, granted=True, canaries=attempts[-1].canaries)
    found = obstacle(attempt.reason)
    return TierReport(tier=tier, granted=False, reason=found.why, remedy=found.remedy, canaries=attempt.canaries)


def _system() -> dict[str, str]:
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "user": "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "ordinary",
        "landlock": str(landlock_version()) if sys.platform == "linux" else "none",
    }
