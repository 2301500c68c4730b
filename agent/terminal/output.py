"""Where output goes: results on stdout, everything else on stderr, and JSON as one object."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from lawsmith.tasks.schema import ColumnRole

ORDER = ("target", "feature", "category", "group", "weight", "replicate", "derived", "companion", "bookkeeping")
MOST = 40
"""Columns that are shown; those that are left out come last."""

out = Console(highlight=False, markup=False)
err = Console(stderr=True, highlight=False, markup=False)
"""For progress; `be_quiet` silences it."""
_warnings = Console(stderr=True, highlight=False, markup=False)


def be_quiet() -> None:
    """Print no progress from now on; warnings and errors still appear."""
    err.quiet = True


def print_json(content: Mapping[str, Any]) -> None:
    """The one JSON object of a command; a number that is not finite becomes a string, as in archives."""
    from lawsmith.runs.records.canonical_json import plain

    print(json.dumps(plain(content), indent=2, allow_nan=False))


def print_result(as_json: bool, content: Mapping[str, Any], tell: Callable[[], None]) -> None:
    """The result of a command: one JSON object, or for people as `tell` prints it."""
    if as_json:
        print_json(content)
    else:
        tell()


def number(value: float | None, digits: int = 6) -> str:
    """A score for people; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def text(content: object) -> Text:
    """Foreign text as it is: no markup, and no control or bidirectional character reaches the terminal."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in str(content)))


def line(content: object, style: str = "", *, label: str = "", label_style: str = "bold") -> None:
    """A line on stdout, behind a `label`, that is not folded; foreign text is shown as `text` shows it."""
    shown = content if isinstance(content, Text) else text(content)
    out.print(Text.assemble((label, label_style), shown), style=style, soft_wrap=True)


def announce(message: str) -> None:
    """A line on stderr for the user."""
    err.print(text(message), soft_wrap=True)


def warn(message: str) -> None:
    """A line on stderr that nobody overlooks."""
    _warnings.print(Text.assemble(("WARNING: ", "bold yellow"), text(message)), soft_wrap=True)


def shown(path: Path) -> str:
    """A path as a user would type it: relative inside the working folder, else absolute; no control characters."""
    from lawsmith.runs.quoting import visible

    absolute = Path(os.path.abspath(path))
    return visible(str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute))


def roles_table(roles: Sequence["ColumnRole"]) -> Table:
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
