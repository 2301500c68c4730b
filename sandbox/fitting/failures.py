"""Says in words how the fit of a group ended: which constants are at a bound, and where a form has no finite value."""

from collections.abc import Sequence

import numpy as np

from lawsmith.sandbox.fitting.fit_problem import Fitted, Form, Status
from lawsmith.sandbox.fitting.starts import Scale, draw
from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.table import Table

TRIED = 32  # sets of constants at which a form without a fit is looked at once more
NAMED = 6  # features or constants that a sentence lists at most


def endings(form: Form, fitted: Fitted, table: Table, targets: Sequence[str]) -> tuple[str, ...]:
    """How each group's fit ended, one text per group of `table`.

    A constant at its bound is named. Of the groups without a finite fit the first says how many of its rows are not
    finite at which constants, because that is what a proposer has to change.
    """
    texts = [status.value for status in fitted.status]
    for g, status in enumerate(fitted.status):
        if status is Status.AT_BOUND:
            values = fitted.values[g]
            touching = (values <= form.lower) | (values >= form.upper)
            texts[g] += ": " + ", ".join(form.names[k] for k in np.flatnonzero(touching))
    rows = np.bincount(table.codes, minlength=len(table.groups))
    for g in np.flatnonzero(rows).tolist():
        if not fitted.status[g].usable:
            texts[g] += f" ({_not_finite(form, table.take(table.codes == g), targets)})"
            break
    return tuple(texts)


def _not_finite(form: Form, rows: Table, targets: Sequence[str]) -> str:
    """Which rows of one group have no finite value at the constants, of `TRIED` sets, that leave the fewest."""
    rng = np.random.default_rng(0)
    sets = draw(form.lower, form.upper, TRIED, Scale.of(rows), rng)
    with np.errstate(all="ignore"):
        bad = np.stack([_bad_rows(form, rows, targets, values) for values in sets])
    best = int(np.argmin(bad.sum(axis=1)))
    constants = _listed(form.names, sets[best])
    if not bad[best].any():
        return f"finite at {constants}, but no fit kept a finite value"
    first = int(np.flatnonzero(bad[best])[0])
    where = _listed(tuple(rows.features), [column[first] for column in rows.features.values()])
    return (
        f"the best of {len(sets)} sets of constants within the bounds, {constants}, gives no finite value for "
        f"{int(bad[best].sum())} of {len(rows)} rows, first {where}"
    )


def _bad_rows(form: Form, rows: Table, targets: Sequence[str], values: Array) -> Mask:
    found = form.call(dict(rows.features), dict(zip(form.names, map(float, values), strict=True)))
    columns = [found.get(name, np.nan) for name in targets] if isinstance(found, dict) else [found]
    stacked = np.stack([np.broadcast_to(np.asarray(c, dtype=float), len(rows)) for c in columns])
    return np.asarray(~np.isfinite(stacked).all(axis=0))


def _listed(names: Sequence[str], values: Sequence[float] | Array) -> str:
    pairs = [f"{name}={value:.4g}" for name, value in zip(names, values, strict=True)]
    return ", ".join(pairs[:NAMED]) + (", …" if len(pairs) > NAMED else "")
