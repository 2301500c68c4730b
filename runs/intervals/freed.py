"""Frees the exponents that a law states as numbers: rows that are noisy, or few, do not say that they are whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from lawsmith.sandbox.law.expression import add, factors_of, features, mul, terms_of
from lawsmith.sandbox.law.nodes import Feature, Node, Number, Parameter, Power, Role, Unreadable
from lawsmith.sandbox.law.normal import normal
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.tasks import Array, Task
from lawsmith.tasks.arrays import is_logarithmic

ROWS = 3  # for each constant of the freed law, at least
FREEDOM = 1.0  # up to which an exponent may differ from its number


def freed(source: str, task: Task) -> tuple[str, tuple[str, ...]] | None:
    """The source and the names of the constants of a law whose powers of sizes have exponents of their own instead of
    numbers, common to all groups; None where it states no such power, or rows are too few for it.

    Only powers in the terms of a sum are freed: those inside curves, as in x^2 / (h^2 + x^2), belong together.
    """
    stated = read(source, task.schema.targets, task.schema.features)
    if isinstance(stated, Unreadable):
        return None
    own = list[Parameter]()
    trees = {
        name: add(*(_freed(term, task.train.features, own) for term in terms_of(normal(tree))))
        for name, tree in stated.targets.items()
    }
    constants = (*stated.parameters, *own)
    if not own or len(task.train) < ROWS * len(constants):
        return None
    names = tuple(one.name for one in own)
    law = replace(stated, targets=trees, parameters=constants, shared=(*stated.shared, *names))
    return write(law, task.schema.features), tuple(one.name for one in constants)


def _freed(term: Node, columns: Mapping[str, Array], own: list[Parameter]) -> Node:
    """The term with the numbers free to which sizes are raised that nothing else in it uses; the new constants are
    added to `own`."""
    uses = Counter(name for factor in factors_of(term) for name in features(factor))
    factors = list[Node]()
    for factor in factors_of(term):
        match factor:
            case Power(Feature(name) as base, Number(value)) if uses[name] == 1 and is_logarithmic(columns[name]):
                own.append(Parameter(f"free{len(own) + 1}", value - FREEDOM, value + FREEDOM, Role.EXPONENT))
                factors.append(Power(base, own[-1]))
            case _:
                factors.append(factor)
    return mul(*factors)
