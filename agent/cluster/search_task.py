"""What every candidate of a command is evaluated against; it travels to each worker once."""

from dataclasses import dataclass

from lawsmith.sandbox import Evaluation, Limits, Sandbox, evaluate
from lawsmith.tasks import Table, Task
from lawsmith.tasks.folds import Fold


@dataclass(frozen=True, eq=False)
class SearchTask:
    """The training rows, how they are divided, and under which limits candidates run. No test row is in it.

    probes: rows without targets whose predictions are recorded. unsafe_local: run unprotected where nothing
    can be isolated.
    """

    task: Task
    folds: tuple[Fold, ...]
    probes: Table | None
    seed: int
    limits: Limits
    unsafe_local: bool

    def evaluate(self, sandbox: Sandbox, source: str) -> Evaluation:
        """Scores one candidate; raises SandboxUnavailable where nothing can be isolated."""
        return evaluate(sandbox, source, self.task, self.folds, probes=self.probes, seed=self.seed)

    @property
    def patience_seconds(self) -> float:
        """How long a candidate may take on a worker that works: each of its jobs (fit, folds, checks, probes) as
        long as it is allowed to, and as many again of one that was there before."""
        return 2 * (3 + len(self.folds)) * self.limits.wall_seconds
