"""Formulas as text."""

from __future__ import annotations

from lawsmith.sandbox.law.statement import Statement
from lawsmith.sandbox.law.write_candidate import text


def formula(statement: Statement) -> str:
    """``target = expression`` for each target, joined by ``; ``."""
    return "; ".join(f"{target} = {text(node)}" for target, node in statement.targets.items())
