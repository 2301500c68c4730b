"""Evaluates candidates in parallel and never the same one twice."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from sandbox import Evaluation, Sandbox, evaluate
from tasks import Table, Task
from tasks.folds import Fold


class Evaluator:
    """The sandbox as the loop sees it: source in, future evaluation out.

    One evaluator serves all runs of a command. What a candidate scores is a function of its source, the folds
    and the seed; the latter two are fixed here, so the memory of results is keyed by source alone.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        task: Task,
        folds: Sequence[Fold],
        *,
        probes: Table | None = None,
        seed: int = 0,
    ) -> None:
        self.sandbox, self.task, self.folds = sandbox, task, tuple(folds)
        self._probes, self._seed = probes, seed
        self._results: dict[str, Future[Evaluation]] = {}
        # Threads only wait for the sandbox; twice its workers keep it busy while results are being scored.
        self._threads = ThreadPoolExecutor(2 * sandbox.workers, thread_name_prefix="evaluate")

    def submit(self, source: str) -> Future[Evaluation]:
        """The evaluation of `source`, started now unless it is known or under way already."""
        if source not in self._results:
            self._results[source] = self._threads.submit(self._evaluate, source)
        return self._results[source]

    def remember(self, source: str, evaluation: Evaluation) -> None:
        """Take over a result that an archive has on record."""
        done: Future[Evaluation] = Future()
        done.set_result(evaluation)
        self._results.setdefault(source, done)

    def give_up(self, sources: Iterable[str]) -> None:
        """Do not begin these evaluations; those under way still end, and are remembered."""
        for source in sources:
            if self._results[source].cancel():
                del self._results[source]

    def _evaluate(self, source: str) -> Evaluation:
        return evaluate(self.sandbox, source, self.task, self.folds, probes=self._probes, seed=self._seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=kind is None, cancel_futures=True)
