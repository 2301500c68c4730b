"""A form on its way to becoming candidate source: one expression per target, what is shared, how residuals weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lawsmith.sandbox.fitting import Form, Loss
from lawsmith.sandbox.fitting.tree_form import tree_form
from lawsmith.sandbox.law.expression import (
    Node,
    Parameter,
    canonical,
    complexity,
    parameters,
    rename,
    walk,
)
from lawsmith.sandbox.law.parameter_roles import LINEAR
from lawsmith.sandbox.law.write_candidate import candidate
from lawsmith.tasks.schema import Schema

MOST_CONSTANTS = 40  # per group and target, where the task sets no cap


@dataclass(frozen=True)
class SymbolicForm:
    """`nodes` holds one expression per target; `shared` says that shape constants are common to all groups, `by_chance`
    how blindly the form was found (`lawsmith.runs.trials.Proposal`)."""

    nodes: tuple[Node, ...]
    origin: str
    shared: bool = False
    loss: Loss = Loss.SQUARED
    parents: tuple[str, ...] = ()
    by_chance: int = 0

    @property
    def key(self) -> str:
        """Equal for forms that state the same form."""
        return f"{self.shared}|{self.loss}|" + ";".join(canonical(node) for node in self.nodes)

    @property
    def constants(self) -> int:
        """Per group and target, at the most."""
        return max(len(parameters(node)) for node in self.nodes)

    @property
    def complexity(self) -> int:
        return sum(complexity(node) for node in self.nodes)

    def fits(self, schema: Schema, rows: int) -> bool:
        """Within the cap, with something to fit, and with fewer constants of a group's own than it has `rows`."""
        own = max(sum(not (self.shared and is_shape(p)) for p in parameters(node)) for node in self.nodes)
        return 0 < self.constants <= (schema.cap or MOST_CONSTANTS) and own < rows

    def source(self, schema: Schema) -> str:
        """The source of the candidate that states this form for the columns of `schema`."""
        targets = self._targets(schema)
        return candidate(targets, shared=self._common(targets), loss=self.loss, columns=schema.features)

    def to_fit(self, schema: Schema) -> Form:
        """The same for the engine, without a source."""
        targets = self._targets(schema)
        return tree_form(targets, shared=self._common(targets), loss=self.loss)

    def _targets(self, schema: Schema) -> dict[str, Node]:
        if len(schema.targets) == 1:
            return {schema.targets[0]: self.nodes[0]}
        named = enumerate(zip(schema.targets, self.nodes, strict=True))
        return {name: _numbered(node, k) for k, (name, node) in named}

    def _common(self, targets: Mapping[str, Node]) -> list[str]:
        """The names of the constants that are common to all groups."""
        every = (p for node in targets.values() for p in parameters(node))
        return [p.name for p in every if is_shape(p)] if self.shared else []


def is_shape(parameter: Parameter) -> bool:
    """Whether the constant bends a curve rather than scales or moves it."""
    return parameter.role not in LINEAR


def has_shape(node: Node) -> bool:
    """Whether a constant in the tree bends a curve."""
    return any(isinstance(n, Parameter) and is_shape(n) for n in walk(node))


def _numbered(node: Node, target: int) -> Node:
    return rename(node, {p.name: f"{p.name}_{target + 1}" for p in parameters(node)})
