"""`discover init`: start a task.toml beside a table, with what can be told from the rows."""

import json
from pathlib import Path

from lawsmith.agent.cli.output import announce, print_json, shown
from lawsmith.runs.files import write_atomic, writing
from lawsmith.tasks import InputError
from lawsmith.tasks.inference import infer_roles
from lawsmith.tasks.reading import read_frame

NAME = "task.toml"


def run(table: Path, target: tuple[str, ...], as_json: bool) -> None:
    """Write ``task.toml`` beside `table`; an existing one is never overwritten."""
    frame = read_frame(table)
    path = table.parent / NAME
    if path.exists():
        raise InputError(f"{path} exists; edit it, or move it away to start again.")
    columns = [str(name) for name in frame.columns]
    guess = target or (columns[-1],)
    missing = [name for name in guess if name not in columns]
    if missing:
        raise InputError(f"{table} has no column {missing[0]!r}; its columns are {', '.join(columns)}.")
    roles = infer_roles(frame, guess, None, None, str(table))
    used = [*roles.features, *guess, *([roles.group] if roles.group else [])]
    ranges = {name: _range(frame[name].astype(str).tolist(), name == roles.group) for name in used}
    with writing(path):
        write_atomic(path, _toml(table, used, ranges).encode())
    command = f"discover --data {shown(table)} --target {','.join(guess)}"
    if as_json:
        print_json(
            {
                "task_toml": str(path.absolute()),
                "columns": used,
                "note": roles.explanation,
                "command": command,
            }
        )
        return
    announce(roles.explanation)
    if not target:
        announce(f"Taken for the target: {guess[0]} (the last column); name another with --target.")
    print(shown(path))
    announce(f"Fill in meanings and units (they help a language model, and readers), then: {command}")


def _range(cells: list[str], is_group: bool) -> str:
    if is_group:
        return f"{len(set(cells))} groups"
    numbers = [float(cell) for cell in cells if _is_number(cell)]
    return f"{min(numbers):g} to {max(numbers):g}" if numbers else ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _toml(table: Path, used: list[str], ranges: dict[str, str]) -> str:
    lines = [
        "# What the columns of this table mean; read by discover --data for any table in this folder.",
        f"title = {_quoted(f'Laws of {table.name}')}",
    ]
    for name in used:
        lines += ["", f"[columns.{_quoted(name)}]  # {json.dumps(ranges[name])}", 'meaning = ""', 'unit = ""']
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML; JSON's escapes are TOML's, save for the DEL character."""
    return json.dumps(text).replace("\x7f", "\\u007f")
