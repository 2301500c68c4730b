"""A form on its way to becoming candidate source: one expression per target, what is shared, how residuals weigh."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from lawsmith.agent.symbolic.terms import DIGITS
from lawsmith.sandbox.fitting import Loss
from lawsmith.sandbox.law.expression import parameters, rename, walk
from lawsmith.sandbox.law.key import canonical
from lawsmith.sandbox.law.nodes import LINEAR, Node, Parameter, Statement
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.tasks.asked import without_unit
from lawsmith.tasks.schema import Schema

MOST_CONSTANTS = 40  # per group and target, where the task sets no cap


@lru_cache(maxsize=16)
def _taken(columns: tuple[str, ...]) -> frozenset[str]:
    """Names of columns, with their units and without: ``k (1/s)`` and ``k``."""
    return frozenset((*columns, *(without_unit(name)[0] for name in columns)))


@dataclass(frozen=True)
class SymbolicForm:
    """`nodes` holds one expression per target; `shared` says that shape constants are common to all groups, as are the
    constants that `pooled` names by target; `by_chance` says how blindly the form was found
    (`lawsmith.runs.records.trials.Proposal`)."""

    nodes: tuple[Node, ...]
    origin: str
    shared: bool = False
    loss: Loss = Loss.SQUARED
    parents: tuple[str, ...] = ()
    by_chance: int = 0
    pooled: frozenset[tuple[int, str]] = frozenset()

    @cached_property
    def key(self) -> str:
        """Equal for forms that state the same form."""
        common = f"{self.shared}{sorted(self.pooled) or ''}"
        return f"{common}|{self.loss}|" + ";".join(canonical(node) for node in self.nodes)

    def with_nodes(
        self, nodes: tuple[Node, ...], origin: str, parents: tuple[str, ...], by_chance: int
    ) -> SymbolicForm:
        """The same with other trees and renumbered constants; what `pooled` names stays common to all groups."""
        names = [_renumbered(node) for node in nodes]
        pooled = frozenset((k, names[k][name]) for k, name in self.pooled if name in names[k])
        renamed = tuple(rename(node, own) for node, own in zip(nodes, names, strict=True))
        return replace(self, nodes=renamed, origin=origin, parents=parents, by_chance=by_chance, pooled=pooled)

    def as_one(self, parents: tuple[str, ...]) -> SymbolicForm:
        """The same with all constants common to all groups."""
        pooled = frozenset((k, p.name) for k, node in enumerate(self.nodes) for p in parameters(node))
        origin = f"{self.origin}, all constants common to all groups"
        return replace(self, shared=True, pooled=pooled, origin=origin, parents=parents)

    @property
    def constants(self) -> int:
        """Per group and target, at the most."""
        return max(len(parameters(node)) for node in self.nodes)

    def fits(self, schema: Schema, rows: int) -> bool:
        """Within the cap, with something to fit, and with fewer constants of a group's own than it has `rows`."""
        own = max(len(parameters(node)) - self.common(k) for k, node in enumerate(self.nodes))
        return 0 < self.constants <= (schema.cap or MOST_CONSTANTS) and own < rows

    def common(self, target: int) -> int:
        """How many constants of a target all groups share."""
        return sum(self._is_common(target, p) for p in parameters(self.nodes[target]))

    def _is_common(self, target: int, parameter: Parameter) -> bool:
        return (self.shared and is_shape(parameter)) or (target, parameter.name) in self.pooled

    def source(self, schema: Schema) -> str:
        """The source of the candidate that states this form for the columns of `schema`."""
        named = enumerate(zip(schema.targets, self.nodes, strict=True))
        targets = {name: rename(node, self.names(k, schema)) for k, (name, node) in named}
        return write(Statement(targets, (), self._shared_names(schema), self.loss), schema.features)

    def names(self, target: int, schema: Schema) -> dict[str, str]:
        """The names of a target's constants, and what they are called in the source: none as a column is, with its unit
        or without."""
        end = f"_{target + 1}" if len(self.nodes) > 1 else ""
        names = {p.name: f"{p.name}{end}" for p in parameters(self.nodes[target])}
        taken = _taken(schema.names)
        return {own: f"c_{name}" if name in taken else name for own, name in names.items()}

    def _shared_names(self, schema: Schema) -> tuple[str, ...]:
        """The names of the constants that are common to all groups."""
        return tuple(
            self.names(k, schema)[p.name]
            for k, node in enumerate(self.nodes)
            for p in parameters(node)
            if self._is_common(k, p)
        )


def is_shape(parameter: Parameter) -> bool:
    """Whether the constant bends a curve rather than scales or moves it."""
    return parameter.role not in LINEAR


def has_shape(node: Node) -> bool:
    """Whether a constant in the tree bends a curve."""
    return any(isinstance(n, Parameter) and is_shape(n) for n in walk(node))


def _renumbered(node: Node) -> dict[str, str]:
    """A new name for each constant: those of one letter are numbered in the order in which they appear."""
    seen: dict[str, int] = {}
    names: dict[str, str] = {}
    for parameter in parameters(node):
        letter = parameter.name.rstrip(DIGITS)
        seen[letter] = seen.get(letter, 0) + 1
        names[parameter.name] = letter if seen[letter] == 1 else f"{letter}{seen[letter]}"
    return names
