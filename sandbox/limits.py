"""What one candidate may use. Every bound is enforced outside the candidate's reach."""

from dataclasses import dataclass

from lawsmith.tasks.errors import InputError

MIB = 1 << 20
_LARGEST = 1 << 53
_YEAR = 366 * 24 * 3600


@dataclass(frozen=True)
class Limits:
    """Bounds on one job; the defaults fit a laptop.

    wall_seconds, cpu_seconds: from the moment the candidate's code starts; cpu_seconds is rounded up to
    whole seconds by the kernel. memory_bytes: address space beyond the warm interpreter. output_bytes: what
    may be printed before the job is stopped. rows: rows of one job, fitted and predicted. source_bytes:
    candidate source. constants: constants returned per group, whatever the task's cap allows.

    Raises InputError for a limit that is not positive, beyond 2^53, or longer than a year.

    Not bounded here: the number of jobs that a caller submits, and memory bandwidth.
    """

    wall_seconds: float = 60.0  # beyond the CPU time, for a machine that is shared
    cpu_seconds: float = 30.0  # a law of ours on 14 rows, with its folds, takes 0.1 s at most
    memory_bytes: int = 1024 * MIB
    output_bytes: int = 64 * 1024  # a candidate has no reason to print
    rows: int = 5_000_000
    source_bytes: int = 64 * 1024  # laws of ours have some 1 KB; the contract says 64
    constants: int = 512

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value <= _LARGEST:
                raise InputError(f"The limit {name} must be positive and at most 2^53, not {value!r}.")
            if name.endswith("_seconds") and value > _YEAR:
                raise InputError(f"The limit {name} must be at most a year ({_YEAR} s), not {value!r}.")


DEFAULT_LIMITS = Limits()
