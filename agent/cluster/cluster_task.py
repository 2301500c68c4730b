"""What a command's candidates are evaluated against on a cluster; it travels to each worker once."""

from dataclasses import dataclass

from lawsmith.sandbox import Limits
from lawsmith.sandbox.search_task import SearchTask


@dataclass(frozen=True, eq=False)
class ClusterTask:
    """What the search sees, and under which limits candidates run.

    unsafe_local: run unprotected where nothing can be isolated.
    """

    search_task: SearchTask
    limits: Limits
    unsafe_local: bool

    @property
    def patience_seconds(self) -> float:
        """How long a candidate may take on a worker that works: each of its jobs (fit, folds, checks, probes) as
        long as it is allowed to, and as many again of one that was there before."""
        return 2 * (3 + len(self.search_task.folds)) * self.limits.wall_seconds
