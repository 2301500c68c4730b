"""The argument list as people type it, arranged for the parser; and what a usage error says."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from typer import TyperException

SHARED = ("--runs-dir", "--data-dir", "--json")
"""Options that may stand before a command as well as after it."""
QUIET = ("-q", "--quiet")
TABLES = (".csv", ".tsv", ".txt", ".dat", ".parquet", ".jsonl", ".json", ".xlsx", ".gz", ".zip")
"""Endings of a first argument that is meant as a table even where there is no such file."""


OTHER_WORDS = {
    **dict.fromkeys(("weight", "weights", "error", "errors", "yerr", "std", "sample-weight"), "--sigma"),
    **dict.fromkeys(("exclude", "drop", "skip", "without"), "--ignore"),
    **dict.fromkeys(("t", "y", "output", "dependent", "label"), "--target"),
    **dict.fromkeys(("x", "f", "inputs", "columns", "independent"), "--features"),
    **dict.fromkeys(("bounds", "bound", "limits"), "--range"),
    **dict.fromkeys(("monotone", "monotonic", "constraint"), "--expect"),
    **dict.fromkeys(("by", "groups"), "--group"),
    **dict.fromkeys(("formula", "model-form", "expression", "equation"), "--form"),
    **dict.fromkeys(("timeout", "time", "max-time", "seconds"), "--time-limit"),
    **dict.fromkeys(("dropna", "drop-na"), "--drop-incomplete"),
    **dict.fromkeys(("max-params", "max-constants", "complexity"), "--cap"),
}
"""Other programs' words for an option, without dashes -> ours."""


def arranged(arguments: Sequence[str], app: Any) -> list[str]:
    """The arguments with ``discover runs.csv`` and ``discover TASK`` spelled out, and shared options after the command.

    `app` is the parsed command line (a click group). Raises InputError for a first argument that is no command, task
    or file, with the nearest of each.
    """
    rest = [argument for argument in arguments if argument not in QUIET]
    quiet = [QUIET[1]] if len(rest) < len(arguments) else []
    try:
        context = app.context_class(app, **app.context_settings)
        _, left, _ = app.make_parser(context).parse_args(list(rest))
    except TyperException:  # an unknown option: what follows may be its value
        return quiet + rest
    before = rest[: len(rest) - len(left)]
    if not left or "--" in before:
        return quiet + rest
    first, after = left[0], left[1:]
    if first in app.commands:
        stay, moved = _shared(before, _options(app.commands[first]))
        return [*quiet, *stay, first, *moved, *after]
    return [*quiet, *before, _meaning(first, app.commands), first, *after]


def _options(command: Any) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


def _shared(before: Sequence[str], known: Collection[str]) -> tuple[list[str], list[str]]:
    """The arguments that stay before the command, and those that the command takes itself."""
    stay, moved, rest = list[str](), list[str](), iter(before)
    for argument in rest:
        name = argument.partition("=")[0]
        target = moved if name in SHARED and name in known else stay
        target.append(argument)
        if argument in ("--runs-dir", "--data-dir"):
            target.append(next(rest))
    return stay, moved


def _meaning(first: str, commands: Mapping[str, Any]) -> str:
    """``--data`` or ``--task``: what a first argument that is no command stands for."""
    if first == "-" or Path(first).is_file() or first.lower().endswith(TABLES):
        return "--data"
    from lawsmith.tasks import names, schema
    from lawsmith.tasks.errors import InputError, nearest

    if not first.strip():
        raise InputError("The name of the table is empty; write discover runs.csv --target COLUMN.")
    try:
        schema(first)
    except InputError:
        files = [path.name for path in Path.cwd().iterdir() if path.name.lower().endswith(TABLES)]
        near = nearest(first, [*commands, *names(), *files])
        folder = f"{first!r} is a folder; name a table in it." if Path(first).is_dir() else ""
        more = near or "; discover --help lists the commands."
        raise InputError(folder or f"There is no command, task or file {first!r}{more}") from None
    return "--task"


def complaint(error: Any, arguments: Sequence[str], commands: Collection[str]) -> str:
    """What a usage error says: the option, what is wrong, and which help to read."""
    from lawsmith.tasks.errors import nearest

    context = getattr(error, "ctx", None)
    named = next((f"discover {argument}" for argument in arguments if argument in commands), "discover")
    where = named if context is None else context.command_path
    message = error.format_message().strip().rstrip(".")
    name = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    if name and message.startswith("No such option") and context is not None:
        known = OTHER_WORDS.get(name.lstrip("-").replace("_", "-"))
        options = _options(context.command)
        near = f"; did you mean {known}?" if known in options else nearest(name, options, "--")
        message = f"There is no option {name}{near}"
    elif message.startswith("No such command") and (flag := _flag_before(arguments, message)):
        message = f"{flag} takes no value; leave {message.split(chr(39))[1]!r} out"
    elif message.startswith("No such command") and arguments[0].lower().endswith(TABLES):
        message = f"One search reads one table; leave {message.split(chr(39))[1]!r} out, or name it with --test"
    elif message.startswith("Option "):  # … requires an argument, requires 2 arguments
        message = message.removeprefix("Option ").replace("'", "").replace("requires an argument", "needs a value")
    elif "unexpected extra argument" in message:
        extra = message.rpartition("(")[2].rstrip(")")
        message = f"{where} does not take {extra!r}"
    elif "valid integer" in message or "valid number" in message:
        option = parameter.opts[0] if parameter is not None else "the option"
        kind = "whole number" if "integer" in message else "number"
        message = f"{option} takes a {kind}, not {_value_of(option, arguments)!r}"
    elif message.startswith("Missing argument"):
        message = f"{where} needs {message.removeprefix('Missing argument ').strip(chr(39))}"
    return f"{message}{'' if message.endswith('?') else '.'} See '{where} --help'."


def _flag_before(arguments: Sequence[str], message: str) -> str:
    """The option right before the word that was taken for a command; empty where none stands there."""
    word = message.split("'")[1] if message.count("'") > 1 else ""
    place = arguments.index(word) if word in arguments else 0
    return arguments[place - 1] if place and arguments[place - 1].startswith("--") else ""


def _value_of(option: str, arguments: Sequence[str]) -> str:
    said = ((*argument.partition("="), after) for argument, after in zip(arguments, [*arguments[1:], ""], strict=True))
    return next((after if not equals else value for name, equals, value, after in said if name == option), "that")
