"""The benchmark tasks, each described by one TOML file in this folder."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from lawsmith.tasks.errors import InputError, alike
from lawsmith.tasks.schema import Schema


@cache
def _schemas() -> dict[str, Schema]:
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    parsed = [parse_schema(file.read_text("utf-8")) for file in files if file.name.endswith(".toml")]
    return {schema.name: schema for schema in parsed}


def parse_schema(text: str) -> Schema:
    """Read the TOML of one task; its ``[columns]`` table maps a column to its meaning and unit."""
    raw: dict[str, Any] = tomllib.loads(text)
    raw["columns"] = {name: {"name": name, **entry} for name, entry in raw.get("columns", {}).items()}
    return Schema.model_validate(raw)


def names() -> tuple[str, ...]:
    """Short names of the benchmark tasks, sorted."""
    return tuple(_schemas())


def schema(name: str) -> Schema:
    """The task of that short or long name (``sft`` or ``sft_scaling_law``), whatever its case.

    Raises InputError that offers the nearest names when there is none.
    """
    wanted = name.strip().lower().replace("-", "_")
    aliases = {alias: one for one in _schemas().values() for alias in (one.name, one.long_name)}
    aliases |= {one.long_name.removesuffix("_scaling_law"): one for one in _schemas().values()}
    if wanted in aliases:
        return aliases[wanted]
    near = dict.fromkeys(aliases[match].name for match in alike(wanted, aliases))
    offer = f"did you mean {' or '.join(near)}?" if near else f"the tasks are {', '.join(names())}."
    own = "Law.open opens the law of a run." if Path(name).is_dir() else "Give a table of your own to discover."
    raise InputError(f"There is no task {name!r}; {offer} {own}")
