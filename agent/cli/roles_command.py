"""What every column of a user's table was taken for, as a small table."""

from collections.abc import Sequence

from rich.table import Table

from lawsmith.agent.cli.output import text
from lawsmith.tasks import ColumnRole

ORDER = ("target", "feature", "category", "group", "weight", "replicate", "derived", "companion", "bookkeeping")
MOST = 40
"""Columns that are shown; those that are left out come last."""


def roles_table(roles: Sequence[ColumnRole]) -> Table:
    """Column, role and reason, the used columns first."""
    table = Table(box=None, pad_edge=False, title="columns", title_justify="left")
    for heading in ("column", "role", "why"):
        table.add_column(heading, overflow="fold")
    ordered = sorted(roles, key=lambda one: ORDER.index(one.role) if one.role in ORDER else len(ORDER))
    for one in ordered[:MOST]:
        style = "" if one.role in ("target", "feature", "category", "group", "weight") else "dim"
        table.add_row(text(one.name), text(one.role), text(one.reason), style=style)
    if len(ordered) > MOST:
        table.add_row("…", f"{len(ordered) - MOST} more", "--json lists all", style="dim")
    return table
