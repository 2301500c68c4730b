"""Small tables of every kind of column, and expressions evaluated without our own code."""

from __future__ import annotations

from typing import Any

import numpy as np

from lawsmith.agent.symbolic.profile import Profile, profiles
from lawsmith.sandbox.law.expression import children, parameters
from lawsmith.sandbox.law.nodes import Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.tasks import Table
from lawsmith.tasks.schema import Column, Schema


def table(columns: dict[str, Any]) -> Table:
    rows = len(next(iter(columns.values())))
    features = {name: np.asarray(column, dtype=float) for name, column in columns.items()}
    target = sum(np.log1p(np.abs(column)) for column in features.values()) + 1.0
    return Table(features, {"y": target}, ("all",), np.zeros(rows, dtype=np.intp))


def designs() -> dict[str, Table]:
    rng = np.random.default_rng(5)
    shares = rng.dirichlet(np.ones(3), 20)
    n, d = (np.geomspace(low, 1e4 * low, 6) for low in (1e6, 1e-3))
    return {
        "one": table({"n": np.geomspace(1e6, 1e9, 12)}),
        "two": table({"n": np.repeat(n, 6), "d": np.tile(d, 6)}),
        "shares": table({f"s{k}": shares[:, k] for k in range(3)}),
        "signed": table({"z": np.linspace(-2, 2, 15)}),
        "time": table({"t": np.linspace(0.5, 12, 24)}),
        "alike": table({"tokens en": np.repeat(n, 6), "tokens/en": np.tile(d, 6)}),
        "zeros": table({"n": np.repeat(n, 6), "v": np.tile([0.0, *d[:5]], 6)}),
        "sparse": table({"n": np.repeat(n, 5), "s": np.tile([0.0, 0.5, 0.75, 0.9, 0.95], 6)}),
    }


DESIGNS = designs()
PROFILES: dict[str, Profile] = {name: profiles(one)[-1] for name, one in DESIGNS.items()}


def schema(data: Table) -> Schema:
    names = tuple(data.features)
    columns = {name: Column(name=name) for name in (*names, "y")}
    return Schema(
        name="t", long_name="t", title="t", features=names, targets=("y",), group=None, cap=None, columns=columns
    )


def value(node: Node, x: dict[str, Any], p: dict[str, float]) -> Any:
    """The tree itself, evaluated without the printer."""
    parts = [value(child, x, p) for child in children(node)]
    match node:
        case Number(number):
            return number
        case Parameter(name):
            return p[name]
        case Feature(name, unit):
            return x[name] / unit
        case Sum():
            return sum(parts)
        case Product():
            return np.prod(np.broadcast_arrays(*parts), axis=0)
        case Power():
            return parts[0] ** parts[1]
        case Function(name):
            return getattr(np, name)(*parts)


def constants(node: Node, seed: int) -> dict[str, float]:
    """Within the bounds, near 1 where there are none."""
    rng = np.random.default_rng(seed)
    found = {}
    for one in parameters(node):
        low, high = max(one.lower, 0.2), min(one.upper, 1.3)
        low, high = (low, high) if low < high else (max(one.lower, one.upper - 1.3), one.upper)
        found[one.name] = float(rng.uniform(low, high))
    return found
