"""The left side of a formula, ``1/rate = …`` or ``log(loss - E) = …``, and the target by its right side."""

import re
from collections.abc import Callable, Mapping, Sequence

from lawsmith.sandbox.law.expression import add, divide, exp, log, mul, neg, power, transform, walk
from lawsmith.sandbox.law.nodes import ONE, Feature, Function, Node, Number, Parameter, Power, Product, Sum
from lawsmith.tasks.errors import InputError, listing

_INVERSES: Mapping[str, Callable[[Node], Node]] = {
    "log": exp,
    "exp": log,
    "log10": lambda node: power(Number(10.0), node),
    "log2": lambda node: power(Number(2.0), node),
}
"""Function of the target -> the target by the function's value."""


def split_sides(part: str, compares: re.Pattern[str]) -> tuple[str, str]:
    """The left side, "" where there is none, and the formula; a comparison, by the pattern, has no sides."""
    left, equals, right = re.sub(r"^([^=~]*)~", r"\1=", part).partition("=")
    return (left.strip(), right) if equals and not compares.search(left + equals + right[:1]) else ("", part)


def is_symbol(left: str, right: str, is_feature: Callable[[str], bool]) -> bool:
    """Whether a left side stands for the only target: one letter that is not on the right, or ``L(N, D)``."""
    called = re.fullmatch(r"[^\W\d]\w*\s*\(([^()]*)\)", left)
    if called is not None and called[1].strip():
        return all(is_feature(name.strip()) for name in called[1].split(","))
    words = re.findall(r"\w+", right)
    return re.fullmatch(r"[^\W\d_]", left) is not None and left not in words and not is_feature(left)


def with_symbol(left: Node, right: str, target: str) -> Node:
    """The left side with the only target in place of its one letter that is not on the right: ``ln L``, ``1/v``."""
    letters = {
        node.name
        for node in walk(left)
        if isinstance(node, Parameter) and is_symbol(node.name, right, lambda name: name == target)
    }
    if len(letters) != 1 or Feature(target) in walk(left):
        return left
    return transform(
        left, lambda node: Feature(target) if isinstance(node, Parameter) and node.name in letters else node
    )


def solved(left: Node, right: Node, targets: Sequence[str]) -> tuple[str, Node] | None:
    """The target that the left side holds, and what it is by the right side; None where it holds none, or not one.

    Raises InputError where the left side is not solved for it.
    """
    named = [node.name for node in walk(left) if isinstance(node, Feature) and node.name in targets]
    if len(set(named)) != 1:
        return None
    target = Feature(named[0])
    if len(named) > 1:
        raise InputError(f"--form has {target.name} more than once on the left; solve it for {target.name}.")
    while left != target:
        left, right = _peeled(left, right, target)
    return target.name, right


def _peeled(left: Node, right: Node, target: Feature) -> tuple[Node, Node]:
    """Both sides after the outermost operation of the left one is undone."""

    def inside(parts: Sequence[Node]) -> Node:
        return next(part for part in parts if target in walk(part))

    match left:
        case Sum(terms):
            own = inside(terms)
            return own, add(right, *(neg(term) for term in terms if term is not own))
        case Product(factors):
            own = inside(factors)
            return own, divide(right, mul(*(factor for factor in factors if factor is not own)))
        case Power(base, exponent) if target in walk(base):
            return base, power(right, divide(ONE, exponent))
        case Power(base, exponent):
            return exponent, divide(log(right), log(base))
        case Function(name, (argument,)) if name in _INVERSES:
            return argument, _INVERSES[name](right)
    raise InputError(
        f"--form is not solved for {target.name}; write it alone on the left, or in + - * / ^, {listing([*_INVERSES])}."
    )
