"""`discover init`: start a task.toml beside a table, with what can be told from the rows."""

import json
from math import isfinite
from pathlib import Path

from lawsmith.agent.terminal.output import announce, err, print_json, roles_table, shown
from lawsmith.runs.records.files import write_atomic, writing
from lawsmith.tasks import InputError
from lawsmith.tasks.asked import Asked
from lawsmith.tasks.reading.cells import NumberNotation, convert
from lawsmith.tasks.reading.formats import read_table
from lawsmith.tasks.roles.columns import decide

NAME = "task.toml"


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
