"""Which features of a wide table explain its targets best, found by forward regression over pairs of features, which
categories explain them at all, and which parts of a day or a year do so by waves."""

from collections.abc import Sequence

import numpy as np

from lawsmith.tasks.arrays import Array, IntArray, is_logarithmic, ranks
from lawsmith.tasks.known_units import turns
from lawsmith.tasks.table import Table, kept_with_table

MANY = 8  # features up to which a table is looked at whole
FEWEST = 4  # features that lead in a wide table, however little they explain
CHANCE = 15.0  # F statistic of a term that one of some hundreds of idle terms hardly ever reaches
MOST_TERMS = 24  # that explain a wide table together
MOST_ROWS = 2000  # that are looked at
PAIRED = 60  # features whose products are looked at, those that explain most alone
IDLE = 0.001  # probability of chance from which a category may tell nothing
ROUNDING = 1e-12  # share of the targets' variance below which nothing is explained or left
ROWS_PER_COLUMN = 3  # a model with fewer rows than this for each of its columns tells nothing


@kept_with_table
def leading(table: Table, names: tuple[str, ...]) -> tuple[str, ...]:
    """At most `MANY` of the features `names`, in their order: those whose terms explain the targets of the table best.

    Terms are each feature on its own axis, its square, and products of two, less their means in each group. One term
    after the other joins, the one that explains most of what the others leave, for as long as chance does not explain
    as much. A table of few features, or without targets, keeps all.
    """
    if len(names) <= MANY or not table.targets:
        return names
    part = _sampled(table)
    axes = np.stack([_on_axis(part.features[name]) for name in names])
    targets = part.within_groups(part.target_matrix()).T
    left = targets / np.maximum(np.sqrt((targets**2).sum(axis=1)), np.finfo(float).tiny)[:, None]
    columns, uses = _terms(part, axes, left)
    freedom = len(part) - len(np.unique(part.codes))
    chosen: list[int] = []
    for count in range(1, min(MOST_TERMS, freedom // 3) + 1):
        gains = ((columns @ left.T) ** 2).sum(axis=1)
        best = int(np.argmax(gains))
        among = list(dict.fromkeys([*chosen, *uses[best].tolist()]))
        beyond = float((left**2).sum()) - gains[best]
        clear = gains[best] * (freedom - count) > CHANCE * max(beyond, 0.0)
        if len(among) > MANY or not gains[best] > 0 or (not clear and len(chosen) >= FEWEST):
            break
        chosen = among
        left = left - np.outer(left @ columns[best], columns[best])
        rest = columns - np.outer(columns @ columns[best], columns[best])
        size = np.sqrt((rest**2).sum(axis=1, keepdims=True))
        columns = np.asarray(np.where(size > 1e-3, rest / np.maximum(size, 1e-300), 0.0))
    return tuple(names[k] for k in sorted(chosen)) or names[:FEWEST]


@kept_with_table
def idle_categories(table: Table, names: tuple[str, ...], asked: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The categories, but those `asked` for, that say nothing of the targets beside `names` and the others.

    By F tests of a level for each label, alone and with slopes along each feature, beside a quadratic in all features;
    of targets, of their ranks, which no outlier moves, and of the logarithms of positive ones. The one that says least
    goes first, as long as chance explains as much. None where rows are too few to tell.
    """
    if not table.categories or not table.targets:
        return ()
    part = _sampled(table)
    axes = np.reshape([_on_axis(part.features[name]) for name in names], (len(names), len(part))).T
    one, two = np.triu_indices(axes.shape[1])
    base = part.within_groups(np.concatenate([axes, axes[:, one] * axes[:, two]], axis=1))
    values = part.target_matrix().T
    logs = [np.log(column) for column in values if column.min() > 0]
    targets = part.within_groups(np.column_stack([*values, *map(ranks, values), *logs]))
    kept, levels = list(part.categories), dict[str, Array]()
    for name in kept:
        levels[name] = np.equal.outer(part.features[name], np.unique(part.features[name])[1:]).astype(np.float64)
    freedom = len(part) - len(np.unique(part.codes))
    while doubted := [name for name in kept if name not in asked]:
        chances = []
        for name in doubted:
            beside = part.within_groups(np.column_stack([base, *(levels[other] for other in kept if other != name)]))
            slopes = (levels[name][:, :, None] * axes[:, None, :]).reshape(len(part), -1)
            more = [part.within_groups(own) for own in (levels[name], np.column_stack([levels[name], slopes]))]
            if beside.shape[1] + more[-1].shape[1] > freedom / ROWS_PER_COLUMN:
                return ()
            chances.append(min(_chance(beside, own, targets, freedom) for own in more))
        if max(chances) < IDLE:
            break
        kept.remove(doubted[int(np.argmax(chances))])
    return tuple(name for name in part.categories if name not in kept)


def _sampled(table: Table) -> Table:
    if len(table) <= MOST_ROWS:
        return table
    return table.take(np.sort(np.random.default_rng(0).choice(len(table), MOST_ROWS, replace=False)))


def _chance(fewer: Array, more: Array, targets: Array, freedom: int) -> float:
    """The least probability, over the targets, that chance explains what `more` columns do beside `fewer`."""
    from scipy.stats import f

    before, after = unexplained(fewer, targets), unexplained(np.column_stack([fewer, more]), targets)
    left = freedom - fewer.shape[1] - more.shape[1]
    ratio = (before - after) / np.maximum(after, ROUNDING * (targets**2).sum(axis=0) + np.finfo(float).tiny)
    return float(f.sf(ratio * left / more.shape[1], more.shape[1], left).min())


@kept_with_table
def rounds(table: Table) -> dict[str, tuple[float, int]]:
    """The features that come round, as `turns`, of which the first target has waves: the radians of one, and how often
    waves come in each round."""
    sizes = ((name, turns(name, column)) for name, column in table.features.items())
    found = {name: (size, _waves(table, name, size)) for name, size in sizes if table.targets and size is not None}
    return {name: one for name, one in found.items() if one[1]}


def _waves(table: Table, name: str, size: float) -> int:
    """0, 1 or 2 waves in a round, beside lines in the other features: one where the first target or its logarithm has
    it by Akaike's criterion, two where both have the second one by the Bayesian criterion. None where a polynomial of
    as many terms leaves less: elapsed time does not come round."""
    target, angle = next(iter(table.targets.values()))[:, None], size * table.features[name]
    others = [column for other, column in table.features.items() if other != name]
    waves = (np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle))
    powers = (angle - angle.mean())[:, None] ** np.arange(1, 5)
    views = [table.within_groups(one) for one in (target, *([np.log(target)] if target.min() > 0 else []))]
    floor = np.finfo(float).tiny
    round_, elapsed = (
        np.log(np.maximum([[_left(table, [*others, *terms[:k]], view) for k in (0, 2, 4)] for view in views], floor))
        for terms in (waves, powers.T)
    )
    once, twice = -len(table) * np.diff(round_).T
    count = 2 if twice.min() > 2 * np.log(len(table)) else int(once.max() > 2 * 2)
    return count if (round_ < elapsed)[:, count].any() else 0


def _left(table: Table, columns: Sequence[Array], view: Array) -> float:
    """What columns (n,) leave of a target (n, 1) whose means in the groups were taken off."""
    if not columns:
        return float((view**2).sum())
    return float(unexplained(table.within_groups(np.column_stack(columns)), view)[0])


def unexplained(columns: Array, targets: Array) -> Array:
    """Sum of squares (T,), or () for one target (n,), that linear combinations of the columns (n, C) leave."""
    solution = np.linalg.lstsq(columns, targets, rcond=None)[0]
    return np.asarray(np.sum((targets - columns @ solution) ** 2, axis=0))


def _on_axis(column: Array) -> Array:
    """A column (n,) on its axis, around zero, with a standard deviation of one; zeros where it does not vary."""
    values = np.log(column) if is_logarithmic(column) else column
    values = values / max(float(np.abs(values).max()), np.finfo(float).tiny)
    values = values - values.mean()
    size = float(values.std())
    return np.asarray(values / size if size > 0 else values)


def _terms(table: Table, axes: Array, targets: Array) -> tuple[Array, IntArray]:
    """Columns (M, n) of length 1, or 0 where they do not vary within groups, and the two features (M, 2) of each."""
    single = _unit(table.within_groups(axes.T).T)
    best = np.argsort(-((single @ targets.T) ** 2).sum(axis=1), kind="stable")[:PAIRED]
    one, two = np.triu_indices(len(best))
    uses = np.concatenate([np.repeat(np.arange(len(axes)), 2).reshape(-1, 2), np.stack([best[one], best[two]], axis=1)])
    products = axes[best[one]] * axes[best[two]]
    return np.concatenate([single, _unit(table.within_groups(products.T).T)]), uses


def _unit(columns: Array) -> Array:
    size = np.sqrt((columns**2).sum(axis=1, keepdims=True))
    return np.asarray(np.where(size > 1e-9 * np.sqrt(columns.shape[1]), columns / np.maximum(size, 1e-300), 0.0))
