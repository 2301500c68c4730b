"""How far a point lies beyond the data, in words: factors of each feature, and how far errors were measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from lawsmith.runs.intervals.distance import distances
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.intervals.predict import FAR
from lawsmith.tasks import Table
from lawsmith.tasks.errors import listing

HARDLY = 1.5  # times the smallest of some factors, up to which they are told as one


@dataclass(frozen=True)
class Beyond:
    """A feature of a point that lies outside its measured range.

    factor: how many times the largest value (or, below, the smallest one has of it); None on a plain axis.
    trusted: the factor up to which errors of the law were measured; None on a plain axis.
    """

    feature: str
    value: float
    low: float
    high: float
    factor: float | None
    trusted: float | None

    def __str__(self) -> str:
        above = self.value > self.high
        edge, name = (self.high, "largest") if above else (self.low, "smallest")
        if self.factor is None:
            return (
                f"{self.feature} = {self.value:g} lies {abs(self.value - edge):.3g} "
                f"{'above' if above else 'below'} the {name} measured ({edge:g})"
            )
        factor = times(self.factor)
        if above:
            return f"{self.feature} = {self.value:g} is {factor} the largest measured ({edge:g})"
        return f"{self.feature} = {self.value:g} is {factor} smaller than the smallest measured ({edge:g})"


def beyond(known: Uncertainty, rows: Table, row: int) -> tuple[Beyond, ...]:
    """The features of one row that lie outside the measured range of its group."""
    region = known.regions[rows.groups[rows.codes[row]]]
    found = []
    for k, name in enumerate(known.features):
        value = float(rows.features[name][row])
        low, high, outside = region.factor(k, value)
        if outside:
            ratios = region.log[k] and value > 0
            factor = (value / high if value > high else low / value) if ratios else None
            trusted = known.factors[k] if ratios and known.factors else None
            found.append(Beyond(name, value, low, high, factor, trusted))
    return tuple(found)


def times(factor: float) -> str:
    """``1.6 times``, ``110 times``: two digits, never an exponent below a million."""
    digits = f"{factor:.1f}" if factor < 9.95 else f"{float(f'{factor:.2g}'):.0f}" if factor < 1e6 else f"{factor:.2g}"
    return f"{digits.removesuffix('.0')} times"


def by_feature(factors: Mapping[str, float], of_all: bool = True) -> str:
    """``4 times (N) and 8 times (lr and D)``; the smallest alone where they hardly differ and are `of_all` features."""
    if of_all and max(factors.values()) < HARDLY * min(factors.values()):
        return times(min(factors.values()))
    alike: dict[str, list[str]] = {}
    for name, factor in sorted(factors.items(), key=lambda one: one[1]):
        alike.setdefault(times(factor), []).append(name)
    return listing([f"{far} ({listing(names)})" for far, names in alike.items()])


def percent(share: float) -> str:
    """``0.6 %``; two digits."""
    return f"{100 * share:.2g} %" if share < 0.0995 else f"{100 * share:.0f} %"


def remarks(known: Uncertainty, rows: Table) -> list[str | None]:
    """A sentence for each row beyond the data; None for a row inside.

    It says in factors how far each feature lies outside, and warns where that is farther than errors were measured.
    """
    distance, said = distances(known.regions, rows), list[str | None]()
    for row in range(len(rows)):
        if distance[row] <= 0:
            said.append(None)
            continue
        outside = beyond(known, rows, row)
        where = "; ".join(map(str, outside)) or "No row has such a combination of features"
        said.append(f"{where}. {_trust(known, outside, float(distance[row]))}")
    return said


def _trust(known: Uncertainty, outside: tuple[Beyond, ...], distance: float) -> str:
    factors = {one.feature: one.trusted for one in outside if one.trusted is not None}
    if unseen := [one.feature for one in outside if one.trusted is not None and one.trusted <= 1]:
        measured = f"No error of this law was measured beyond the measured range of {listing(unseen)}."
    elif known.reach <= 0:
        measured = "Errors of this law were measured inside the data only."
    elif factors:
        measured = f"Errors of this law were measured up to {by_feature(factors)} beyond the fitted rows."
    else:
        share = times(known.reach) if known.reach >= 1 else f"{percent(known.reach)} of"
        measured = f"Errors of this law were measured up to {share} the fitted range beyond it."
    far = distance > (1 + FAR) * known.reach
    return f"{measured} This is far outside: do not rely on the interval." if far else measured
