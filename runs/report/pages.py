"""The pages that a server shows, by their paths, and the news about runs in progress.

Only archives below the folder of runs, and the published ones, are ever opened, each by its exact address. Pages are
made anew by this version, never taken from an archive, and what goes wrong with one is told without quoting it: an
archive may come from a stranger.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TypeVar
from urllib.parse import quote

from markupsafe import Markup

from lawsmith.runs.records.archive import Archive, State
from lawsmith.runs.records.find import addresses
from lawsmith.runs.report.boards import boards
from lawsmith.runs.report.content import RunContent, gather
from lawsmith.runs.report.fit import Fit, data_of, fit_of
from lawsmith.runs.report.live import Progress, duration, progress, stamp
from lawsmith.runs.report.page import report_page, stated_law
from lawsmith.runs.report.render import constant, environment, figure, render, shown_percent
from lawsmith.runs.report.site import makers
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.law.write_mathml import mathml
from lawsmith.tasks import InputError
from lawsmith.tasks.errors import listing

RUNS, COMPARE, EVENTS = "runs/", "compare", "events/"
MOST_KEPT = 64  # pages that a server keeps ready
T = TypeVar("T")


@dataclass(frozen=True)
class News:
    """A fragment of HTML about a run, or about all in progress; the id of its best law; whether it has ended."""

    fragment: str
    law: str | None
    done: bool


@dataclass(eq=False)
class Pages:
    """The pages of the server. A page of an archive is kept until the archive changes."""

    runs_dir: Path
    sandbox: Sandbox
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], object] = OrderedDict()
        self._ended: set[str] = set()

    def get(self, path: str, query: Mapping[str, Sequence[str]] | None = None) -> str | None:
        """The page at a path without leading slash; None where there is none. Raises InputError, in words that quote
        nothing, for an archive that cannot be shown."""
        if path.startswith(RUNS):
            return self._report(path.removeprefix(RUNS))
        if path == COMPARE:
            asked = [self._archive((query or {}).get(name, [""])[0]) for name in ("a", "b")]
            known = list(addresses(self.runs_dir))
            pair = [one for one in asked if one is not None]
            names = listing([one.manifest.address for one in pair])
            return self._shown(names, lambda: compare_page(pair, known, self.sandbox, self.data_dir))
        found = boards(self.runs_dir, lambda archive: RUNS + quote(archive.manifest.address))
        made = makers(found, running=Markup(self.news("").fragment), live="/" + EVENTS)
        make = made.get(path or "index.html")
        return None if make is None else make()

    def news(self, address: str) -> News:
        """About the run at an address, or with an empty one about all in progress. Raises InputError where there is
        none."""
        if address:
            archive = self._archive(address)
            if archive is None:
                raise InputError("There is no such run.")
            return self._shown(address, partial(self._news, archive))
        cards = [self._shown(one.manifest.address, partial(self._card, one)) for one in self._running()]
        return News(str(Markup().join(cards)), None, done=False)

    def _news(self, archive: Archive) -> News:
        known = self._progress(archive)
        best = None if known.best is None else known.best.id
        return News(_fragment(known, Markup(), up=False), best, archive.state is not State.RUNNING)

    def _card(self, archive: Archive) -> Markup:
        known = self._progress(archive)
        best = "" if known.best is None else known.best.id
        curve = self._keep(("curve", archive.path, best), lambda: self._curve(archive)) if best else Markup()
        return Markup(_fragment(known, curve, up=True))

    def _progress(self, archive: Archive) -> Progress:
        return self._keep(("progress", archive.path, *stamp(archive)), lambda: progress(archive))

    def _curve(self, archive: Archive) -> Markup:
        """The best law so far on the data, as a static picture; nothing where it cannot be had."""
        content = gather(archive)
        charts = fit_of(content, self.sandbox, data_of(content, self.data_dir), None, {}).charts
        return charts[0].svg if charts else Markup()

    def _running(self) -> list[Archive]:
        """Runs in progress, the newest first. Those that have ended are not looked at again."""
        found = []
        for address, path in addresses(self.runs_dir, published=False).items():
            if address in self._ended:
                continue
            try:
                archive = Archive.open(path)
                if archive.state is State.RUNNING:
                    found.append(archive)
                elif archive.state is State.COMPLETE:
                    self._ended.add(address)
            except InputError:
                self._ended.add(address)
        return sorted(found, key=lambda one: one.manifest.created, reverse=True)

    def _archive(self, address: str) -> Archive | None:
        path = addresses(self.runs_dir).get(address)
        return None if path is None else self._shown(address, lambda: Archive.open(path))

    def _report(self, address: str) -> str | None:
        archive = self._archive(address)
        if archive is None:
            return None
        return self._shown(
            address, lambda: self._keep(("report", archive.path, *stamp(archive)), lambda: self._made(archive))
        )

    def _made(self, archive: Archive) -> str:
        running = archive.state is State.RUNNING
        address = quote(archive.manifest.address)
        return report_page(
            archive,
            self.sandbox,
            data_dir=self.data_dir,
            with_intervals=False,
            live=f"/{EVENTS}{address}" if running else "",
            up="/",
            progress=Markup(_fragment(self._progress(archive), Markup(), up=False)) if running else Markup(),
        )

    def _keep(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                known: T = self._kept[key]  # type: ignore[assignment]
                return known
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    def _shown(self, address: str, make: Callable[[], T]) -> T:
        try:
            return make()
        except InputError:
            raise InputError(
                f"{address} cannot be shown: it is damaged, or another version wrote it. "
                "`discover inspect` with its name says more."
            ) from None


def _fragment(known: Progress, curve: Markup, *, up: bool) -> str:
    best = known.best
    math = None if best is None else mathml(best.proposal.source, known.manifest.task)
    template, link = environment().get_template("progress.html.j2"), "/" + RUNS + quote(known.manifest.address)
    return template.render(known=known, curve=curve, math=math, up=up, duration=duration, link=link)


ERRORS: dict[str, tuple[str, Callable[[float | None], str], bool]] = {
    "r2": ("R²", figure, False),
    "rmse": ("typical error (RMSE)", constant, True),
    "share": ("mean relative error", shown_percent, True),
}
"""Field of the errors on a split -> what it is called, how it is written, and whether less is better."""


@dataclass(frozen=True)
class Measure:
    """A line of the comparison; `best` is the place of the better value, None where there is none."""

    name: str
    values: tuple[str, ...]
    best: int | None = None


def compare_page(
    archives: Sequence[Archive], known: Sequence[str], sandbox: Sandbox, data_dir: Path | None = None
) -> str:
    """The page of up to two runs, with a choice among `known` addresses. Raises InputError for a damaged archive."""
    contents = [gather(archive) for archive in archives]
    stated = [stated_law(content, 1) for content in contents]
    fits = [
        fit_of(content, sandbox, data_of(content, data_dir), None, {} if one is None else one.levels)
        for content, one in zip(contents, stated, strict=True)
    ]
    chosen = [archive.manifest.address for archive in archives]
    digests = {None if (data := archive.manifest.data) is None else data.sha256 for archive in archives}
    same_data = len(digests) == 1
    return render(
        "compare.html.j2",
        title="Two runs compared",
        sides=list(zip(contents, stated, fits, strict=True)),
        measures=_measures(contents, fits, same_data) if len(fits) == 2 else [],
        same_data=same_data,
        known=known,
        chosen=[*chosen, "", ""][:2],
    )


def _measures(contents: Sequence[RunContent], fits: Sequence[Fit], same_data: bool) -> list[Measure]:
    """Larger R² is better, smaller errors are; of equal values, or on different rows, none is."""
    found = []
    for split in ("test", "training"):
        errors = [fit.of(split)[:1] for fit in fits]
        for name, (kind, write, lowest) in ERRORS.items() if all(errors) else ():
            values = [getattr(one, name) for (one,) in errors]
            found.append(Measure(f"{split} {kind}", tuple(map(write, values)), _better(values, lowest)))
    leaders = [content.leader for content in contents]
    validation = [None if one is None else one.evaluation.validation_r2 for one in leaders]
    found.append(Measure("held-out R²", tuple(map(figure, validation)), _better(validation, lowest=False)))
    counts = [content.constants_count for content in contents]
    found.append(Measure("constants", tuple("–" if one is None else str(one) for one in counts)))
    found.append(Measure("candidates", tuple(str(len(content.trials)) for content in contents)))
    found.append(Measure("search", tuple(duration(content.result.seconds or 0) for content in contents)))
    return found if same_data else [replace(one, best=None) for one in found]


def _better(values: Sequence[float | None], lowest: bool) -> int | None:
    first, second = values
    if first is None or second is None or first == second:
        return None
    return int((first < second) != lowest)
