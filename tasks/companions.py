"""Which columns of a table keep record of the runs, and which are further outcomes of them."""

import re
from itertools import combinations_with_replacement

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array, along, ranks
from lawsmith.tasks.asked import without_unit
from lawsmith.tasks.dates import is_date, spans_of_years
from lawsmith.tasks.deciding import Deciding
from lawsmith.tasks.folds import simplex_units
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.table import Table

FEWEST_STEPS = 3  # of a run's history; two say little of a course
ONE_WAY = 0.5  # mean correlation of ranks with the step, within runs, of a target that follows it despite its noise
FEWEST_ON_LINE = 8  # rows that tell more than chance by lying on a straight line
AGAIN = 0.25  # standard deviations of the target by which repeated measurements typically differ at most
ROUNDED = 0.01  # of the target's range, by which a mean of repeated measurements may be off
MOST_APART = 0.35  # standard deviation of log(count times time) of a benchmark that runs for a given time, at most
SETTING, FOLLOWS = 4, 0.7  # rows for each value of a setting, and correlation of ranks of two outcomes of a run
SAME_ORDER, SIZE = 0.99, 3.0  # correlation of ranks, and factor between the medians, of two outcomes without names
OUTCOME, ALONE = 0.97, 0.9  # share of its variance that follows from what was set, and at most from one setting
MOST_ALIKE = 3  # columns whose names begin as the target's does, which are views of it
ROWS_PER_TERM = 3  # of the polynomial that tells
SMOOTH = 0.2  # of the mean square between neighbours that chance makes, on a smooth curve at most
EVEN = 1.5  # factor between the steps of values that were set at most
ONE_SIZE = 5.0  # factor between the sizes of several series at most
SERIES = 2  # columns beside the target with its name and other numbers; one may be a setting's second part
WELLS = 4  # of a plate; fewer may be called A1 and B2 for another reason
WORD = 3  # letters of a name that is more than a symbol
ONE_UNIT = 0.02  # by which the factors that make shares add up differ at most
COMPANION = 1 - 1e-5  # correlation of a column with a function of the target that makes it another outcome


def decide_bookkeeping(d: Deciding) -> None:
    """Columns that label, repeat or record runs; labels are left to `lawsmith.tasks.labels`."""
    for name in d.open():
        plain = words.bare(name)
        if name in d.cells.dates:  # a feature, where there is no other
            if 2 * len(set(d.labels_of(name))) <= d.rows and _is_course(d, name):
                d.set(name, "feature", "the target rises or falls with it for each label")
            continue
        if words.is_label(name) and d.repeats(name):
            d.labelled.add(name)
        elif words.is_label(name) and numbers_things(d.numbers[name]):
            d.set(name, "bookkeeping", "only numbers the rows or runs, by its name and values")
        elif d.numbers[name] is None and plain in words.WORDS["cited"]:
            d.set(name, "bookkeeping", "the source of each row, by its name")
        elif words.is_replicate(name):
            d.set(name, "replicate", "tells repeated measurements apart")
        elif d.numbers[name] is None and spans_of_years(d.labels_of(name)):
            d.set(name, "bookkeeping", "spans of years, or months; write them like 2009 or 2009-10-01")
        elif d.numbers[name] is None and is_date(d.labels_of(name)[0]):
            d.set(name, "bookkeeping", "dates in which day and month can be swapped; write them like 2022-06-01")
        elif d.numbers[name] is None and _looks_like_a_date(d.labels_of(name)[0]):
            d.set(name, "bookkeeping", "dates that are not written like 2022-06-01")
        elif words.is_step(name) and _is_course(d, name):
            d.set(name, "feature", "the target rises or falls with it in each run")
        elif words.has(name, "moments") and _since_1970(d.numbers[name]):
            d.set(name, "bookkeeping", "times, counted since 1970")
        elif words.is_bookkeeping(name) or (d.tracker and plain in words.WORDS["tracker"]):
            d.set(name, "bookkeeping", "by its name")


def numbers_things(values: Array | None) -> bool:
    """Whether values are consecutive whole numbers in any order, such as 101, 102, 103."""
    return values is not None and np.array_equal(np.sort(values), np.arange(len(values)) + values.min())


def _since_1970(values: Array | None) -> bool:
    """Whether all values are moments from 2000 to 2065, in seconds since 1970 or a thousandth, millionth … of them."""
    if values is None or not np.isfinite(values).all():
        return False
    return any(values.min() > 9.4e8 * unit and values.max() < 3e9 * unit for unit in (1.0, 1e3, 1e6, 1e9))


def _is_course(d: Deciding, name: str) -> bool:
    """Whether rows are the history of runs: a label names each run, whose rows have steps of their own, the same in
    several runs, and the target goes one way along them; or of one run, whose steps rise throughout."""
    if (found := d.pair(name, d.asked.target[0])) is None:
        return False
    steps, target = found
    if (np.diff(steps) > 0).all():  # of one run
        return along(steps, target) > ALONE
    if 2 * len(np.unique(steps)) > d.rows:
        return False
    for label in d.names:
        if label in (name, *d.asked.target) or not d.repeats(label) or (name in d.cells.dates and d.varies(label)):
            continue
        runs = np.unique(d.labels_of(label), return_inverse=True)[1]
        rows = [np.flatnonzero(runs == run) for run in range(runs.max() + 1)]
        if all(len(np.unique(steps[one])) == len(one) >= FEWEST_STEPS for one in rows):
            ways = [np.corrcoef(ranks(steps[one]), ranks(target[one]))[0, 1] for one in rows]
            return bool(abs(np.mean(ways)) > ONE_WAY)
    return False


def decide_companions(d: Deciding) -> None:
    """Columns that are outcomes of the same runs, as the target is."""
    target, shares = d.asked.target[0], shares_of(d)
    for name in d.open():
        if d.numbers[name] is None or name in d.labelled or name in shares:
            continue
        if why := _beside(d, name, target) or _of_target(d, name, target):
            d.set(name, "companion", why)
    axis, *others = [*d.candidates(), ""]
    others = others[:-1] if _are_series(d, axis, [target, *others[:-1]]) and shares.isdisjoint(others) else []
    for name in others:
        d.set(name, "companion", f"another series along {axis}, as {target} is one")
    for name in d.open():
        if (other := _difference_from(d, name, target)) is not None:
            d.set(name, "companion", f"the difference or ratio of {target} and {other}")


def _beside(d: Deciding, name: str, target: str) -> str | None:
    """Why a column is an outcome beside the target; None where nothing says so."""
    outcome = any(words.is_outcome(one) or not words.without_averages(one) for one in d.asked.target)
    performance = _is_performance(d)
    pair = d.pair(name, target)
    alike = ((outcome or performance) and words.is_outcome(name)) or words.is_measured_elsewhere(name, target)
    beside = alike and not (words.has(name, "another_model") or (pair and _is_setting(*pair)))
    if beside or name.lower().startswith(words.RESULTS):
        return f"another outcome beside {target}"
    if (performance or outcome) and words.is_performance(name) and not is_set(d, name):
        return f"measured beside {target}, by its name"
    if words.is_result_beside(name, target):
        return f"a result beside {target}, by its name"
    if pair and words.is_repeated_until(name) and _fills_time(*pair):
        return f"how often {target} was measured in a fixed time"
    pivoted = is_numeral(name) and is_numeral(target) and not all(map(is_numeral, d.names))
    if pivoted or words.values_of_setting(name, target):
        return f"a value of the same setting as {target}, as in a pivot table"
    return f"another statistic beside {target}, by its name" if words.summary_of(name, d.asked.target) else None


def _of_target(d: Deciding, name: str, target: str) -> str | None:
    """Why a column is made of the target, or measures it again; None where nothing says so."""
    pair = d.pair(name, target)
    if pair and _runs_on(*pair):
        return f"the running sum of {target}, or its differences"
    if pair and (words.has(name, "averages") or words.has(name, "smoothed")) and agree(*pair, AGAIN):
        return f"averages of {target}, by its name and values"
    if words.prediction_of(name, d.asked.target) and len(set(d.labels_of(name))) > 2:
        return "a prediction of the target, by its name"
    if pair and words.has(name, "ranks") and _is_order(*pair):
        return f"the rank of {target}"
    if pair and words.repeats_of(name, target) and agree(*pair, AGAIN):
        return f"a repeated measurement of {target}, by its name and values"
    if pair and words.repeats_of(name, target) and along(*pair) > FOLLOWS and _is_one_of_series(d, target):
        return f"another column of the series of {target}, by its name and values"
    if words.is_well(name) and words.is_well(target) and sum(map(words.is_well, d.names)) >= WELLS:
        return f"another well of the plate of {target}"
    if _is_of_another_series(d, name, target):
        return f"measured as often as {target}, in another series"
    if _is_one_of_repeats(d, name, target):
        return f"one of the measurements that {target} is the mean of"
    if _is_one_of_repeats(d, target, name):
        return f"the mean of {target} and of columns named like it"
    timed = _is_performance(d) and _is_time(name)
    if pair and _restates(d, name, *pair, timed or words.is_view_of(name, target) or words.is_loss(name)):
        return f"a function of {target}"
    if pair and _moves_as_outcome(d, name, *pair):
        return f"another outcome of the other columns: it moves with {target}"
    return None


def _is_performance(d: Deciding) -> bool:
    """Whether a target says how fast or how well something runs."""
    return any(map(words.is_performance, d.asked.target)) or _is_time(d.asked.target[0])


def shares_of(d: Deciding) -> frozenset[str]:
    """Columns that add up to one number as they stand, where those that no name calls outcomes do not do so alone; and
    not outcomes alone, as accuracy and error are."""
    every = d.candidates()
    for columns in ({name: values for name, values in every.items() if not words.is_outcome(name)}, every):
        units = simplex_units(Table(columns, {}, ("",), np.zeros(d.rows, dtype=np.intp)))
        alike = bool(units) and max(units.values()) < (1 + ONE_UNIT) * min(units.values())
        if alike and not all(map(words.is_outcome, units)):
            return frozenset(units)
    return frozenset()


def is_set(d: Deciding, name: str) -> bool:
    """Whether a column was set to few values; what is measured hardly comes twice."""
    return 2 * len(set(d.labels_of(name))) <= d.rows


def _is_time(target: str) -> bool:
    return not {"time", "duration", "seconds", "ms", "us", "ns"}.isdisjoint(words.tokens(target))


def _fills_time(counts: Array, times: Array) -> bool:
    """Whether a column times the target is about the same in all rows, while both vary by more than that."""
    if min(counts.min(), times.min()) <= 0:
        return False
    spread, varied = np.std(np.log(counts) + np.log(times)), np.std(np.log(times))
    return bool(spread < MOST_APART and varied > 2 * spread)


def _is_setting(values: Array, target: Array) -> bool:
    """Whether a column is an outcome of other runs that these begin with, such as the loss of a teacher: it was set to
    few values, and the target's order hardly follows from theirs."""
    levels, own = len(np.unique(values)), len(np.unique(target))
    return 1 < SETTING * levels <= own and along(values, target) < FOLLOWS


def agree(values: Array, target: Array, share: float) -> bool:
    """Whether a column typically differs from the target by less than this share of its standard deviation."""
    return bool(np.median(np.abs(values - target)) < share * np.std(target))


def _runs_on(values: Array, target: Array) -> bool:
    """Whether one column is the running total of the other, as cumulative cases are of new ones."""
    for total, step in ((values, target), (target, values)):
        digits = 2 * rounding(total).max() + rounding(step).max() + 1e-9 * np.ptp(total)
        if FEWEST_ON_LINE * digits < np.ptp(step) and (np.abs(np.diff(total) - step[1:]) <= digits).all():
            return len(values) >= FEWEST_ON_LINE
    return False


def _are_series(d: Deciding, axis: str, names: list[str]) -> bool:
    """Whether three or more columns, and no others, go along the first one, and are of one size and unit: several
    drugs, countries or stations."""
    columns = [pair for name in names if axis and (pair := d.pair(axis, name)) is not None]
    if (
        len(columns) < max(len(names), 1 + SERIES)
        or not is_axis(d, axis)
        or len({without_unit(name)[1] for name in names}) > 1
    ):
        return False
    sizes = np.array([(np.ptp(values), np.median(np.abs(values))) for _, values in columns])
    return bool((sizes.max(axis=0) < ONE_SIZE * sizes.min(axis=0)).all()) and all(goes_along(*pair) for pair in columns)


def is_axis(d: Deciding, name: str) -> bool:
    """Whether a column's values were set: dates, times, few values, or values at about even steps or ratios."""
    if name in d.cells.dates or words.has(name, "progress") or is_set(d, name):
        return True
    levels = np.unique(np.asarray(d.numbers[name]))
    views = [levels, *([np.log(levels)] if levels[0] > 0 else []), np.log(levels[levels > 0])[1:]]
    steps = [np.diff(view) for view in views if len(view) > 2]
    return any(np.max(one) < EVEN * np.min(one) for one in steps)


def goes_along(axis: Array, values: Array) -> bool:
    """Whether a column rises or falls with another one, or lies near a smooth curve along its distinct values."""
    steps = np.diff(values[np.argsort(axis, kind="stable")])
    distinct = len(np.unique(axis)) == len(values) >= FEWEST_ON_LINE
    smooth = distinct and np.mean(steps**2) < 2 * SMOOTH * np.var(values)
    return bool(smooth or along(axis, values) > ALONE)


def _is_one_of_series(d: Deciding, target: str) -> bool:
    """Whether further columns are named like the target but for the number, and others are left: ``pH 5`` beside
    ``pH 6``, ``pH 7`` and a temperature."""
    alike = [name for name in d.names if words.repeats_of(name, target)]
    return len(alike) >= SERIES and not {target, *alike}.issuperset(d.candidates())


def _is_of_another_series(d: Deciding, name: str, target: str) -> bool:
    """Whether columns that differ from a column in their number alone, as ``Control_2`` from ``Control_1``, are as many
    as the target has, which are measured again; and further columns are left."""
    again = [other for other in d.names if words.repeats_of(other, target)]
    series = [other for other in d.names if words.repeats_of(other, name)]
    pairs = [pair for other in again if (pair := d.pair(other, target))]
    told = len(again) == len(series) == len(pairs) > 0 and len(max(words.tokens(name), key=len)) >= WORD
    return (
        told and all(agree(*pair, AGAIN) for pair in pairs) and not {name, *series, *again}.issuperset(d.candidates())
    )


def _is_one_of_repeats(d: Deciding, name: str, target: str) -> bool:
    """Whether the target is the mean of a column and the others of its name but for the number."""
    alike = [d.numbers[other] for other in d.names if words.repeats_of(other, name)]
    columns = [values for values in (d.numbers[name], *alike) if values is not None and np.isfinite(values).all()]
    mean = d.numbers[target]
    if len(columns) < 2 or mean is None:
        return False
    return bool(np.abs(np.mean(columns, axis=0) - mean).max() < ROUNDED * np.ptp(mean))


def _is_order(values: Array, target: Array) -> bool:
    """Whether a column says in which order the target's values come."""
    steps = np.diff(target[np.argsort(values, kind="stable")])
    return bool((steps >= 0).all() or (steps <= 0).all())


def _difference_from(d: Deciding, name: str, target: str) -> str | None:
    """The companion from which the target differs by a column, or whose ratio to it that is: the training error of
    ``gap = test - train``, the charge of an efficiency."""
    if (found := d.pair(name, target)) is None:
        return None
    values, measured = found
    for other in (other for other, (role, _) in d.role.items() if role == "companion"):
        beside = d.numbers[other]
        if beside is None or not np.isfinite(beside).all():
            continue
        near = max(ROUNDED * np.ptp(values), 3 * rounding(values).max())
        apart = np.abs(np.abs(measured - beside) - np.abs(values)).max()
        if apart < near < min(np.std(values), np.std(measured)):  # and the target is no trifle
            return other
        made = words.is_performance(name) and np.abs(beside).min() > 0  # and no number of machines
        if made and _off(values, measured / beside) < near < min(np.std(values), _off(values, measured)):
            return other
    return None


def _off(values: Array, made: Array) -> float:
    """How far a column is off a multiple of another at most."""
    size = max(float(np.median(np.abs(made))), np.finfo(float).tiny)
    return float(np.abs(np.abs(values) - np.abs(made) * (np.median(np.abs(values)) / size)).max())


def _restates(d: Deciding, name: str, values: Array, target: Array, anyhow: bool) -> bool:
    """Whether a column restates the target (its exponential, its logarithm, a multiple): one whose name begins alike,
    such as ``ElapsedRaw``, or any, `anyhow` or in a table where other columns were set to a few values each."""
    if d.rows < 5 or not any(correlated(a, b) for a in _views(values) for b in _views(target)):
        return False
    first = words.tokens(d.asked.target[0])[:1]
    begin = [other for other in d.names if words.tokens(other)[:1] == first != []]  # of many it is the table's prefix
    if (anyhow and not is_set(d, name)) or (name in begin and len(begin) <= MOST_ALIKE):
        return len(d.candidates()) > 1
    if d.rows < 8 or len(np.unique(values)) < 0.8 * d.rows:
        return False
    settings = [v for v in d.candidates().values() if 2 * len(np.unique(v)) <= d.rows]
    return len(settings) + any(role == "replicate" for role, _ in d.role.values()) >= 2


def _moves_as_outcome(d: Deciding, name: str, values: Array, target: Array) -> bool:
    """Whether a measured column has the target's order and about its size, and follows from several columns that have
    not, and from none alone: losses on several data sets, whose names do not say so."""
    if is_set(d, name) or words.has(name, "another_model") or not are_alike(values, target):
        return False
    columns = [column for column in d.candidates().values() if not are_alike(column, target)]
    if len(columns) < 2:
        return False
    views = [np.log(column) if column.min() > 0 else column for column in columns]
    views = [(view - view.mean()) / view.std() for view in views if np.ptp(view) > 0]
    terms = [np.ones(d.rows), *views, *(one * two for one, two in combinations_with_replacement(views, 2))]
    if ROWS_PER_TERM * len(terms) > d.rows:
        return False
    alone = max(_explained(values, [terms[0], view, view**2]) for view in views)
    return alone < ALONE and _explained(values, terms) > OUTCOME


def _explained(values: Array, terms: list[Array]) -> float:
    """The share of its variance (R²) that a sum of terms explains."""
    matrix = np.stack(terms, axis=1)
    return float(1 - np.var(values - matrix @ np.linalg.lstsq(matrix, values, rcond=None)[0]) / np.var(values))


def are_alike(values: Array, target: Array) -> bool:
    """Whether a column has the target's order, or its reverse, and about its size."""
    sizes = np.median(np.abs(values)), np.median(np.abs(target))
    return bool(min(sizes) * SIZE > max(sizes)) and along(values, target) > SAME_ORDER


def _looks_like_a_date(label: str) -> bool:
    return re.match(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\b", label) is not None


def _views(values: Array) -> list[Array]:
    views = [values]
    if values.min() > 0:
        views.append(np.log(values))
    return views


def correlated(one: Array, two: Array) -> bool:
    """Whether two columns (n,) are on a straight line with each other."""
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return False
    a, b = ((v - v.min()) / np.ptp(v) for v in (one, two))
    return bool(abs(np.corrcoef(a, b)[0, 1]) > COMPANION)
