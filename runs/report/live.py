"""What a run in progress is doing: its best law so far, its score against time and calls, what is being tried."""

import os
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lawsmith.runs.quoting import short
from lawsmith.runs.records.archive import Archive, State
from lawsmith.runs.records.record import Manifest
from lawsmith.runs.records.trials import Recorded, Round, Screening, Trial, read_event
from lawsmith.runs.report.drawing import Chart
from lawsmith.runs.report.plots import stepped

MOST_TRYING = 5  # candidates under way that are named


@dataclass(frozen=True)
class Step:
    """A new best: after how many seconds and model calls, and its error (`Trial.error`)."""

    seconds: float
    calls: float
    error: float


@dataclass
class Progress:
    """A run at a moment, as its events tell. spent: seconds, calls and USD at the last event, None where unknown.
    waiting: the candidates under evaluation, with words for each. steps: every improvement."""

    manifest: Manifest
    state: State
    spent: dict[str, float | None] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    best: Trial | None = None
    candidates: int = 0
    screened: int = 0
    failed: int = 0

    @property
    def is_running(self) -> bool:
        """Whether the run goes on."""
        return self.state is State.RUNNING

    @property
    def seconds(self) -> float:
        """Since it began, or what it took."""
        return _age(self.manifest.created) if self.is_running else self.spent.get("seconds") or 0.0

    @property
    def calls(self) -> int:
        """Calls of models."""
        return int(self.spent.get("calls") or 0)

    @property
    def usd(self) -> float | None:
        """What models cost; None where a price is unknown."""
        return self.spent.get("usd", 0.0)

    def left(self, name: str) -> float | None:
        """How much of a limit of the run ("seconds", "calls" or "usd") is left, at least 0; None without that limit, or
        where a price is unknown."""
        limit, spent = self.manifest.config.get(name), getattr(self, name)
        if spent is None or isinstance(limit, bool) or not isinstance(limit, int | float):
            return None
        return max(0.0, limit - float(spent))

    @property
    def trying(self) -> tuple[str, ...]:
        """What the candidates under evaluation are, in words; nothing where the run has ended."""
        named = dict.fromkeys(map(short, self.waiting.values())) if self.is_running else ()
        return tuple(named)[:MOST_TRYING]

    @property
    def validation(self) -> float | None:
        """R² of the best law so far on held-out training rows; None while there is none."""
        return None if self.best is None else self.best.evaluation.validation_r2

    @property
    def charts(self) -> list[Chart]:
        """Best error so far against seconds and, where a model is asked, against calls."""
        if self.best is None:
            return []
        last = max(self.spent.get("seconds") or 0.0, self.steps[-1].seconds)
        charts = [self._chart("seconds", [*(step.seconds for step in self.steps), last], self.best.measure)]
        if self.calls:
            calls = [*(step.calls for step in self.steps), float(self.calls)]
            charts.append(self._chart("model calls", calls, self.best.measure))
        return charts

    def _chart(self, label: str, at: list[float], measure: str) -> Chart:
        error = [max(1e-9, step.error) for step in (*self.steps, self.steps[-1])]
        alt = f"The least {measure} so far is {error[-1]:.4g}, after {at[-2]:.0f} {label}."
        return Chart(f"Best so far against {label}", alt, stepped(at, error, label, alt, measure, height=220))

    def learn(self, event: Round | Recorded | Screening | None) -> None:
        """Take in an event of the run's log."""
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
    found = Progress(archive.manifest, archive.state)
    for event in archive.events():
        found.learn(read_event(event))
    return found


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
