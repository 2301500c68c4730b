"""The values of trees over columns of numbers, computed here: a tree is ours, so nothing of a candidate's runs."""

import operator
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from lawsmith.sandbox.law.expression import fraction
from lawsmith.sandbox.law.functions import CONDITIONS, FUNCTIONS, is_truth
from lawsmith.sandbox.law.nodes import MINUS, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.tasks.arrays import Array

Values = Mapping[str, Any]


def evaluate(node: Node, features: Values, constants: Values) -> Array:
    """(n,) values for features of n rows each; not finite where numpy would say so.

    Raises KeyError for a feature or a constant that is not given.
    """
    with np.errstate(all="ignore"):
        return np.asarray(values_of([node], features, constants)[0], dtype=np.float64)


def values_of(trees: Sequence[Node], features: Values, constants: Values) -> list[Any]:
    """One value for each tree. Features and constants may be arrays of any shapes that broadcast.

    Each distinct part is computed once, and in the order of the printed source (`write_candidate`), so that both give
    the same digits. Raises KeyError for a feature or a constant that is not given.
    """
    known: dict[Node, Any] = {}

    def value(node: Node) -> Any:
        if node not in known:
            known[node] = operation(node)
        return known[node]

    def number(node: Node) -> Any:
        """As `value`, and 1 or 0 for what is true or false, as numpy adds and negates truths otherwise."""
        return np.where(value(node), 1.0, 0.0) if is_truth(node) else value(node)

    def operation(node: Node) -> Any:
        match node:
            case Number(own):
                return own
            case Parameter(name):
                return np.float64(constants[name]) if isinstance(constants[name], float) else constants[name]
            case Feature(name, unit):
                return features[name] / unit if unit != 1 else features[name]
            case Sum(terms):
                return reduce(operator.add, map(number, terms))
            case Product(factors):  # what is above the line is multiplied, then divided by each factor below it
                above, below = fraction(factors)
                return reduce(np.true_divide, map(number, below), reduce(operator.mul, map(number, above), 1.0))
            case Power(base, exponent) if exponent == MINUS:
                return np.true_divide(1.0, number(base))  # where Python's own raises at 0
            case Power(base, exponent):
                raised = number(base)
                return (np.float64(raised) if isinstance(raised, float) else raised) ** number(exponent)
            case Function(name, arguments):
                conditions = CONDITIONS.get(name, 0)
                found = [value(a) if k < conditions else number(a) for k, a in enumerate(arguments)]
                return _called(name)(*found)

    return [number(tree) for tree in trees]


def _called(name: str) -> Any:
    """The function of numpy, or of scipy.special, that a function of the table is."""
    entry = FUNCTIONS[name]
    if not entry.special:
        return getattr(np, entry.numpy)
    import scipy.special

    return getattr(scipy.special, entry.numpy)
