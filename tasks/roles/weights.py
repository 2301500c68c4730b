"""Which column of a table says how much each row counts: an error, a variance or a number of measurements."""

from collections import Counter

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.errors import counted
from lawsmith.tasks.noise import rounding
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.roles.deciding import Deciding
from lawsmith.tasks.roles.likeness import numbers_things
from lawsmith.tasks.schema import Kind, Weight

UNITS_OF_SHARES = (1.0, 1e2, 1e3, 1e4, 1e5, 1e6)
MOST_AROUND = 0.5  # share of the rows whose target lies between two columns that are the ends of its interval

MOST_OF_N = 100  # measurements that a bare ``n`` counts beside errors …
MOST_COUNTED = 1e4  # … and without


def decide_weights(d: Deciding) -> None:
    """Find the column that says how rows count: errors, variances or numbers of measurements of the target."""
    others = tuple(name for name in d.open() if d.numbers[name] is not None)
    errors = {name: words.error_of(name, d.asked.target, others) for name in others}
    ends = [name for name in others if words.bounds_of(name, d.asked.target) or _bounds_target(d, name)]
    for name in ends:
        d.set(name, "companion", f"an end of an interval of {d.asked.target[0]}, by its name")
    for name, of in errors.items():
        if name in ends:
            continue
        if words.variance_of(name, d.asked.target) or _is_relative(d, name):
            _weight_of_target(d, name, d.asked.target[0])
        if of is None or of == name or name in d.role or (not of and numbers_things(d.numbers[name])):  # Std: an order
            continue
        rival = words.is_error_rate(name) and any(map(words.is_outcome, d.asked.target))
        if of in d.asked.target or (of == "" and not rival and _looks_like_error(d, name)):
            _weight_of_target(d, name, of or d.asked.target[0])
        elif of == "" and not rival and (below := d.numbers[name]) is not None and np.all(below < 0):
            d.set(name, "left out", f"the error of {d.asked.target[0]} to one side, by its name")
        elif of and not (name.startswith("e_") and d.repeats(name)):  # e_layers are an encoder's
            d.set(name, "left out", f"the error of {of}, by its name")
    if not any(words.is_weight(name) and d.is_positive(name, zeros=True) for name in d.open()):
        _weigh_by_interval(d, ends)
    for name in d.open():
        if d.weight is not None and words.bare(name) == "n" and _is_spare_count(d, name):
            d.set(name, "left out", "a number of measurements; the errors already say how rows count")
            continue
        weight = words.is_weight(name) and d.is_positive(name, zeros=True)
        if weight or (words.is_count(name, d.asked.target) and _is_count(d, name)):
            what = "a weight" if weight else "a number of measurements"
            if d.asked.sigma == "":
                d.set(name, "left out", f"{what}; --sigma none was given")
            elif d.weight is None and len(d.asked.target) == 1:
                weigh(d, name, "count", f"{what}, by its name; rows count by it")
                if none := int(np.sum(np.asarray(d.numbers[name]) == 0)):
                    d.notices.append(f"lawsmith left out {counted(none, 'row')} of weight 0 ({name}).")
            else:
                d.set(name, "left out", f"{what}; the errors already say how rows count")
    _weigh_by_trials(d)


def _weigh_by_trials(d: Deciding) -> None:
    """Let the number of trials say how rows count where the target is the share of them that another column counts,
    perhaps in per cent or per 100,000."""
    target, rate = d.numbers[d.asked.target[0]], words.is_rate(d.asked.target[0])
    if target is None or d.weight is not None or d.asked.sigma == "" or not np.isfinite(target).all():
        return
    whole = [name for name in d.names if (v := d.numbers[name]) is not None and np.array_equal(v, np.round(v))]
    for hits, trials in ((a, b) for a in whole if a in d.open() and d.varies(a) for b in whole if d.is_positive(b)):
        shares = np.asarray(d.numbers[hits]) / np.asarray(d.numbers[trials])
        unit = next((one for one in UNITS_OF_SHARES if np.allclose(target, one * shares, rtol=0.1)), 1.0)
        off = np.abs(shares - target / unit)
        counted_out = shares.max() <= 1 and (rate or words.has(hits, "rates_of") or not d.is_axis(hits))
        if len(d.asked.target) == 1 and counted_out and np.all(off <= 2 * rounding(target / unit) + 1e-9):
            d.set(hits, "companion", f"{d.asked.target[0]} is this column divided by {trials}")
            if trials in d.open():
                weigh(d, trials, "count", f"{d.asked.target[0]} is a share of this column; rows count by it")
            return


def _bounds_target(d: Deciding, name: str) -> bool:
    """Whether a column called an end of an interval, or an error to one side, can be one: its name says so without
    doubt, or it lies on one side of the target in every row."""
    values, target = d.numbers[name], d.numbers[d.asked.target[0]]
    if not words.is_bound(name) or values is None or target is None or is_numeral(d.asked.target[0]):
        return False  # beside a number, other numbers are values of a setting
    if words.has_side(name) is False and not np.median(values) < np.ptp(target):  # Ci, which is no interval
        return False
    return words.is_surely_bound(name) or bool((values <= target).all() or (values >= target).all())


def _weigh_by_interval(d: Deciding, ends: list[str]) -> None:
    """Let two ends of the target's interval, its errors to both sides, or half of its width say how rows count, where
    nothing else does."""
    if d.weight is not None or d.asked.sigma == "" or len(d.asked.target) > 1:
        return
    target = d.asked.target[0]
    ends = [name for name in ends if words.is_surely_bound(name) or words.bounds_of(name, d.asked.target)]
    if len(ends) == 1 and words.has_side(ends[0]) is False and _looks_like_error(d, ends[0]):
        weigh(d, ends[0], "error", f"half of the interval of {target}, by its name; rows count by it")
    elif len(ends) == 2 and all(map(words.has_side, ends)):
        low, high = (np.asarray(d.numbers[name], dtype=float) for name in ends)
        inside = (np.minimum(low, high) <= d.numbers[target]) & (d.numbers[target] <= np.maximum(low, high))
        around = np.mean(inside) > MOST_AROUND
        width = np.abs(high - low) if around else np.abs(low) + np.abs(high)
        known = around or all(words.has(end, "errors") for end in ends)
        if known and np.all(np.isfinite(width) & (width > 0)):
            d.weight = Weight(column=ends[0], other=ends[1], kind="interval" if around else "error")
            for name in ends:
                d.set(name, "weight", f"an end of an interval of {target}, by its name; rows count by its width")


def _weight_of_target(d: Deciding, name: str, of: str) -> None:
    if d.asked.sigma == "":
        d.set(name, "left out", f"the error of {of}; --sigma none was given")
    elif len(d.asked.target) > 1:
        d.set(name, "left out", f"the error of {of}; with several targets all rows count alike")
    elif d.weight is not None:
        d.set(name, "left out", f"an error of {of}; {d.weight.column} already says how rows count")
    elif not d.is_positive(name):
        d.set(name, "left out", f"the error of {of} by its name, but not positive in every row")
        bad = d.rows - int(np.sum(np.asarray(d.numbers[name]) > 0))
        d.notices.append(
            f"{name} is called an error, but not above 0 in {bad} of {d.rows} rows, so all rows count alike."
        )
    elif (kind := kind_of_weight(d, name)) == "relative error" and not np.all(d.numbers[of]):
        d.set(name, "left out", f"the relative error of {of} by its name, but {of} is 0 in some row")
    else:
        weigh(d, name, kind, f"the {kind} of {of}, by its name; rows count by it")


def kind_of_weight(d: Deciding, name: str) -> Kind:
    """What a column of weights holds, by its name."""
    if words.is_count(name, d.asked.target) or words.is_weight(name) or words.bare(name) in ("weight", "weights", "w"):
        return "count"
    if _is_relative(d, name):
        return "relative error"
    return "variance" if words.variance_of(name, d.asked.target) else "error"


def _is_relative(d: Deciding, name: str) -> bool:
    """Whether a column is called a relative error of a target; one written in per cent has its errors in per cent."""
    targets = d.asked.target
    rival = words.is_error_rate(name) and any(map(words.is_outcome, targets))
    about = any(set(words.tokens(target)) <= set(words.tokens(name)) for target in targets)
    percents = any(target in d.cells.percents for target in targets)
    return words.is_relative_error(name, targets) and (about or not rival) and not percents


def weigh(d: Deciding, name: str, kind: Kind, reason: str) -> None:
    """Let the column `name` say how rows count."""
    d.weight = Weight(column=name, kind=kind)
    d.set(name, "weight", reason)


def _looks_like_error(d: Deciding, name: str) -> bool:
    """Whether a column called sigma, say, is smaller than the target varies, and no setting of a few levels; rounded
    errors may have few as well."""
    values, target = d.numbers[name], d.numbers[d.asked.target[0]]
    if values is None or target is None or not d.is_positive(name, zeros=True):
        return False
    known = words.WORDS["surely_errors"].issuperset(words.tokens(name)) or name.removeprefix("e_") in d.asked.target
    rounded = known and _parts_no_rows(d, name)
    levels = len(np.unique(values))
    small = bool(np.median(values) < np.nanmax(target) - np.nanmin(target))
    return small and (levels > d.rows / 4 or (levels > 1 and rounded))


def _is_spare_count(d: Deciding, name: str) -> bool:
    """Whether a column holds small counts that repeat, not all as often, and part no rows."""
    values = d.numbers[name]
    small = values is not None and _is_count(d, name) and values.max() <= MOST_OF_N and len(set(values)) < d.rows
    planned = len(set(Counter(d.labels_of(name)).values())) == 1
    return small and not planned and _parts_no_rows(d, name)


def _parts_no_rows(d: Deciding, name: str) -> bool:
    """Whether the other columns part all rows, as they do not where a column is a setting of a plan."""
    others = [values for other, values in d.candidates().items() if other != name]
    return bool(others) and len(np.unique(np.stack(others, axis=1), axis=0)) == d.rows


def _is_count(d: Deciding, name: str) -> bool:
    """Whether a column holds positive whole numbers, large ones of people who judged alone, and is no size of a plan,
    such as N beside M and K."""
    values = d.numbers[name]
    if values is None or not d.is_positive(name) or not (values == np.round(values)).all():
        return False
    beside = [one for other, one in d.candidates().items() if other != name and d.is_set(other)]
    pairs = [(len(np.unique(one)), len(np.unique(np.stack([one, values]), axis=1).T)) for one in beside]
    size = words.bare(name) == "n" and any(count == levels * len(np.unique(values)) for levels, count in pairs)
    return (values.max() <= MOST_COUNTED or words.has(name, "judged")) and not size
