"""The layers between a candidate and the machine, each a thin wrapper of one kernel feature (Linux only)."""

from enum import StrEnum


class Tier(StrEnum):
    """How much of the isolation this machine grants, strongest first."""

    FULL = "full"  # namespaces + Landlock + system-call allow-list + resource limits
    NO_NAMESPACE = "no-namespace"  # Landlock + allow-list without any path + resource limits
    SECCOMP = "seccomp"  # allow-list without any path + resource limits
    NONE = "none"  # resource limits only; nothing keeps a candidate from the machine


ISOLATED = (Tier.FULL, Tier.NO_NAMESPACE, Tier.SECCOMP)
