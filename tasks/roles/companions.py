"""Which columns of a table keep record of the runs, and which are further outcomes of them."""

import re
from collections.abc import Iterable
from itertools import combinations

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array, along, ranks
from lawsmith.tasks.asked import without_unit
from lawsmith.tasks.errors import listing
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.roles.deciding import Deciding
from lawsmith.tasks.roles.follows import FOLLOWS, explained, is_basic
from lawsmith.tasks.roles.likeness import SAME_ORDER, agree, goes_along, is_even, numbers_things, restates

FEWEST_STEPS = 3  # of a run's history; two say little of a course
ONE_WAY = 0.5  # mean correlation of ranks with the step, within runs, of a target that follows it despite its noise
AGAIN = 0.25  # standard deviations of the target by which repeated measurements typically differ at most
ROUNDED = 0.01  # of the target's range, by which a mean of repeated measurements may be off
ALONE = 0.9  # correlation of ranks of a target with the steps of one run
OUTCOME = 0.97  # share of a column's variance that follows from what was set
THINNED = 2  # possible combinations of settings for each that a designed experiment tried, at most
ROWS_PER_TERM, MOST_TERMS, MOST_ROWS = 2, 100, 2000  # of the polynomial that tells
MOST_ALIKE = 3  # columns whose names begin as the target's does, which are views of it
ONE_SIZE = 5.0  # factor between the sizes of several series at most
SERIES = 2  # columns beside the target with its name and other numbers; one may be a setting's second part
CHANGES = 4.0  # times the differences between rounds that chance makes, above which something changes
FEWEST_PARTS, ROUNDED_PART = 6, 0.1  # that show what they add up to; share of their spread that rounding may be
COMPOSED = 100  # the least number of a row, all of as many digits, that may be one of a block and a place: plot 203
GAPS = 10  # numbers for each row, at most, where rows are numbered with gaps
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\b|\d{4}[-/–]\d{2}$")
_PART = r"re|im|real|imag|abs|mod|mag|arg|phase|phz"
_COMPLEX = re.compile(
    rf"-?(?:(?:(?:{_PART})[ _.(]{{1,2}}|\|)([^\W\d_]{{1,3}}\d*)[)|]?"
    rf"|([^\W\d_]{{1,3}}?\d*)(?:['′]{{1,2}}|[ _.]?(?:{_PART})))(?=$|\s|[/,(\[]|_[^_]+$)",
    re.IGNORECASE,
)
WORD = 3  # letters of a name that is more than a symbol


def decide_bookkeeping(d: Deciding) -> None:
    """Columns that label, repeat or record runs; labels are left to `lawsmith.tasks.roles.labels`."""
    for name in d.open():
        plain = words.bare(name)
        if name in d.cells.dates:  # a feature, where there is no other
            if 2 * len(set(d.labels_of(name))) <= d.rows and _is_course(d, name):
                d.set(name, "feature", "the target rises or falls with it for each label")
            continue
        if words.is_label(name) and d.repeats(name) and d.cells.units.get(name) is None:  # a student of 70M
            d.labelled.add(name)
        elif _numbers_rows(d, name):
            d.set(name, "bookkeeping", "only numbers the rows or runs, by its name and values")
        elif d.numbers[name] is None and plain in words.WORDS["cited"]:
            d.set(name, "bookkeeping", "the source of each row, by its name")
        elif (words.is_replicate(name) and len(set(d.labels_of(name))) < d.rows) or _measures_again(d, name):
            d.set(name, "replicate", "tells repeated measurements apart")
        elif words.is_replicate(name) and not _is_course(d, name):  # as the target along trials 1, 2, … is
            d.set(name, "bookkeeping", "numbers the runs, by its name")
        elif d.numbers[name] is None and _DATE.match(d.labels_of(name)[0]):
            d.set(name, "bookkeeping", "dates that can be read in two ways, or spans; write them like 2022-06-01")
        elif words.bare(name) in ("step", "_step") and _is_course(d, name):
            d.set(name, "feature", "the target rises or falls with it in each run")
        elif words.has(name, "moments") and _since_1970(d.numbers[name]):
            d.set(name, "bookkeeping", "times, counted since 1970")
        elif plain in words.WORDS["persons"] and not d.tracker and d.numbers[name] is None and d.crossed(name):
            continue  # a label of people or machines that were all tried at the same settings
        elif (
            words.is_bookkeeping(name)
            or (d.tracker and plain in words.WORDS["tracker"])
            or (plain in words.WORDS["persons"] and d.numbers[name] is None)
        ):
            d.set(name, "bookkeeping", "by its name")


def _numbers_rows(d: Deciding, name: str) -> bool:
    """Whether a column of labels or codes numbers things without gaps, or rows one after the other with some."""
    values = d.numbers[name]
    if values is None or not np.array_equal(values, np.round(values)) or words.has(name, "may_count"):
        return False
    rising = bool((np.diff(values) > 0).all() and np.ptp(values) < GAPS * d.rows)
    label = words.is_label(name)
    composed = bool(
        values.min() >= COMPOSED and len(np.unique(values)) == d.rows and len(set(map(len, map(str, values)))) == 1
    )
    return ((label or words.is_code(name)) and (rising or numbers_things(values))) or (
        label and (composed or numbers_things(np.unique(values)))
    )


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


def _measures_again(d: Deciding, name: str) -> bool:
    """Whether a column numbers the measurements of a benchmark at equal settings, between which nothing changes."""
    pair = d.pair(name, d.asked.target[0]) if words.has(name, "measured_again") and _is_performance(d) else None
    if pair is None or not numbers_things(np.unique(pair[0])) or pair[1].min() <= 0:
        return False
    settings = [d.labels_of(one) for one in d.names if one not in (name, *d.asked.target) and d.is_set(one)]
    places = np.unique(np.array(settings or [[""] * d.rows]), axis=1, return_inverse=True)[1].reshape(-1)
    if np.bincount(places).min() < 2 or len(np.unique([places, pair[0]], axis=1).T) < d.rows:
        return False
    left, times = np.log(pair[1]), np.unique(pair[0], return_inverse=True)[1]
    left = left - (np.bincount(places, left) / np.bincount(places))[places]
    means = np.bincount(times, left) / np.bincount(times)
    return bool(np.mean(means[times] ** 2) * d.rows < CHANGES * (times.max() + 1) * np.mean(left**2))


def decide_companions(d: Deciding) -> None:
    """Columns that are outcomes of the same runs, as the target is."""
    target, shares = d.asked.target[0], d.shares()
    _leave_out_series(d, target, shares)
    for name in d.open():
        if d.numbers[name] is None or name in d.labelled or name in shares:
            continue
        if why := _beside(d, name, target) or _of_target(d, name, target):
            d.set(name, "companion", why)
    _leave_out_followers(d, shares)
    _leave_out_series(d, target, shares)


def _beside(d: Deciding, name: str, target: str) -> str | None:
    """Why a column is an outcome beside the target; None where nothing says so."""
    outcome = any(words.is_outcome(one) or words.has(one, "averages") for one in d.asked.target)
    outcome |= not words.WORDS["learnt"].isdisjoint(words.tokens(target)[-1:])  # N_opt, of the least loss
    performance = _is_performance(d)
    alike = ((outcome or performance) and words.is_outcome(name)) or words.is_measured_elsewhere(name, target)
    if (alike and not words.has(name, "another_model")) or name.lower().startswith(words.RESULTS):
        return f"another outcome beside {target}"
    spent = outcome and words.bare(name) == "gflops"  # by one pass of a model, as papers on vision write
    unit = d.cells.units.get(name)  # of the cells: 42 tok/s
    fast = words.is_performance(f"{name} ({unit})" if unit else name)
    if words.words_without_unit(name) == ["time"]:  # of each epoch
        fast |= any(words.has(other, "progress") for other in d.candidates() if other != name)
    if (performance or outcome) and fast and not d.is_set(name) and not spent:
        return f"measured beside {target}, by its name"
    if words.is_result_beside(name, target):
        return f"a result beside {target}, by its name"
    if performance and words.WORDS["repeated_until"].intersection(words.tokens(name)[-1:]) and not d.is_set(name):
        return f"how often {target} was measured"
    if (symbol := _complex_number(name)) is not None and symbol == _complex_number(target):
        return f"a part of the complex number of which {target} is one"
    pivoted = is_numeral(name) and is_numeral(target) and not all(map(is_numeral, d.names))
    if pivoted or words.values_of_setting(name, target):
        return f"a value of the same setting as {target}, as in a pivot table"
    if not words.without_averages(re.sub(r"\(.*\)$", "", name)):  # Mean (Task), of a leaderboard
        return "an average of outcomes, by its name"
    return f"another statistic beside {target}, by its name" if words.summary_of(name, d.asked.target) else None


def _complex_number(name: str) -> str | None:
    """The symbol of the complex number of which a name says that it is a part (``Re(Z)/Ohm``, ``Z''``, ``|Z|``)."""
    found = _COMPLEX.match(name)
    return None if found is None else (found[1] or found[2]).lower()


def _of_target(d: Deciding, name: str, target: str) -> str | None:
    """Why a column is made of the target, or measures it again; None where nothing says so."""
    pair = d.pair(name, target)
    if pair and (words.has(name, "averages") or words.has(name, "smoothed")) and agree(*pair, AGAIN):
        return f"averages of {target}, by its name and values"
    if words.prediction_of(name, d.asked.target) and len(set(d.labels_of(name))) > 2:
        return "a prediction of the target, by its name"
    if pair and words.repeats_of(name, target) and agree(*pair, AGAIN):
        return f"a repeated measurement of {target}, by its name and values"
    if _is_one_of_repeats(d, name, target):
        return f"one of the measurements that {target} is the mean of"
    if _is_one_of_repeats(d, target, name):
        return f"the mean of {target} and of columns named like it"
    if pair and any(_adds_up_to(one, two) for one, two in (pair, pair[::-1])):
        return f"the running total of {target}, or what that is the total of"
    if pair and words.is_view_of(name, target) and along(*pair) > SAME_ORDER:  # its digits may be few
        return f"a function of {target}"
    restated = _is_performance(d) and _is_time(name)
    restated = restated or not words.WORDS["learnt"].isdisjoint(words.tokens(name)[-1:])  # measured, and hardly set
    restated = restated or name.rstrip(")]").endswith("dB")
    if pair and _restates(d, name, *pair, restated):
        return f"a function of {target}"
    return None


def _adds_up_to(parts: Array, totals: Array) -> bool:
    """Whether each total exceeds the one before by its part, as the readings of a meter do what was used."""
    if len(parts) < FEWEST_PARTS:
        return False
    off = np.abs(np.diff(totals) - parts[1:])
    exact = np.all(off <= 2 * (rounding(totals) + rounding(parts))[1:] + 1e-12 * np.abs(totals[1:]))
    return bool(exact and np.sqrt(np.mean(off**2)) < ROUNDED_PART * np.std(parts[1:]))


def _is_performance(d: Deciding) -> bool:
    """Whether a target says how fast or how well something runs."""
    return any(map(words.is_performance, d.asked.target)) or _is_time(d.asked.target[0])


def _is_time(target: str) -> bool:
    return not {"time", "duration", "seconds", "ms", "us", "ns"}.isdisjoint(words.tokens(target))


def _leave_out_series(d: Deciding, target: str, shares: frozenset[str]) -> None:
    axis, *others = d.candidates() or [""]
    if _are_series(d, axis, [target, *others]) and shares.isdisjoint(others):
        for name in others:
            d.set(name, "companion", f"another series along {axis}, as {target} is one")


def _are_series(d: Deciding, axis: str, names: list[str]) -> bool:
    """Whether three or more columns, and no others, go along the first one, and are of one size and unit, or say so of
    their unit at the end of their names: several drugs, countries, stations or algorithms."""
    columns = [pair for name in names if axis and (pair := d.pair(axis, name)) is not None]
    if (
        len(columns) < max(len(names), 1 + SERIES)
        or not d.is_axis(axis)
        or len({without_unit(name)[1] for name in names}) > 1
    ):
        return False
    sizes = np.array([(np.ptp(values), np.median(np.abs(values))) for _, values in columns])
    ends = {tuple(words.tokens(name)[-1:]) for name in names}
    stated = len(ends) == 1 and words.WORDS["units"].issuperset(*ends) and max(map(len, map(words.tokens, names))) > 1
    alike = stated or bool((sizes.max(axis=0) < ONE_SIZE * sizes.min(axis=0)).all())
    return alike and all(goes_along(*pair) for pair in columns)


def _is_one_of_repeats(d: Deciding, name: str, target: str) -> bool:
    """Whether the target is the mean of a column and the others of its name but for the number."""
    alike = [d.numbers[other] for other in d.names if words.repeats_of(other, name)]
    columns = [values for values in (d.numbers[name], *alike) if values is not None and np.isfinite(values).all()]
    mean = d.numbers[target]
    if len(columns) < 2 or mean is None:
        return False
    return bool(np.abs(np.mean(columns, axis=0) - mean).max() < ROUNDED * np.ptp(mean))


def _restates(d: Deciding, name: str, values: Array, target: Array, anyhow: bool) -> bool:
    """Whether a column restates the target (its exponential, its logarithm, a multiple): one whose name begins alike,
    such as ``ElapsedRaw``, or any, `anyhow` or in a table where other columns were set to a few values each."""
    if d.rows < 5 or not restates(values, target):
        return False
    (first, *_) = words.tokens(d.asked.target[0]) or ("",)
    begin = [other for other in d.names if words.tokens(other)[:1] == [first]]  # of many it is the table's prefix
    alike = name in begin and len(begin) <= MOST_ALIKE and (first.isalpha() and len(first) >= WORD)
    if (anyhow and not d.is_set(name) and not is_even(values)) or alike:
        return len(d.candidates()) > 1
    if d.rows < 8 or len(np.unique(values)) < 0.8 * d.rows:
        return False
    settings = [other for other in d.candidates() if d.is_set(other)]
    return len(settings) + any(role == "replicate" for role, _ in d.role.values()) >= 2


def _leave_out_followers(d: Deciding, shares: frozenset[str]) -> None:
    """Leave out results, and settings set by a rule, that follow from several settings or labels and from none alone.

    By a quadratic in the settings, with a level and slopes for each label where the rows are enough; only where names
    say that these are settings, or most of their combinations were tried: columns of a survey move together. Products
    of powers are told apart later, and columns beside a time may be observed: both stay.
    """
    part = slice(None, None, 1 + d.rows // MOST_ROWS)
    columns = {name: values[part] for name, values in d.candidates().items()}
    basic = {name for name in columns if is_basic(words.words_without_unit(name))}
    times = {*d.cells.dates, *(name for name in d.names if words.bare(name) == "year")}
    times |= {
        name for name in columns for time in times if d.is_set(time) and _tells(d, time, name)
    }  # an index of prices
    known = {name for name in columns if d.varies(name) and (name in basic or d.is_axis(name))} - times
    settings: dict[str, list[Array]] = {name: [_on_axis(columns[name])] for name in columns if name in known}
    powers = [column for parts in settings.values() for column in parts]
    labels = [name for name in d.open() if (d.numbers[name] is None or name in d.labelled) and d.repeats(name)]
    for name in labels:
        levels, codes = np.unique(d.labels_of(name)[part], return_inverse=True)
        settings[name] = [np.equal(codes, k) * 1.0 for k in range(1, min(len(levels), MOST_TERMS))]
    alone = [[*parts, parts[0] ** 2] if name in known else parts for name, parts in settings.items()]
    terms = [column for parts in alone for column in parts]
    most = min(MOST_TERMS, len(next(iter(columns.values()), ())) // ROWS_PER_TERM - 1)
    if not powers or len(settings) < 2 or len(terms) > most or not _is_designed(d, settings.keys() - basic):
        return
    pairs = [(settings[a], settings[b]) for a, b in combinations(settings, 2) if not known.isdisjoint((a, b))]
    if len(terms) + sum(len(one) * len(two) for one, two in pairs) <= most:
        terms += [a * b for one, two in pairs for a in one for b in two]
    for name in (name for name in columns if name not in {*known, *times, *shares, *d.role}):
        views = [columns[name], _on_axis(columns[name])]
        whole, one, product = (
            max(explained(view, parts) for view in views for parts in sets) for sets in ([terms], alone, [powers])
        )
        if one < OUTCOME < whole and product < FOLLOWS and not words.has(name, "another_model"):
            d.set(name, "derived", f"follows from {listing(list(settings), 4)} (R² {whole:.3f})")


def _tells(d: Deciding, time: str, name: str) -> bool:
    """Whether a column has one value at each time."""
    moments = d.labels_of(time)
    return len({*zip(moments, d.labels_of(name), strict=True)}) == len({*moments})


def _is_designed(d: Deciding, settings: Iterable[str]) -> bool:
    """Whether most combinations of settings were tried, but for settings that follow from others."""
    codes = (np.unique(d.labels_of(name), return_inverse=True)[1] for name in settings)
    points, tried, possible = np.zeros(d.rows, dtype=np.intp), 1, 1
    for own in sorted(codes, key=lambda own: int(own.max())):
        points = np.unique(points * (own.max() + 1) + own, return_inverse=True)[1]
        if points.max() + 1 > tried:
            tried, possible = int(points.max()) + 1, possible * (int(own.max()) + 1)
    return possible <= THINNED * tried


def _on_axis(values: Array) -> Array:
    """The logarithms of positive values; others as they are; less the least one, and over their range."""
    logs = np.log(values) if values.min() > 0 else values
    return np.asarray((logs - logs.min()) / max(np.ptp(logs), np.finfo(float).tiny))
