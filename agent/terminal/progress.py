"""What a command shows on stderr while it searches: a bar per run on a terminal, a line per run elsewhere."""

import threading
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from lawsmith.agent.command.job import Job
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.registry import Chosen
from lawsmith.agent.command.result import Run
from lawsmith.agent.search.budget import Budget
from lawsmith.agent.terminal.output import announce, err, number, roles_table, text, warn
from lawsmith.runs import Archive
from lawsmith.runs.records.record import with_model
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset
from lawsmith.tasks.errors import counted

if TYPE_CHECKING:
    from lawsmith.agent.client.streaming import Arriving

EVERY = 5.0
"""Seconds between two lines of progress where there is no terminal to draw a bar on."""
REPLIES_SHOWN = 3  # replies under way that fit below the bars


class Replies:
    """The replies that are arriving from models, in one line. Several threads may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now: dict[int, Arriving] = {}
        self._last: Arriving | None = None

    def take(self, reply: "Arriving") -> None:
        """Take note of a part of a reply, or of its end."""
        with self._lock:
            self._last = reply
            self._now.pop(reply.number, None)
            if not reply.over:
                self._now[reply.number] = reply

    @property
    def line(self) -> str:
        """The replies under way, or how the last one ended; empty before the first question."""
        with self._lock:
            shown = list(self._now.values()) or ([self._last] if self._last else [])
        more = len(shown) - REPLIES_SHOWN
        said = [_doing(reply) for reply in shown[:REPLIES_SHOWN]]
        return " · ".join([*said, *([f"{more} more"] if more > 0 else [])])


def _doing(reply: "Arriving") -> str:
    if not reply.tokens:
        return f"{reply.model}: {'no reply' if reply.over else 'asked'}"
    about = f"{reply.model}: about {counted(reply.tokens, 'token')}"
    if reply.thinking and not reply.over:
        return f"{about}, thinking"
    return f"{about}, {'called' if reply.over else 'calls'} {reply.tool}" if reply.tool else about


class _Bars(Progress):
    """A bar per run, and below them the line of replies."""

    def __init__(self, *columns: ProgressColumn, console: Console, disable: bool) -> None:
        self.replies = Replies()
        super().__init__(*columns, console=console, disable=disable)

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if line := self.replies.line:
            yield text(line)


class ProgressReport(Observer):
    """Follows a command for people."""

    def __init__(self) -> None:
        self.follows_replies = err.is_terminal and not err.quiet
        self.archive: Path | None = None
        """The archive of a run in progress, or of the last one."""
        self._runs, self._rows = 1, 0
        self._shown: dict[int, tuple[TaskID, Budget]] = {}
        self._of: dict[History, int] = {}
        self._next_line = monotonic() + EVERY
        self._bars = _Bars(
            SpinnerColumn(),
            TextColumn("run {task.fields[run]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[tried]} formulas, best held-out R² {task.fields[best]}"),
            TimeElapsedColumn(),
            console=err,
            disable=not err.is_terminal,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begun(self, job: Job, dataset: Dataset, chosen: Chosen) -> None:
        """Print the task, its rows, the agent, the role of each column, and the notices of the data."""
        self._runs = job.runs
        schema, train, test = dataset.task.schema, dataset.task.train, dataset.test
        tested = "no test rows" if test is None else f"{len(test)} test rows"
        groups = f", {len(train.groups)} groups" if len(train.groups) > 1 else ""
        announce(f"{schema.name}: {schema.title} ({len(train)} training rows{groups}, {tested})")
        announce(f"agent {with_model(chosen.agent, chosen.model)}: {chosen.why}")
        self._rows = len(train)
        say = warn if dataset.task.provenance.source == "replica" else announce
        if dataset.roles:
            err.print(roles_table(dataset.roles))
        for notice in dataset.notices:
            say(notice)

    def searching(self, search_task: SearchTask) -> None:
        """Say how many rows the search looks at, where these are not all."""
        seen = search_task.task.train
        if len(seen) < self._rows:
            announce(
                f"the search uses {counted(len(seen), 'row')} of {counted(len(seen.groups), 'group')}; "
                "the chosen law is fitted to all rows"
            )

    def started(self, index: int, archive: Archive, budget: Budget, history: History) -> None:
        """Add the bar of a run, which begins with the trials on record."""
        self.archive = archive.path
        run = f"{index + 1}/{self._runs}"
        bar = self._bars.add_task("", total=budget.allowance.seconds, run=run, tried=len(history), best=_best(history))
        self._shown[index], self._of[history] = (bar, budget), index
        if len(history):
            announce(f"run {run}: resumed, {counted(len(history), 'formula')} on record")

    def tried(self, trial: Trial, history: History) -> None:
        """Move the bar of the run; without a terminal, print a line every `EVERY` seconds."""
        index = self._of[history]
        bar, budget = self._shown[index]
        best = _best(history)
        self._bars.update(bar, completed=budget.spent.seconds, tried=len(history), best=best)
        if not err.is_terminal and monotonic() >= self._next_line:
            self._next_line = monotonic() + EVERY
            run = f"run {index + 1}/{self._runs}"
            seconds = f"{budget.spent.seconds:.0f} s"
            announce(f"{run}: {counted(len(history), 'formula')} in {seconds}, best held-out R² {best}")

    def arriving(self, reply: "Arriving") -> None:
        """Show the reply beside the bars while it arrives."""
        self._bars.replies.take(reply)

    def finished(self, index: int, run: Run) -> None:
        """Fill the bar of the run; without a terminal, print its outcome."""
        if index in self._shown:
            self._bars.update(self._shown[index][0], total=1, completed=1)
        if not err.is_terminal:
            announce(f"run {index + 1}/{self._runs}: {_summary(run)}")

    def noted(self, sentence: str) -> None:
        """Print the sentence."""
        announce(sentence)

    def warned(self, sentence: str) -> None:
        """Print the sentence as a warning."""
        warn(sentence)


def _best(history: History) -> str:
    """The largest R² on held-out rows so far."""
    found = (trial.evaluation.validation_r2 for trial in history if trial.usable)
    return number(max((r2 for r2 in found if r2 is not None), default=None), 4)


def _summary(run: Run) -> str:
    found = run.result
    verb = "formula was" if found.tried == 1 else "formulas were"
    fitted = "" if found.tried is None else f"; {found.tried:,} {verb} fitted"
    books = f"{counted(found.candidates or 0, 'formula')} judged in {found.seconds or 0.0:.1f} s{fitted}"
    if found.error is not None:
        return f"failed: {found.error} ({books})"
    return f"held-out R² {number(found.validation_r2, 4)} ({books})"
