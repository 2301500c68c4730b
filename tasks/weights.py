"""Which column of a table says how much each row counts: an error, a variance or a number of measurements."""

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.deciding import Deciding
from lawsmith.tasks.schema import Kind, Weight


def decide_weights(d: Deciding) -> None:
    """Find the column that says how rows count: errors, variances or numbers of measurements of the target."""
    others = tuple(name for name in d.open() if d.numbers[name] is not None)
    errors = {name: words.error_of(name, d.asked.target, others) for name in others}
    for name, of in errors.items():
        if words.bounds_of(name, d.asked.target) or _bounds_target(d, name):
            d.set(name, "companion", f"by its name an end of an interval of {d.asked.target[0]}")
        elif words.variance_of(name, d.asked.target) or _is_relative(d, name):
            _weight_of_target(d, name, d.asked.target[0])
        if of is None or of == name or name in d.role:
            continue
        rival = words.is_outcome(name) and any(map(words.is_outcome, d.asked.target))
        if of in d.asked.target or (of == "" and not rival and _looks_like_error(d, name)):
            _weight_of_target(d, name, of or d.asked.target[0])
        elif of:
            d.set(name, "left out", f"by its name the error of {of}")
    for name in d.open():
        weight = words.is_weight(name) and d.is_positive(name)
        if weight or (words.is_count(name, d.asked.target) and _is_count(d, name)):
            what = "a weight" if weight else "a number of measurements"
            if d.asked.sigma == "":
                d.set(name, "left out", f"{what}; no weights were asked for")
            elif d.weight is None and len(d.asked.target) == 1:
                weigh(d, name, "count", f"by its name {what}; rows count by it")
            else:
                d.set(name, "left out", f"{what}; the errors already say how rows count")


def _bounds_target(d: Deciding, name: str) -> bool:
    """Whether a column called an end of an interval lies on one side of the target in every row."""
    values, target = d.numbers[name], d.numbers[d.asked.target[0]]
    if not words.is_bound(name) or values is None or target is None:
        return False
    return bool((values <= target).all() or (values >= target).all())


def _weight_of_target(d: Deciding, name: str, of: str) -> None:
    if d.asked.sigma == "":
        d.set(name, "left out", f"the error of {of}; no weights were asked for")
    elif len(d.asked.target) > 1:
        d.set(name, "left out", f"the error of {of}; with several targets all rows count alike")
    elif d.weight is not None:
        d.set(name, "left out", f"an error of {of}; {d.weight.column} already says how rows count")
    elif not d.is_positive(name):
        d.set(name, "left out", f"by its name the error of {of}, but not positive in every row")
    elif (kind := kind_of_weight(d, name)) == "relative error" and not np.all(d.numbers[of]):
        d.set(name, "left out", f"by its name the relative error of {of}, which is 0 in some row")
    else:
        weigh(d, name, kind, f"by its name the {kind} of {of}; rows count by it")


def kind_of_weight(d: Deciding, name: str) -> Kind:
    """What a column of weights holds, by its name."""
    if words.is_count(name, d.asked.target) or words.is_weight(name):
        return "count"
    if _is_relative(d, name):
        return "relative error"
    return "variance" if words.variance_of(name, d.asked.target) else "error"


def _is_relative(d: Deciding, name: str) -> bool:
    """Whether a column is called a relative error of a target; one written in per cent has its errors in per cent."""
    targets = d.asked.target
    rival = words.is_outcome(name) and any(map(words.is_outcome, targets))
    about = any(set(words.tokens(target)) <= set(words.tokens(name)) for target in targets)
    percents = any(target in d.cells.percents for target in targets)
    return words.is_relative_error(name, targets) and (about or not rival) and not percents


def weigh(d: Deciding, name: str, kind: Kind, reason: str) -> None:
    """Let the column `name` say how rows count."""
    d.weight = Weight(column=name, kind=kind)
    d.set(name, "weight", reason)


def _looks_like_error(d: Deciding, name: str) -> bool:
    """Whether a column called sigma, say, is smaller than the target varies, and no setting of a few levels."""
    values, target = d.numbers[name], d.numbers[d.asked.target[0]]
    if values is None or target is None or not d.is_positive(name):
        return False
    return bool(np.median(values) < np.nanmax(target) - np.nanmin(target)) and len(np.unique(values)) > d.rows / 4


def _is_count(d: Deciding, name: str) -> bool:
    values = d.numbers[name]
    return (
        values is not None and d.is_positive(name) and bool((values == np.round(values)).all() and values.max() <= 1e4)
    )
