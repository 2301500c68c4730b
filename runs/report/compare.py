"""Two runs side by side: formulas, pictures and measures."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lawsmith.runs.archive import Archive
from lawsmith.runs.report.content import RunContent, gather
from lawsmith.runs.report.fit import Fit, data_of, fit_of
from lawsmith.runs.report.live import duration
from lawsmith.runs.report.render import constant, figure, render, shown_percent
from lawsmith.runs.report.shown_formula import ShownFormula, shown_formula
from lawsmith.sandbox import Sandbox


@dataclass(frozen=True, eq=False)
class Side:
    """One of the runs."""

    content: RunContent
    stated: ShownFormula | None
    fit: Fit


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
    sides = [_side(archive, sandbox, data_dir) for archive in archives]
    chosen = [archive.manifest.address for archive in archives]
    digests = {None if (data := archive.manifest.data) is None else data.sha256 for archive in archives}
    same_data = len(digests) == 1
    return render(
        "compare.html.j2",
        title="Two runs compared",
        sides=sides,
        measures=_measures(sides, same_data) if len(sides) == 2 else [],
        same_data=same_data,
        known=known,
        chosen=[*chosen, "", ""][:2],
    )


def _side(archive: Archive, sandbox: Sandbox, data_dir: Path | None) -> Side:
    content = gather(archive)
    stated = None
    if content.leader is not None:
        first = dict(list(content.constants.items())[:1])
        stated = shown_formula(content.leader.proposal.source, content.manifest.task.targets, first)
    fit = fit_of(content, sandbox, data_of(content, data_dir), None, {} if stated is None else stated.levels)
    return Side(content, stated, fit)


def _measures(sides: Sequence[Side], same_data: bool) -> list[Measure]:
    """Larger R² is better, smaller errors are; of equal values, or on different rows, none is."""
    found = []
    for split in ("test", "training"):
        for kind, lowest in (("R²", False), ("typical error (RMSE)", True), ("mean relative error", True)):
            errors = [side.fit.of(split)[:1] for side in sides]
            if not all(errors):
                continue
            values = [{"R²": e[0].r2, "typical error (RMSE)": e[0].rmse}.get(kind, e[0].share) for e in errors]
            write = {"R²": figure, "typical error (RMSE)": constant}.get(kind, shown_percent)
            found.append(Measure(f"{split} {kind}", tuple(map(write, values)), _better(values, lowest)))
    validation = [side.content.leader.validation if side.content.leader else None for side in sides]
    found.append(Measure("validation R²", tuple(map(figure, validation)), _better(validation, lowest=False)))
    counts = [side.content.constants_count for side in sides]
    found.append(Measure("constants", tuple("–" if one is None else str(one) for one in counts)))
    found.append(Measure("candidates", tuple(str(len(side.content.trials)) for side in sides)))
    found.append(Measure("search", tuple(duration(side.content.result.seconds or 0) for side in sides)))
    return found if same_data else [replace(one, best=None) for one in found]


def _better(values: Sequence[float | None], lowest: bool) -> int | None:
    first, second = values
    if first is None or second is None or first == second:
        return None
    return int((first < second) != lowest)
