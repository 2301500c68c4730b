"""One command: several runs of the same job, one after the other, or as many at a time as a cluster has room for."""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Self

from lawsmith.agent.cluster.client import joined
from lawsmith.agent.command.conclude import conclude
from lawsmith.agent.command.doubts import Doubts, doubted
from lawsmith.agent.command.job import Job
from lawsmith.agent.command.loop import OutOfTime, note_screening, rewrite, search
from lawsmith.agent.command.observer import Observer, in_turn
from lawsmith.agent.command.own_forms import brought
from lawsmith.agent.command.registry import Chosen, MakeProposer, cautions, proposers
from lawsmith.agent.command.result import Run
from lawsmith.agent.command.trust import recorded_job
from lawsmith.agent.search.budget import Allowance, Budget, Spending
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.agent.search.journal import Journal
from lawsmith.agent.search.proposer import Reporting
from lawsmith.agent.threads import RunThreads
from lawsmith.runs import Archive, Manifest
from lawsmith.runs.records.archive import DATA
from lawsmith.runs.records.data import open_data, packed
from lawsmith.runs.records.ownership import marked
from lawsmith.runs.records.record import DataRecord
from lawsmith.runs.records.searched import is_same, searched
from lawsmith.runs.records.trials import HALL_OF_FAME
from lawsmith.sandbox import Sandbox, Tier
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, InputError

UNPROTECTED = (
    "--unsafe-local: nothing isolates candidates on this machine. Their code can do all that you can: read your files, "
    "use your network, change your data."
)
CONVERSING, CONVERSATIONS = "analyst", 4
"""The agent that holds one conversation in each run, and how many are held at a time."""
LEAST_WEIGHING = 2.0
"""Seconds that looking for outliers may take, however short the time limit."""
PREPARING = 0.5
"""Share of the time limit that reading and preparing count for at the most: the rest is for the search."""
CANDIDATES_OF_A_RUN = 8
"""Candidates that a run usually has under way: the runs that go on at a time are as many as a cluster's width holds."""


class Interrupted(KeyboardInterrupt):
    """Raised at Ctrl-C during a command. All recorded candidates are safe; `archive` is the run to resume."""

    def __init__(self, archive: Path) -> None:
        super().__init__(f"interrupted; continue with: discover resume {archive}")
        self.archive = archive


@dataclass(frozen=True)
class Command:
    """A job with its data and the place of its archives; `batch` is the name that its runs share, `began` when the
    command did, by the monotonic clock, `moved` the archive that it continues, where that is not in its place."""

    job: Job
    dataset: Dataset
    chosen: Chosen
    runs_dir: Path
    batch: str
    began: float = field(default_factory=monotonic)
    moved: Path | None = None

    @classmethod
    def recorded(
        cls, archive: Path, cluster: str | None = None, trust: bool = False, data_dir: Path | None = None
    ) -> Self:
        """The command that wrote `archive`, with its data; on another cluster, or with its data in another folder, if
        one is given.

        Raises InputError: there is no such archive, it is damaged or no search of ours, its data has changed, or it is
        a stranger's that asks for what only `trust` allows.
        """
        manifest = Archive.open(archive).manifest
        if manifest.origin != "run" or manifest.batch is None or manifest.data is None:
            raise InputError(f"{archive} records a result from elsewhere; only a search can be resumed.")
        opened = Archive.open(archive)
        at_hand = data_dir is not None or (opened.path / DATA).exists()
        job = recorded_job(opened, trust, cluster, at_hand).moved(data_dir)
        folder = data_dir if job.table is not None or job.data_dir is None else Path(job.data_dir)
        dataset = job.bears(open_data(opened, folder))
        if dataset.task.provenance.sha256 != manifest.data.sha256:
            raise InputError(f"The data of {archive} has changed since the run began, so it cannot be resumed.")
        chosen = Chosen(manifest.agent, manifest.model, "as when the command began")
        path = Path(os.path.abspath(archive))
        moved = path if path.parts[-3:] != Path(manifest.address).parts else None
        return cls(job, dataset, chosen, path.parents[2], manifest.batch, moved=moved)

    def execute(self, observer: Observer) -> tuple[tuple[Run, ...], SearchTask]:
        """Make every run that is not there yet, and resume those that were interrupted. Returns them, and what their
        searches saw.

        Raises Interrupted for Ctrl-C, and InputError for what the user has to change, and where a run was interrupted
        that saw something else.
        """
        plans = [self.plan(index) for index in range(self.job.runs)]
        observer.begun(self.job, self.dataset, self.chosen)
        if len(ended := self._ended(plans)) == len(plans):  # nothing is left to search
            for plan, run in zip(plans, ended, strict=True):
                observer.finished(plan.index, run)
            return ended, searched(Archive.open(ended[0].archive), self.dataset.task)
        self._caution(observer)
        try:
            with (
                RunThreads() as threads,
                Sandbox(self.job.limits, self.job.workers, self.job.unsafe_local) as here,
                self._searching(here, observer) as sandbox,
                self._prepared(sandbox, observer) as (dataset, doubts, make_proposer, evaluator),
            ):
                data = packed(self.dataset) if self.job.table is not None and self.job.keep_data else None
                runner = Runner(
                    dataset, make_proposer, evaluator, in_turn(observer), here, data, doubts, self.job.allow_opaque
                )
                for plan in plans:
                    require_same(plan.path, evaluator.search_task)
                    runner.recall(plan.path)
                observer.searching(evaluator.search_task)
                at_a_time = self._at_a_time(evaluator)
                plans = [*(replace(plan, spent=self._spent()) for plan in plans[:at_a_time]), *plans[at_a_time:]]
                runs = threads.map(lambda index: runner.run(plans[index]), len(plans), at_a_time, runner.archives.close)
                return runs, evaluator.search_task
        except KeyboardInterrupt as interrupt:
            begun = [path for plan in plans if (path := plan.path).exists()]
            if not begun:
                raise
            raise Interrupted(begun[-1]) from interrupt

    def _caution(self, observer: Observer) -> None:
        """Warn of what asking a model means, and say which of the user's formulas and laws the table does not suit."""
        for caution in cautions(self.chosen, self.job):
            observer.warned(caution)
        for sentence in brought(self.job, self.dataset.task)[1]:
            observer.noted(sentence)

    def _ended(self, plans: Sequence["Plan"]) -> tuple[Run, ...]:
        """The runs that have finished, in the order of their seeds."""
        begun = [path for plan in plans if (path := plan.path).exists()]
        return tuple(run for path in begun if (run := Run.read(path)) is not None)

    def _at_a_time(self, evaluator: Evaluator) -> int:
        """How many runs go on at a time. On one machine they follow each other: the first keeps it busy, and the
        others find what it evaluated. Conversations wait for their model most of the time, so several are held."""
        if self.chosen.agent == CONVERSING and self.job.cluster is None:
            return CONVERSATIONS
        return 1 if self.job.cluster is None else max(1, evaluator.sandbox.workers // CANDIDATES_OF_A_RUN)

    def _searching(self, here: Sandbox, observer: Observer) -> AbstractContextManager[Sandbox]:
        """The sandbox that a search uses: that of this machine, or of the cluster that the job names."""
        job = self.job
        if job.cluster is None:
            return nullcontext(here)
        return joined(job.cluster, job.workers, job.limits, job.unsafe_local, observer.noted)

    @contextmanager
    def _prepared(
        self, sandbox: Sandbox, observer: Observer
    ) -> Iterator[tuple[Dataset, Doubts | None, MakeProposer, Evaluator]]:
        """What all runs search with: the rows as far as they are believed, proposers, and an evaluator."""
        dataset, doubts = self._weighed(sandbox)
        for notice in () if doubts is None else doubts.notices:
            observer.noted(notice)
        search_task = SearchTask.of(dataset.task)
        with (
            proposers(
                self.chosen, self.job, search_task.task, observer.arriving if observer.follows_replies else None
            ) as make_proposer,
            Evaluator(sandbox, search_task) as evaluator,
        ):
            yield dataset, doubts, make_proposer, evaluator

    def _weighed(self, sandbox: Sandbox) -> tuple[Dataset, Doubts | None]:
        """The data set with rows that count as they deserve, or where all count in full. With a time limit it must be
        known when its share for preparing is over, or in `LEAST_WEIGHING` seconds. A run that goes on, or is made
        again, sees what it saw when it began, however long that takes."""
        paths = [self.plan(index).path for index in range(self.job.runs)]
        paths += [] if self.job.replay is None else [Path(self.job.replay)]
        begun = [Archive.open(path) for path in paths if path.exists()]
        if self.job.trust_all:
            return self.dataset, None
        for archive in begun:
            if archive.manifest.unweighed_after is not None:
                return self.dataset, Doubts.late_after(archive.manifest.unweighed_after, self.dataset.task)
        limit = None
        if self.job.seconds is not None and not begun:
            limit = max(LEAST_WEIGHING, PREPARING * self.job.seconds - self._spent())
        stated, _ = brought(self.job, self.dataset.task)
        return doubted(self.dataset, sandbox, limit, [one.source for one in stated if one.origin != HALL_OF_FAME])

    def _spent(self) -> float:
        """Seconds since the command began, as far as they count for the time limit."""
        limit = self.job.seconds
        return 0.0 if limit is None else min(monotonic() - self.began, PREPARING * limit)

    def plan(self, index: int) -> "Plan":
        """What the run of that index is to be."""
        files = () if self.job.table is None else (self.job.table.train, self.job.table.test)
        manifest = Manifest(
            run=f"{self.batch}-{index + 1}",
            batch=self.batch,
            task=self.dataset.task.schema,
            agent=self.chosen.agent,
            model=self.chosen.model,
            seed=self.job.seed + index,
            data=DataRecord.of(self.dataset.task.provenance, *files),
            config=self.job.model_dump(mode="json"),
        )
        until = None if self.job.replay is None else _out_of_time(Path(self.job.replay))
        return Plan(index, self.job.seed + index, self.job.allowance(index), manifest, self._place(manifest), until)

    def _place(self, manifest: Manifest) -> Path:
        """Where the archive of a run is, or will be: beside one of the same command that was moved."""
        if self.moved is None:
            return self.runs_dir / manifest.address
        return self.moved if Archive.open(self.moved).run == manifest.run else self.moved.parent / manifest.run


def require_same(path: Path, found: SearchTask) -> None:
    """Raises InputError where the run at `path` was interrupted and its search did not see `found`."""
    if path.exists() and (begun := Archive.open(path)).result is None and not is_same(begun, found):
        raise InputError(
            f"{path} cannot be resumed: its search saw other rows, weights, folds or probes than this version "
            "makes of the data; begin a new run."
        )


def _out_of_time(path: Path) -> OutOfTime | None:
    """Where the finished run at `path` ran out of time; None if its proposer ended it, or it has no end."""
    run = Run.read(path)
    account = None if run is None else run.result.details.get("account")
    if run is None or not isinstance(account, dict) or account.get("ended") is not None:
        return None
    journal = Journal(Archive.open(path))
    return OutOfTime(journal.rounds, len(run.trials), str(run.result.details["stopped"]), screening=journal.screening)


@dataclass(frozen=True)
class Plan:
    """The plan of one run of a command. `path` is where its archive is, or will be.

    `until` is where a run that is repeated ran out of time, `spent` the seconds of its time that are over when it
    begins.
    """

    index: int
    seed: int
    allowance: Allowance
    manifest: Manifest
    path: Path
    until: OutOfTime | None = None
    spent: float = 0.0


class OpenArchives:
    """The archives that are being written. Closing it closes them all, and none is written on after that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._archives: list[Archive] = []
        self._closed = False

    @contextmanager
    def holding(self, archive: Archive) -> Iterator[Archive]:
        """Closes `archive` in the end. Raises RuntimeError where all is over already."""
        with archive:
            with self._lock:
                if self._closed:
                    raise RuntimeError("the command has ended")
                self._archives.append(archive)
            yield archive

    def close(self) -> None:
        """Close all archives; none is opened after that."""
        with self._lock:
            self._closed = True
            for archive in self._archives:
                archive.close()


@dataclass(frozen=True)
class Runner:
    """Executes the runs of a command, and holds what they share. Thread-safe."""

    dataset: Dataset
    make_proposer: MakeProposer
    evaluator: Evaluator
    observer: Observer
    here: Sandbox
    """Of this machine, where `law.py` is proved and scored: no cluster sees a test row."""
    data: bytes | None = None
    """The rows that go with each archive; see `lawsmith.runs.records.data`."""
    doubts: Doubts | None = None
    allow_opaque: bool = False
    archives: OpenArchives = field(default_factory=OpenArchives)
    making: threading.Lock = field(default_factory=threading.Lock)

    def recall(self, path: Path) -> None:
        """Remember for all runs what the archive at `path`, if there is one, has on record."""
        if path.exists():
            for trial in Archive.open(path).trials():
                self.evaluator.remember(trial.proposal.source, trial.evaluation)

    def run(self, plan: Plan) -> Run:
        """Make a run, finish it where it was interrupted, or read it where it is complete."""
        path = plan.path
        run = Run.read(path) if path.exists() else None
        if run is None:
            self._announce_tier()  # raises where nothing can be isolated, before a run begins
            late = None if self.doubts is None else self.doubts.late
            seen = {"search_task": self.evaluator.search_task.digest, "unweighed_after": late}
            manifest = marked(plan.manifest).model_copy(update=seen)
            archive = Archive.resume(path) if path.exists() else Archive.create_at(path, manifest, self.data)
            with self.archives.holding(archive):
                self._search(plan, archive)
            run = Run.read(path)
            assert run is not None
        self.observer.finished(plan.index, run)
        return run

    def _announce_tier(self) -> None:
        """Says at each run what `--unsafe-local` comes to here."""
        tier = self.here.tier
        if tier is Tier.NONE:
            self.observer.warned(UNPROTECTED)
        elif self.here.unsafe_local:
            self.observer.warned(f"--unsafe-local is not needed: candidates are isolated here (tier {tier}).")

    def _search(self, plan: Plan, archive: Archive) -> None:
        journal = Journal(archive, self.evaluator.task)
        budget = Budget(plan.allowance, Spending(seconds=max(journal.spent.seconds, plan.spent)))
        with self.making:  # the first makes what the others find ready
            proposer = self.make_proposer(plan.seed, budget, archive, self.evaluator)
        self.observer.started(plan.index, archive, budget, journal.history)
        with self.evaluator.until(budget.remaining_seconds):
            stopped = search(proposer, self.evaluator, journal, budget, self.observer, plan.until)
            note_screening(proposer, journal, plan.until)
            # A report waits for replies under way, whose candidates may hang: the deadline holds for them too.
            account = proposer.report(journal.history) if isinstance(proposer, Reporting) else None
        rewrite(proposer, self.evaluator, journal, budget, self.observer)
        seen, spent = self.evaluator.search_task, budget.spent
        conclude(journal, self.dataset, seen, self.here, spent, stopped, account, self.doubts, self.allow_opaque)
