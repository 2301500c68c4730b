"""Derivatives of expressions with respect to a parameter."""

from collections.abc import Sequence
from functools import lru_cache

from lawsmith.sandbox.law.expression import add, function, log, mul, parameters, power, size
from lawsmith.sandbox.law.functions import FUNCTIONS
from lawsmith.sandbox.law.nodes import ONE, ZERO, Feature, Function, Node, Number, Parameter, Power, Product, Sum

MOST_NODES = 20_000  # of all slopes together; numeric slopes are as fast beyond


class NoDerivative(ValueError):
    """The table of functions has no derivative of one of them."""


def slopes(node: Node) -> dict[str, Node] | None:
    """The partial derivative for each parameter in the tree; None where a part has none, or all are too large to
    help."""
    try:
        found = {p.name: derivative(node, p.name) for p in parameters(node)}
    except NoDerivative:
        return None
    return found if sum(map(size, found.values())) <= MOST_NODES else None


@lru_cache(maxsize=100_000)
def derivative(node: Node, name: str) -> Node:
    """The partial derivative with respect to the parameter `name`; raises NoDerivative."""
    match node:
        case Parameter(own):
            return ONE if own == name else ZERO
        case Number() | Feature():
            return ZERO
        case Sum(terms):
            return add(*(derivative(term, name) for term in terms))
        case Product(factors):
            steps = []
            for k, factor in enumerate(factors):
                slope = derivative(factor, name)
                if slope != ZERO:
                    steps.append(mul(*factors[:k], slope, *factors[k + 1 :]))
            return add(*steps)
        case Function("where", (condition, then, otherwise)):
            return _branches(condition, derivative(then, name), derivative(otherwise, name))
        case Function("maximum" | "minimum" as which, (one, two)):
            relation = "greater_equal" if which == "maximum" else "less_equal"
            return _branches(function(relation, one, two), derivative(one, name), derivative(two, name))
        case Function(called, arguments):
            return _chain(called, arguments, [derivative(argument, name) for argument in arguments])
        case Power(base, Number(value)):  # without dividing by the base, which may be 0
            inner = derivative(base, name)
            return ZERO if inner == ZERO else mul(Number(value), power(base, Number(value - 1)), inner)
        case Power(Feature() as base, Parameter(name=own)):  # 0 where the feature is, as the power's
            slope = mul(node, log(base))
            return _branches(function("greater", base, ZERO), slope, ZERO) if own == name else ZERO
        case Power(base, exponent):
            inner, outer = derivative(base, name), derivative(exponent, name)
            falling = mul(exponent, node, power(base, Number(-1.0)), inner) if inner != ZERO else ZERO
            slope = add(falling, mul(node, log(base), outer) if outer != ZERO else ZERO)
            if isinstance(base, Sum) or slope == ZERO:
                return slope
            return _branches(function("greater", base, ZERO), slope, ZERO)  # the base may begin at 0


def _branches(condition: Node, then: Node, otherwise: Node) -> Node:
    """A slope that changes with a condition; never a product with 0, which an infinite slope would make nan."""
    return ZERO if then == otherwise == ZERO else function("where", condition, then, otherwise)


def _chain(called: str, arguments: Sequence[Node], inner: Sequence[Node]) -> Node:
    """The slope of a function whose arguments have these slopes."""
    own = FUNCTIONS[called].slopes
    if own is not None:
        steps = zip(own, inner, strict=True)
        return add(*(mul(outer(*arguments), slope) for outer, slope in steps if slope != ZERO))
    if any(slope != ZERO for slope in inner):
        raise NoDerivative(called)
    return ZERO
