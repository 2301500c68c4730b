"""`discover init`: start a task.toml beside a table, with what can be told from the rows; and what each of its columns
was taken for, as a small table."""

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from rich.table import Table

from lawsmith.agent.cli.output import announce, err, print_json, shown, text
from lawsmith.runs.records.files import write_atomic, writing
from lawsmith.tasks import InputError
from lawsmith.tasks.asked import Asked
from lawsmith.tasks.reading.cells import NumberNotation, convert
from lawsmith.tasks.reading.formats import read_table
from lawsmith.tasks.roles.columns import decide
from lawsmith.tasks.schema import ColumnRole

NAME = "task.toml"
ORDER = ("target", "feature", "category", "group", "weight", "replicate", "derived", "companion", "bookkeeping")
MOST = 40
"""Columns that are shown; those that are left out come last."""


def run(table: Path, target: tuple[str, ...], as_json: bool) -> None:
    """Write ``task.toml`` beside `table`; an existing one is never overwritten. Raises InputError where there is
    one."""
    reading = read_table(table)
    cells = convert(reading.frame, reading.separator, NumberNotation(), str(table))
    path = table.parent / NAME
    if path.exists():
        raise InputError(f"{path} exists; edit it, or move it away to start again.")
    guess = target or (str(cells.frame.columns[-1]),)
    roles = decide(cells, Asked(target=guess), str(table))
    used = [*roles.features, *roles.targets, *([roles.group] if roles.group else [])]
    ranges = {name: f"{cells.labels[name].nunique()} labels" for name in used}
    for name in roles.numbers:
        numbers = [cell for cell in cells.frame[name] if isinstance(cell, float) and isfinite(cell)]
        ranges |= {name: f"{min(numbers):g} to {max(numbers):g}"} if name in used and numbers else {}
    with writing(path):
        write_atomic(path, _toml(table, used, ranges).encode())
    command = f"discover --data {shown(table)} --target {','.join(guess)}"
    if as_json:
        print_json(
            {
                "task_toml": str(path.absolute()),
                "columns": used,
                "roles": {one.name: {"role": one.role, "reason": one.reason} for one in roles.columns},
                "notices": list(roles.notices),
                "command": command,
            }
        )
        return
    err.print(roles_table(roles.columns))
    for notice in (*reading.notices, *cells.said.values(), *roles.notices):
        announce(notice)
    if not target:
        announce(f"The target is the last column, {guess[0]}; name another with --target.")
    print(shown(path))
    announce(f"Fill in meanings and units for readers and language models. Then run: {command}")
    announce(f"Every table in the folder of {path} is read with it.")


def _toml(table: Path, used: list[str], ranges: dict[str, str]) -> str:
    lines = [
        "# discover reads this file for every table in this folder. Language models and pages show what it says, as in",
        '# meaning = "length of the training text" and unit = "tokens".',
        f"title = {_quoted(f'Laws of {table.name}')}",
    ]
    for name in used:
        lines += ["", f"[columns.{_quoted(name)}]  # {ranges[name]}", 'meaning = ""', 'unit = ""']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are TOML's, save for the DEL character."""
    return json.dumps(text).replace("\x7f", "\\u007f")


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
