"""The value of a tree over columns of numbers, computed here: a tree is ours, so nothing of a candidate's runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lawsmith.sandbox.law.expression import Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.tasks.arrays import Array


def evaluate(node: Node, features: Mapping[str, Array], constants: Mapping[str, float]) -> Array:
    """(n,) values for features of n rows each; not finite where numpy would say so.

    Raises KeyError for a feature or a constant that is not given.
    """
    with np.errstate(all="ignore"):
        return np.asarray(_value(node, features, constants), dtype=np.float64)


def _value(node: Node, x: Mapping[str, Array], p: Mapping[str, float]) -> Any:
    match node:
        case Number(value):
            return value
        case Parameter(name):
            return p[name]
        case Feature(name, unit):
            return x[name] / unit
        case Sum(terms):
            return sum(_value(term, x, p) for term in terms)
        case Product(factors):
            found: Any = 1.0
            for factor in factors:
                found = found * _value(factor, x, p)
            return found
        case Power(base, exponent):
            return np.power(np.asarray(_value(base, x, p), dtype=np.float64), _value(exponent, x, p))
        case Function(name, arguments):
            entry = FUNCTIONS[name]
            if entry.special:
                import scipy.special

                called = getattr(scipy.special, entry.numpy)
            else:
                called = getattr(np, entry.numpy)
            return called(*(_value(argument, x, p) for argument in arguments))
