"""A form to fit from the trees that state it: evaluated by our own code, so that no source is executed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lawsmith.sandbox.fitting.fit_problem import Arguments, Form, Law, Loss
from lawsmith.sandbox.law.derivative import slopes
from lawsmith.sandbox.law.expression import Node, parameters
from lawsmith.sandbox.law.numeric import Program


def tree_form(targets: Mapping[str, Node], *, shared: Sequence[str] = (), loss: str = Loss.SQUARED) -> Form:
    """The form of one tree per target; it gives the same digits as the printed source of the same trees."""
    known = tuple(dict.fromkeys(p for node in targets.values() for p in parameters(node)))
    made = {target: _one(node) for target, node in targets.items()}
    whole = Program(list(targets.values()))

    def every(x: Arguments, p: Arguments) -> dict[str, Any]:
        return dict(zip(targets, whole(x, p), strict=True))

    call, gradient = (every, None) if len(made) > 1 else next(iter(made.values()))
    pairs = {target: (one, slope) for target, (one, slope) in made.items() if slope is not None}
    return Form(
        names=tuple(p.name for p in known),
        lower=np.array([p.lower for p in known], dtype=float),
        upper=np.array([p.upper for p in known], dtype=float),
        call=call,
        shared=frozenset(shared),
        gradient=gradient,
        per_target=pairs if len(targets) > 1 and len(pairs) == len(targets) else {},
        loss=Loss(loss),
    )


def _one(node: Node) -> tuple[Law, Law | None]:
    """The values of one tree and, where every part has a derivative, its slopes."""
    value = Program([node])
    found = slopes(node)
    if found is None:
        return (lambda x, p: value(x, p)[0]), None
    program, places = Program(list(found.values())), {name: k for k, name in enumerate(found)}
    return (lambda x, p: value(x, p)[0]), lambda x, p: _Slopes(program, places, x, p)


class _Slopes(Mapping[str, Any]):
    """Parameter -> slope at one place, each computed when it is asked for."""

    def __init__(self, program: Program, places: Mapping[str, int], x: Arguments, p: Arguments) -> None:
        self._program, self._places, self._values = program, places, program.begun(x, p)

    def __getitem__(self, name: str) -> Any:
        return self._program.one(self._places[name], self._values)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
