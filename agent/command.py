"""One command: several runs of the same job, one after the other, each using every worker."""

from dataclasses import dataclass
from pathlib import Path

from agent.agents import Chosen, MakeProposer, proposers
from agent.budget import Budget, Spending
from agent.conclude import conclude
from agent.evaluator import Evaluator
from agent.job import Job
from agent.journal import Journal
from agent.loop import search
from agent.observer import Observer
from agent.proposer import Reporting
from agent.result import Run
from runs import Archive, DataRecord, Manifest
from sandbox import Sandbox
from tasks import Dataset
from tasks.folds import frontier_folds
from tasks.probes import probe_rows


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a command. What was recorded is safe; `archive` is where to resume the command."""

    def __init__(self, archive: Path) -> None:
        super().__init__(f"interrupted; continue with: discover resume {archive}")
        self.archive = archive


@dataclass(frozen=True)
class Command:
    """A job with its data and the place of its archives; `batch` is the name that its runs share."""

    job: Job
    dataset: Dataset
    chosen: Chosen
    runs_dir: Path
    batch: str

    def execute(self, observer: Observer) -> tuple[Run, ...]:
        """Make every run that is not there yet, and resume the one that was interrupted.

        Raises Interrupted for Ctrl-C, and InputError for what the user has to change.
        """
        task = self.dataset.task
        observer.begun(self.job, self.dataset, self.chosen)
        try:
            with (
                proposers(self.chosen, self.job, task) as make_proposer,
                Sandbox(workers=self.job.workers) as sandbox,
                Evaluator(
                    sandbox, task, frontier_folds(task.train), probes=probe_rows(task.train)
                ) as evaluator,
            ):
                return tuple(
                    self._run(index, make_proposer, evaluator, observer) for index in range(self.job.runs)
                )
        except KeyboardInterrupt as interrupt:
            archives = [path for index in range(self.job.runs) if (path := self._path(index)).exists()]
            if not archives:
                raise
            raise Interrupted(archives[-1]) from interrupt

    def _path(self, index: int) -> Path:
        return self.runs_dir / self._manifest(index).address

    def _run(self, index: int, make_proposer: MakeProposer, evaluator: Evaluator, observer: Observer) -> Run:
        path = self._path(index)
        run = Run.read(path) if path.exists() else None
        if run is None:
            with Archive.resume(path) if path.exists() else self._create(index) as archive:
                self._search(index, archive, make_proposer, evaluator, observer)
            run = Run.read(path)
            assert run is not None
        for trial in run.trials:
            evaluator.remember(trial.proposal.source, trial.evaluation)
        observer.finished(index, run)
        return run

    def _create(self, index: int) -> Archive:
        return Archive.create(self.runs_dir, self._manifest(index))

    def _search(
        self,
        index: int,
        archive: Archive,
        make_proposer: MakeProposer,
        evaluator: Evaluator,
        observer: Observer,
    ) -> None:
        journal = Journal(archive)
        budget = Budget(self.job.allowance(index), Spending(seconds=journal.spent.seconds))
        proposer = make_proposer(self.job.seed + index, budget, archive, evaluator.sandbox)
        observer.started(index, archive, budget, journal.history)
        stopped = search(proposer, evaluator, journal, budget, observer)
        account = proposer.report(journal.history) if isinstance(proposer, Reporting) else None
        conclude(journal, self.dataset, evaluator.sandbox, budget.spent, stopped, account)

    def _manifest(self, index: int) -> Manifest:
        """The manifest of a run about to start; of an existing archive it tells the address only."""
        return Manifest(
            run=f"{self.batch}-{index + 1}",
            batch=self.batch,
            task=self.dataset.task.schema,
            agent=self.chosen.agent,
            model=self.chosen.model,
            seed=self.job.seed + index,
            data=DataRecord.of(
                self.dataset.task.provenance,
                *((table.train, table.test) if (table := self.job.table) else ()),
            ),
            config=self.job.model_dump(mode="json"),
        )
