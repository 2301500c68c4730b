"""The static plots of a page: the picture as small multiples, residuals, progress of the search, front."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from lawsmith.runs.quoting import short
from lawsmith.runs.records.account import Account
from lawsmith.runs.records.trials import Trial
from lawsmith.runs.report.content import RunContent
from lawsmith.runs.report.drawing import LABEL, Axis, Chart, Plot, colour
from lawsmith.runs.report.picture import Curve, Picture
from lawsmith.tasks.arrays import Array, is_logarithmic

MOST_TARGETS = 3  # rows of panels
MOST_PANELS = 4  # panels in a row
MOST_BANDS = 3
"""Groups whose bands are drawn together; those of more hide one another."""
MOST_COLOURED = 10
"""Groups that are told apart by colour; of more, the largest stands out and the others are grey."""


def picture_charts(picture: Picture) -> list[Chart]:
    """Per target (the first three) and feature (the first four that vary): rows, curves and bands."""
    targets = range(min(MOST_TARGETS, len(picture.schema.targets)))
    return [_panel(picture, t, k) for t in targets for k in picture.varying[:MOST_PANELS]]


def shown_groups(picture: Picture) -> list[int]:
    """Groups that are drawn in colour: all of a few, else the largest."""
    present = [int(code) for code in np.unique(picture.rows.codes)]
    if len(present) <= MOST_COLOURED:
        return present
    return [int(np.bincount(picture.rows.codes).argmax())]


def is_moved(picture: Picture) -> bool:
    """Whether rows are moved onto the curves at first: where more varies than an axis and a few curves can show."""
    several = len(np.unique(picture.rows.codes)) > 1
    return bool(picture.moved) and (several or len(picture.varying) > 2)


def placed(picture: Picture, t: int, k: int) -> Array:
    """(n,): the target of each row, its other features moved by the law to where the curve holds them, if so."""
    rows = picture.rows
    if not is_moved(picture):
        return rows.measured[:, t]
    return np.asarray(rows.measured[:, t] - rows.predicted[:, t] + picture.moved[k][:, t])


def _panel(picture: Picture, t: int, k: int) -> Chart:
    rows, groups = picture.rows, shown_groups(picture)
    x, y = rows.x[:, k], placed(picture, t, k)
    curves = [curve for curve in picture.curves if curve.feature == k and curve.group in groups]
    typical = [curve for curve in curves if curve.level is None]
    levels = [curve for curve in curves if curve.level is not None] if not is_moved(picture) else []
    every_x = np.concatenate([x, *(curve.x for curve in typical)])
    every_y = np.concatenate([y, *(curve.value[:, t] for curve in (*typical, *levels))])
    across = Axis(every_x, picture.logarithmic[k])
    plot = Plot(
        across,
        Axis(every_y, not picture.is_share(t) and is_logarithmic(every_y[np.isfinite(every_y)])),
        _names(picture, t, k),
    )
    for curve in typical:
        hue = colour(groups.index(curve.group))
        for level, (low, high) in curve.bands.items() if len(typical) <= MOST_BANDS else ():
            plot.area(curve.x, low[:, t], high[:, t], hue, "band90" if level == 0.9 else "band50")
    for end in picture.frontiers.get(k, ()):
        plot.rule(end, "frontier")
    outermost = min if any(curve.end < curve.begin for curve in typical) else max
    plot.rule(outermost((curve.end for curve in typical), default=float(x[~rows.test].max())))
    _dots(plot, picture, x, y)
    off = np.isin(rows.numbers, [row for row, target in picture.disbelieved if target == t]) & ~rows.test
    plot.crosses(x[off], y[off])
    for curve in levels:
        plot.line(curve.x, curve.value[:, t], colour(groups.index(curve.group)), "curve thin")
    for curve in typical:
        plot.line(curve.x, curve.value[:, t], colour(groups.index(curve.group)))
    alt = _sentence(picture, t, k, typical)
    return Chart(f"{_names(picture, t, k)[1]} against {_names(picture, t, k)[0]}", alt, plot.svg(alt))


def _dots(plot: Plot, picture: Picture, x: Array, y: Array) -> None:
    """All rows, in the colours of the groups that are shown."""
    rows, groups = picture.rows, shown_groups(picture)
    if len(groups) < len(np.unique(rows.codes)):
        plot.dots(x, y, "grey")
    for number, code in enumerate(groups):
        for test in (False, True):
            mine = (rows.codes == code) & (rows.test == test)
            plot.dots(x[mine], y[mine], colour(number), test)


def _names(picture: Picture, t: int, k: int) -> tuple[str, str]:
    return short(picture.schema.features[k], LABEL), short(picture.schema.targets[t], LABEL)


def _sentence(picture: Picture, t: int, k: int, typical: Sequence[Curve]) -> str:
    feature, target = _names(picture, t, k)
    test = " and test rows (diamonds)" if picture.rows.test.any() else ""
    said = f"{target} against {feature}: training rows (discs){test}, and the law."
    if is_moved(picture):
        said += " Rows are moved by the law to the other features of their group's curve; residuals are kept."
    if any(curve.bands for curve in typical) and len(typical) <= MOST_BANDS:
        said += " Bands hold 50 % and 90 % of new measurements."
    for curve in typical[:1]:
        said += f" Training rows end at {curve.end:.4g} (dashed)"
        last = 0 if curve.end < curve.begin else -1  # what lies beyond may be below
        end, value = curve.x[last], curve.value[last, t]
        said += (
            f"; at {end:.4g} the law says {value:.4g}" if abs(end - curve.begin) > abs(curve.end - curve.begin) else ""
        )
        if curve.bands:
            low, high = curve.bands[0.9]
            said += f", 90 % interval {low[last, t]:.4g} to {high[last, t]:.4g}"
        said += "."
    return said


def residual_charts(picture: Picture) -> list[Chart]:
    """Per target: measured less predicted against predicted."""
    rows, charts = picture.rows, []
    for t, target in enumerate(picture.schema.targets[:MOST_TARGETS]):
        x, y = rows.predicted[:, t], rows.measured[:, t] - rows.predicted[:, t]
        plot = Plot(Axis(x, is_logarithmic(x)), Axis(y), (f"predicted {short(target, LABEL)}", "measured − predicted"))
        plot.rule(0.0, "zero", upright=False)
        _dots(plot, picture, x, y)
        alt = f"Residuals of {short(target, LABEL)} against its prediction; test rows are diamonds."
        charts.append(Chart(f"Residuals of {short(target, LABEL)}", alt, plot.svg(alt)))
    return charts


def progress_chart(content: RunContent) -> Chart:
    """The best error on held-out rows so far against the number of candidates."""
    best = content.progress
    at = [content.numbers[candidate.id] for candidate in best] + [len(content.trials)]
    error, measure = [_error(candidate) for candidate in (*best, best[-1])], best[0].measure
    alt = (
        f"The least {measure} fell from {error[0]:.4g} to {error[-1]:.4g} over {len(content.trials)} candidates; "
        f"candidate {at[-2]} improved it last."
    )
    return Chart("Best so far", alt, stepped(at, error, "candidates", alt, measure))


def calls_chart(account: Account) -> Chart:
    """The best error on held-out rows so far against the number of model calls."""
    calls, scores = zip(*account.progress, strict=True)
    last = max(account.calls.finished + account.calls.from_cache, calls[-1])
    alt = (
        f"The symbolic search reached a typical error of {scores[0]:.3g} on held-out rows; over {last} model calls the "
        f"best fell to {scores[-1]:.3g}."
    )
    error = [*scores, scores[-1]]
    steps = stepped([*calls, last], error, "model calls", alt, "typical error")
    return Chart("Best so far against calls", alt, steps)


def stepped(
    at: Sequence[float], error: Sequence[float], label: str, alt: str, measure: str, height: int = 320
) -> Markup:
    """The best error so far as a line of steps, along what is called `label`."""
    names = label, f"{measure}, best so far (lower is better)"
    plot = Plot(Axis([0, *at]), Axis(error, log=True), names, (460, height))
    plot.line(np.repeat(at, 2)[1:], np.repeat(error, 2)[:-1], colour(0))
    return plot.svg(alt)


def front_chart(content: RunContent) -> Chart:
    """Error on held-out rows against the number of constants, with the front of the laws that nothing beats."""
    front, usable = content.front, content.best[:1500]
    places = [[(c.evaluation.constants_count or 0, _error(c)) for c in some] for some in (usable, front)]
    (x, y), (front_x, front_y) = (np.array(some, dtype=float).T for some in places)
    plot = Plot(
        Axis(x, margin=0.06),
        Axis(y, log=True),
        ("constants per group and target", f"{front[0].measure} (lower is better)"),
    )
    plot.dots(x, y, "grey")
    plot.line(front_x, front_y, colour(0))
    plot.dots(front_x, front_y, colour(0))
    winner = content.winner
    if winner is not None and winner.evaluation.validation_r2 is not None:
        at, error = winner.evaluation.constants_count or 0, _error(winner)
        plot.dots([at], [error], colour(1), test=True)
        plot.word(at, error, "  chosen", colour(1))
    points = ", ".join(f"{c.evaluation.constants_count or 0}: {_error(c):.4g}" for c in front[:12])
    alt = f"The least {front[0].measure} by number of constants: {points}."
    return Chart("Accuracy against constants", alt, plot.svg(alt))


def _error(candidate: Trial) -> float:
    return max(1e-9, candidate.error)
