"""What a run in progress is doing: its best law so far, its score against time and calls, what is being tried."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lawsmith.runs.archive import Archive, State
from lawsmith.runs.report.drawing import Chart
from lawsmith.runs.report.plots import stepped
from lawsmith.runs.report.shown_formula import short
from lawsmith.runs.trials import Recorded, Round, Screening, Trial, read_event

MOST_TRYING = 5  # candidates under way that are named


@dataclass(frozen=True)
class Step:
    """A new best: after how many seconds and model calls, and its error (`Trial.error`)."""

    seconds: float
    calls: float
    error: float


@dataclass(frozen=True)
class Progress:
    """A run at a moment. seconds_spent: at its last event. seconds_limit, usd_left, calls_left: None without a limit.
    trying: what the candidates under evaluation are, in words. steps: every improvement.
    """

    address: str
    run: str
    task: str
    title: str
    targets: tuple[str, ...]
    agent: str
    created: str
    state: str
    seconds_spent: float
    seconds_limit: float | None
    usd: float | None
    usd_left: float | None
    calls: int
    calls_left: int | None
    candidates: int
    screened: int
    failed: int
    best: Trial | None
    trying: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def is_running(self) -> bool:
        """Whether the run goes on."""
        return self.state == State.RUNNING

    @property
    def seconds(self) -> float:
        """Since it began, or what it took."""
        return _age(self.created) if self.is_running else self.seconds_spent

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the time limit, at least 0; None without a limit."""
        return None if self.seconds_limit is None else max(0.0, self.seconds_limit - self.seconds)

    @property
    def validation(self) -> float | None:
        """R² of the best law so far on held-out training rows; None while there is none."""
        return None if self.best is None else self.best.evaluation.validation_r2

    @property
    def charts(self) -> list[Chart]:
        """Best error so far against seconds and, where a model is asked, against calls."""
        if self.best is None:
            return []
        seconds = [*(step.seconds for step in self.steps), max(self.seconds_spent, self.steps[-1].seconds)]
        charts = [self._chart("seconds", seconds, self.best.measure)]
        if self.calls:
            calls = [*(step.calls for step in self.steps), float(self.calls)]
            charts.append(self._chart("model calls", calls, self.best.measure))
        return charts

    def _chart(self, label: str, at: list[float], measure: str) -> Chart:
        error = [max(1e-9, step.error) for step in (*self.steps, self.steps[-1])]
        alt = f"The least {measure} so far is {error[-1]:.4g}, after {at[-2]:.0f} {label}."
        return Chart(f"Best so far against {label}", alt, stepped(at, error, label, alt, measure, height=220))


@dataclass
class _SoFar:
    """What the events of a run have told so far."""

    spent: dict[str, float | None] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    best: Trial | None = None
    candidates: int = 0
    screened: int = 0
    failed: int = 0

    @property
    def trying(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(short(one) for one in self.waiting.values()))[:MOST_TRYING]

    def learn(self, event: Round | Recorded | Screening | None) -> None:
        match event:
            case Round(proposals=proposals):
                self.waiting = {one.id: one.origin or "a candidate" for one in proposals}
            case Screening(rest=rest, sums=sums):
                self.screened = rest + sums
            case Recorded(trial=trial, spent=spent):
                self.candidates += 1
                self.failed += not trial.usable
                self.spent = dict(spent)
                self.waiting.pop(trial.id, None)
                if trial.usable and (self.best is None or trial.error < self.best.error):
                    self.best = trial
                    self.steps.append(Step(spent.get("seconds") or 0.0, spent.get("calls") or 0.0, trial.error))


def progress(archive: Archive) -> Progress:
    """How far a run is; raises InputError where an event cannot be read."""
    manifest, config = archive.manifest, archive.manifest.config
    told = _SoFar()
    for event in archive.events():
        told.learn(read_event(event))
    spent = told.spent
    state = archive.state
    return Progress(
        address=manifest.address,
        run=manifest.run,
        task=manifest.task.name,
        title=short(manifest.task.title, 160),
        targets=manifest.task.targets,
        agent=manifest.proposer,
        created=manifest.created,
        state=state.value,
        seconds_spent=float(spent.get("seconds") or 0.0),
        seconds_limit=_left(config, "seconds", 0.0),
        usd=spent.get("usd", 0.0),
        usd_left=_left(config, "usd", spent.get("usd", 0.0)),
        calls=int(spent.get("calls") or 0),
        calls_left=None if (left := _left(config, "calls", spent.get("calls") or 0)) is None else int(left),
        candidates=told.candidates,
        screened=told.screened,
        failed=told.failed,
        best=told.best,
        trying=told.trying if state is State.RUNNING else (),
        steps=tuple(told.steps),
    )


def _left(config: Mapping[str, object], name: str, spent: float | None) -> float | None:
    limit = config.get(name)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or spent is None:
        return None
    return max(0.0, float(limit) - spent)


def _age(created: str) -> float:
    """Seconds since a moment as the manifest writes it; 0 where it cannot be read."""
    try:
        began = datetime.fromisoformat(created)
    except ValueError:
        return 0.0
    return max(0.0, (datetime.fromtimestamp(time.time(), UTC) - began.astimezone(UTC)).total_seconds())


def stamp(archive: Archive) -> tuple[int, ...]:
    """Changes whenever the archive does: sizes and times of its files."""
    found: list[int] = []
    with os.scandir(archive.path) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            known = entry.stat(follow_symlinks=False)
            found += [known.st_size, known.st_mtime_ns]
    return tuple(found)


def duration(seconds: float) -> str:
    """12 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
