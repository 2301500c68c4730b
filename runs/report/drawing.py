"""Static plots as SVG: text stays text, colours are the page's own, and nothing foreign is interpreted.

They are what a page shows without scripts and on paper. A plot is built part by part, in the order of drawing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from lawsmith.runs.quoting import short
from lawsmith.tasks import Array

LABEL = 28  # characters of a name beside an axis
COLOURS = 10
"""Colours that the page's style defines for groups: ``c0`` to ``c9``."""
MOST_TICKS = 6  # that fit below the narrowest panel
LARGEST, LARGEST_POWER = 1e300, 300.0  # what an archive states may be larger, and overflows
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 26, 46  # room around a plot for ticks, labels and a heading


@dataclass(frozen=True)
class Chart:
    """A plot, and the sentence that describes it to readers who cannot see it."""

    title: str
    alt: str
    svg: Markup


class Axis:
    """A scale from values to [0, 1]; `log` for a logarithmic one, which needs positive ends."""

    def __init__(self, values: Array | Sequence[float], log: bool = False, margin: float = 0.03) -> None:
        found = np.asarray(values, dtype=float).ravel()
        found = found[np.isfinite(found) & ((found > 0) | (not log))]
        low, high = 1.0, 2.0
        if len(found):
            low, high = np.clip((found.min(), found.max()), 1 / LARGEST if log else -LARGEST, LARGEST).tolist()
        if log:
            low, high = math.log10(low), math.log10(high)
        if high <= low:
            room = 0.5 if log else (abs(low) * 0.1 or 1.0)
            low, high = low - room, high + room
        self.log, self.low, self.high = log, low - margin * (high - low), high + margin * (high - low)
        if log:
            self.low, self.high = (min(max(end, -LARGEST_POWER), LARGEST_POWER) for end in (self.low, self.high))

    def at(self, values: Array | Sequence[float] | float) -> Array:
        """Places of the values along the axis: 0 at its low end, 1 at its high end."""
        found = np.asarray(values, dtype=float)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = np.log10(found) if self.log else found
            return np.asarray((found - self.low) / (self.high - self.low))

    def ticks(self) -> list[tuple[float, str]]:
        """Values that are named, with their names."""
        if self.log and self.high - self.low >= 1.0:
            step = max(1, math.ceil((self.high - self.low) / MOST_TICKS))
            powers = range(math.ceil(self.low), math.floor(self.high) + 1, step)
            if len(powers) >= 2:
                return [(10.0**power, _named(10.0**power)) for power in powers]
        low, high = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        size = _step((high - low) / MOST_TICKS)
        first = math.ceil(low / size - 1e-9)
        values = [k * size for k in range(first, math.floor(high / size + 1e-9) + 1)]
        return [(value, _named(value)) for value in values if value > 0 or not self.log]


def _step(size: float) -> float:
    """The one of 1, 2, 2.5 and 5 times a power of ten that is nearest to `size`, as a factor."""
    power = 10.0 ** math.floor(math.log10(size))
    return min((nice * power for nice in (1, 2, 2.5, 5, 10)), key=lambda step: abs(math.log(step / size)))


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _named(value: float) -> str:
    """A tick's name: 0.25, 300, or 10⁹ and 2·10⁹ where digits would be many."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.6g}"
    power = math.floor(math.log10(abs(value)) + 1e-9)
    factor = f"{value / 10.0**power:.4g}"
    ten = f"10{str(power).translate(_SUPERSCRIPTS)}"
    return ten if factor == "1" else f"{factor}·{ten}"


_UPRIGHT = Markup(
    '<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>'
    '<text class="tick" x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>'
)
_LEVEL = Markup(
    '<line class="grid" x1="{1}" x2="{2}" y1="{0:.1f}" y2="{0:.1f}"/>'
    '<text class="tick" x="{3}" y="{4:.1f}" text-anchor="end">{5}</text>'
)
"""A line of the grid with its tick."""


class Plot:
    """A pair of axes that parts are drawn into. Colours are classes of the page's style."""

    def __init__(self, x: Axis, y: Axis, labels: tuple[str, str], size: tuple[int, int] = (460, 320)) -> None:
        self.x, self.y, self.labels, self.size = x, y, labels, size
        self._parts: list[Markup] = []

    def _place(self, x: Array | Sequence[float], y: Array | Sequence[float]) -> Array:
        """(n, 2): pixels, kept near the frame so that what leaves it stays a short path."""
        width, height = self.size[0] - LEFT - RIGHT, self.size[1] - TOP - BOTTOM
        across, up = np.clip(self.x.at(x), -1, 2), np.clip(self.y.at(y), -1, 2)
        found = np.column_stack([LEFT + width * across, TOP + height * (1 - up)])
        return np.asarray(found[np.isfinite(found).all(axis=1)])

    def area(self, x: Array, low: Array, high: Array, colour: str, kind: str = "band") -> None:
        """Draw the area between two curves (n,)."""
        points = np.concatenate([self._place(x, low), self._place(x, high)[::-1]])
        self._add('<polygon class="{} {}" points="{}"/>', kind, colour, _pairs(points))

    def line(self, x: Array | Sequence[float], y: Array | Sequence[float], colour: str, kind: str = "curve") -> None:
        """Draw a curve through the points."""
        self._add('<polyline class="{} {}" points="{}"/>', kind, colour, _pairs(self._place(x, y)))

    def dots(self, x: Array | Sequence[float], y: Array | Sequence[float], colour: str, test: bool = False) -> None:
        """Discs of training rows, or diamonds of test rows."""
        shape = "m{:.1f} {:.1f}m0 -4.2l4.2 4.2l-4.2 4.2l-4.2 -4.2z" if test else "m{:.1f} {:.1f}h0"
        path = "".join("M0 0" + shape.format(*point) for point in self._inside(self._place(x, y)).round(1))
        self._add('<path class="{} {}" d="{}"/>', "test" if test else "dot", colour, path)

    def crosses(self, x: Array, y: Array) -> None:
        """Outliers."""
        shape = "M{:.1f} {:.1f}m-4.5 -4.5l9 9m0 -9l-9 9"
        path = "".join(shape.format(*point) for point in self._inside(self._place(x, y)))
        self._add('<path class="off" d="{}"/>', path)

    def _inside(self, points: Array) -> Array:
        width, height = self.size
        kept = (points[:, 0] >= LEFT - 2) & (points[:, 0] <= width - RIGHT + 2)
        return np.asarray(points[kept & (points[:, 1] >= TOP - 2) & (points[:, 1] <= height - BOTTOM + 2)])

    def rule(self, at: float, kind: str = "edge", upright: bool = True) -> None:
        """A line across the plot: the end of the data, or zero."""
        ends = [self.y.low, self.y.high] if upright else [self.x.low, self.x.high]
        axis = self.y if upright else self.x
        span = [10**end for end in ends] if axis.log else ends
        points = self._place([at, at], span) if upright else self._place(span, [at, at])
        self._add('<polyline class="{}" points="{}"/>', kind, _pairs(points))

    def word(self, x: float, y: float, text: str, colour: str) -> None:
        """Write a text with its start at a point."""
        (place,) = self._place([x], [y])
        self._add('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>', colour, *place, short(text, LABEL))

    def _add(self, form: str, *values: object) -> None:
        self._parts.append(Markup(form).format(*values))

    def svg(self, alt: str) -> Markup:
        """The whole element; `alt` is what a screen reader says."""
        width, height = self.size
        right, bottom = width - RIGHT, height - BOTTOM
        across = ((LEFT + (right - LEFT) * float(self.x.at(value)), name) for value, name in self.x.ticks())
        frame = [_UPRIGHT.format(at, TOP, bottom, bottom + 16, name) for at, name in across]
        up = ((bottom - (bottom - TOP) * float(self.y.at(value)), name) for value, name in self.y.ticks())
        frame += [_LEVEL.format(at, LEFT, right, LEFT - 7, at + 4, name) for at, name in up]
        names = Markup(
            '<text class="axis" x="{}" y="{}" text-anchor="end">{} →</text><text class="axis" x="4" y="14">↑ {}</text>'
        ).format(right, height - 8, short(self.labels[0], LABEL), short(self.labels[1], 2 * LABEL))
        inner = Markup('x="{0}" y="{1}" width="{2}" height="{3}" viewBox="{0} {1} {2} {3}"').format(
            LEFT - 4, TOP - 4, right - LEFT + 8, bottom - TOP + 8
        )
        return Markup(
            '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<svg {}>{}</svg>{}</svg>'
        ).format(width, height, alt, Markup().join(frame), inner, Markup().join(self._parts), names)


def _pairs(points: Array) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def colour(k: int) -> str:
    """The class of the k-th colour; colours repeat."""
    return f"c{k % COLOURS}"
