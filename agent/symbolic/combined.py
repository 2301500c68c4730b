"""Other ways to look at a table: what fractions leave of one, and pairs of features that act together alone."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np

from lawsmith.agent.symbolic.profile import ColumnKind, Combination, Profile, apart, kind_of, log_quadratic, profile
from lawsmith.sandbox.law.expression import add, mul, neg, power
from lawsmith.sandbox.law.nodes import ONE, Feature, Number
from lawsmith.tasks.dependence import WithinGroups
from lawsmith.tasks.folds import simplex_columns
from lawsmith.tasks.table import Table

REST_RATIO = 3.0  # a fraction whose rest to one spans at least this factor is also looked at as that rest
ALIKE = 5.0  # F statistic up to which two features tell no more than their product or ratio …
EXPLAINED = 0.9  # … where a quadratic in all logarithms explains at least this share of the variance


def profiles(table: Table) -> tuple[Profile, ...]:
    """What is known of the table, and of the same table looked at otherwise where the data suggest it: with what
    fractions near one leave of it in their places (the density of a sparse model, the failures beside the successes),
    and with the product or the ratio of two features in theirs (a symmetry: compute, tokens per parameter)."""
    return profile(table), *_with_rests(table), *_with_merged(table)


def _with_rests(table: Table) -> list[Profile]:
    shares = simplex_columns(table)
    rests = {
        name: 1 - column
        for name, column in table.features.items()
        if name not in (*shares, *table.categories) and column.min() >= 0 and column.max() <= 1
    }
    rests = {name: rest for name, rest in rests.items() if kind_of(rest, False, REST_RATIO) is ColumnKind.SCALE}
    if not rests:
        return []
    turned = profile(replace(table, features={**table.features, **rests}))
    stands = {name: Combination(f"1 - {name}", add(ONE, neg(Feature(name)))) for name in rests}
    return [replace(turned, unit={**turned.unit, **dict.fromkeys(rests, 1.0)}, stands_for=stands)]


def _with_merged(table: Table) -> list[Profile]:
    """One profile for every pair of scale columns that the targets depend on through their product or ratio alone: a
    quadratic in the logarithms then explains as much with that in their place, and less without it, by F tests of
    nested models."""
    whole = profile(table)
    scales = [name for name in whole.of(ColumnKind.SCALE) if name not in whole.zeros]
    if len(scales) < 2:
        return []
    rows = apart(table)
    model = WithinGroups(rows, log_quadratic(rows, scales)[0])
    if model.freedom < model.columns.shape[1] or np.any(model.left >= (1 - EXPLAINED) * model.total):
        return []
    found = []
    for (one, two), sign in product(combinations(scales, 2), (1, -1)):
        columns = {name: column for name, column in table.features.items() if name != two}
        columns[one] = table.features[one] * table.features[two] ** sign
        turned = replace(table, features=columns)
        names = [name for name in scales if name != two]
        fewer, uses = log_quadratic(apart(turned), names)
        without = fewer[:, ~uses[names.index(one)]]
        if np.all(model.lost(fewer) <= ALIKE) and np.any(model.lost(without) > ALIKE):
            own = profile(turned)
            unit = {**own.unit, one: whole.unit[one] * whole.unit[two] ** sign}
            other = power(Feature(two, whole.unit[two]), Number(float(sign)))
            title = f"{one} {'*' if sign > 0 else '/'} {two}"
            stands = {one: Combination(title, mul(Feature(one, whole.unit[one]), other))}
            found.append(replace(own, unit=unit, stands_for=stands))
    return found
