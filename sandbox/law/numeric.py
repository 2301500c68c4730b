"""The values of trees over columns of numbers, computed here: a tree is ours, so nothing of a candidate's runs."""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from lawsmith.sandbox.law.expression import children, fraction
from lawsmith.sandbox.law.functions import CONDITIONS, FUNCTIONS, is_truth
from lawsmith.sandbox.law.nodes import MINUS, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.tasks.arrays import Array

Values = Mapping[str, Any]
Step = tuple[Callable[..., Any], tuple[int, ...]]


def evaluate(node: Node, features: Values, constants: Values) -> Array:
    """(n,) values for features of n rows each; not finite where numpy would say so.

    Raises KeyError for a feature or a constant that is not given.
    """
    with np.errstate(all="ignore"):
        return np.asarray(Program([node])(features, constants)[0], dtype=np.float64)


class Program:
    """Trees made ready to be evaluated many times; call it with features and constants for one value of each tree.

    Each distinct part is computed once, and in the order of the printed source (`write_candidate`), so that both give
    the same digits. Features and constants may be arrays of any shapes that broadcast.
    """

    def __init__(self, trees: Sequence[Node]) -> None:
        leaves = tuple(dict.fromkeys(leaf for tree in trees for leaf in _leaves(tree)))
        self._leaves = [_leaf(leaf) for leaf in leaves]
        self._steps: list[Step] = []
        self._places = {leaf: place for place, leaf in enumerate(leaves)}
        self._results = [self._number(tree) for tree in trees]

    def __call__(self, x: Values, p: Values) -> list[Any]:
        """The values of the trees; raises KeyError for a feature or a constant that is not given."""
        values = [leaf(x, p) for leaf in self._leaves]
        for called, places in self._steps:
            values.append(called(*[values[place] for place in places]))
        return [values[place] for place in self._results]

    def _number(self, node: Node) -> int:
        """The place of the value of `node`; 1 or 0 for what is true or false, as numpy adds and negates truths
        otherwise."""
        place = self._value(node)
        if not is_truth(node):
            return place
        number = Function("where", (node, Number(1.0), Number(0.0)))
        if number not in self._places:
            self._places[number] = self._step(lambda truth: np.where(truth, 1.0, 0.0), (place,))
        return self._places[number]

    def _value(self, node: Node) -> int:
        if node not in self._places:
            self._places[node] = self._step(*self._operation(node))
        return self._places[node]

    def _step(self, called: Callable[..., Any], places: tuple[int, ...]) -> int:
        self._steps.append((called, places))
        return len(self._leaves) + len(self._steps) - 1

    def _operation(self, node: Node) -> Step:
        match node:
            case Sum(terms):
                places = tuple(map(self._number, terms))
                return (operator.add if len(places) == 2 else lambda *values: reduce(operator.add, values)), places
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent) if exponent == MINUS:
                return _inverse, (self._number(base),)
            case Power(base, exponent):
                return _power, (self._number(base), self._number(exponent))
            case Function(name, arguments):
                entry, conditions = FUNCTIONS[name], CONDITIONS.get(name, 0)
                found = [self._value(a) if k < conditions else self._number(a) for k, a in enumerate(arguments)]
                return _called(entry.numpy, entry.special), tuple(found)
        raise TypeError(f"{type(node).__name__} is no operation")

    def _product(self, factors: Sequence[Node]) -> Step:
        """What is above the line is multiplied from the left, then divided by each factor below it."""
        above, below = fraction(factors)
        count = len(above)
        places = tuple(map(self._number, (*above, *below)))
        if len(places) == 2 and count:
            return (operator.mul if count == 2 else np.true_divide), places

        def product(*values: Any) -> Any:
            above = reduce(operator.mul, values[:count]) if count else 1.0
            return reduce(np.true_divide, values[count:], above)

        return product, places


def _leaves(tree: Node) -> list[Node]:
    """Numbers, parameters and features, each once."""
    found: dict[Node, None] = {}
    seen, waiting = {tree}, [tree]
    while waiting:
        node = waiting.pop()
        parts = children(node)
        if not parts:
            found[node] = None
        new = [part for part in dict.fromkeys(parts) if part not in seen]
        seen.update(new)
        waiting += new
    return list(found)


def _leaf(leaf: Node) -> Callable[[Values, Values], Any]:
    """The value of a leaf as a function of features and constants."""
    match leaf:
        case Number(value):
            return lambda x, p: value
        case Parameter(name):
            return lambda x, p: np.float64(p[name]) if isinstance(p[name], float) else p[name]
        case Feature(name, unit) if unit != 1:
            return lambda x, p: x[name] / unit
        case Feature(name):
            return lambda x, p: x[name]
    raise TypeError(f"{type(leaf).__name__} is no leaf")


def _inverse(below: Any) -> Any:
    return np.true_divide(1.0, below)  # where Python's own raises at 0


def _power(base: Any, exponent: Any) -> Any:
    return (np.float64(base) if isinstance(base, float) else base) ** exponent


def _called(name: str, special: bool) -> Callable[..., Any]:
    if not special:
        return getattr(np, name)  # type: ignore[no-any-return]
    import scipy.special

    return getattr(scipy.special, name)  # type: ignore[no-any-return]
