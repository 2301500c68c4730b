"""The main job: `discover --task …`, `discover --data …`, and `discover resume`."""

import shlex
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import typer

from lawsmith.agent.api import Interrupted, Observer, Result, discover
from lawsmith.agent.api import resume as resume_command
from lawsmith.agent.cli import show
from lawsmith.agent.cli.options import LIMIT_FIELDS, LimitOptions, ModelOptions, SearchOptions, TableOptions
from lawsmith.agent.terminal.output import announce, print_json, shown
from lawsmith.agent.terminal.progress import ProgressReport
from lawsmith.runs.records.find import find_archive
from lawsmith.sandbox import Limits
from lawsmith.tasks import InputError


def columns(given: Sequence[str] | None) -> tuple[str, ...]:
    """Column names from `--features N,D` and `--features N --features D` alike."""
    names = (name.strip() for part in given or () for name in part.split(","))
    return tuple(name for name in names if name)


def described(table: TableOptions) -> dict[str, Any]:
    """What the options say of a table of the user's own, but for its file."""
    given = {
        name: value
        for name, value in vars(table).items()
        if name != "data" and value is not None and value is not False
    }
    listed = given.keys() & {"target", "features", "category", "ignore"}
    named = {name: columns(given[name]) for name in listed}
    return {**given, **named, "features": named.get("features") or None}


def first_option(own: Mapping[str, Any]) -> str | None:
    """The first option that says something of an own table, as it is typed; None where none does."""
    name = next((name for name, value in own.items() if value), None)
    return None if name is None else f"--{'range' if name == 'ranges' else name.replace('_', '-')}"


def run(asked: SearchOptions, table: TableOptions, model: ModelOptions, limits: LimitOptions) -> None:
    """Search as the options say; print the result, and exit with 1 if a run failed. Raises InputError for options that
    do not go together."""
    from lawsmith.agent.client.config import Options

    own = described(table)
    if asked.task is not None and (stated := first_option({"data": table.data, **own})):
        raise InputError(f"--task and {stated} do not go together: a task is a table that is already described.")
    source = asked.task or table.data
    if source is None:
        raise InputError("Nothing to explain: give --task NAME (see 'discover tasks') or --data FILE --target COLUMN.")
    given = vars(asked) | vars(model)
    said = {name: given[name] for name in signature(discover).parameters.keys() & given.keys()} | own
    bounds = {option: value for option, value in vars(limits).items() if value is not None}
    for option, value in bounds.items():
        if not value > 0:
            raise InputError(f"--{option.replace('_', '-')} is {value:g}; it must be positive.")
    said["limits"] = Limits(**{LIMIT_FIELDS[name][0]: value * LIMIT_FIELDS[name][1] for name, value in bounds.items()})
    said["options"] = Options(**{name: given[name] for name in Options.model_fields})
    found = _finish(lambda observer: discover(source, **said, observer=observer), asked.json)
    if asked.open_ and found.selected is not None:
        from lawsmith.agent.cli import report_command

        report_command.show(str(found.selected.archive), asked.runs_dir, None)
    if found.failed:
        raise typer.Exit(1)


def resume(
    reference: str, runs_dir: Path, data_dir: Path | None, cluster: str | None, trust: bool, as_json: bool
) -> None:
    """Continue the command that `reference` belongs to, and print its result. Exits with 1 if a run failed."""
    path = find_archive(reference, runs_dir).path
    if _finish(lambda observer: resume_command(path, observer, cluster, trust, data_dir), as_json).failed:
        raise typer.Exit(1)


def _finish(work: Callable[[Observer], Result], as_json: bool) -> Result:
    """Work with progress on stderr, and print the result."""
    progress = ProgressReport()
    try:
        with terminated_like_interrupted(), progress:
            result = work(progress)
    except Interrupted as interrupt:
        announce(f"Interrupted; everything so far is kept. Continue with:\n  {_resume_line(interrupt.archive)}")
        raise typer.Exit(130) from interrupt
    except KeyboardInterrupt:
        announce("Interrupted before a search began; nothing is kept.")
        raise
    except InputError:
        if progress.archive is not None:
            announce(f"Everything so far is kept; continue with:\n  {_resume_line(progress.archive)}")
        raise
    if as_json:
        print_json(result.to_json())
    else:
        show.result(result)
    return result


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """A polite SIGTERM, as schedulers send it, ends a search the way Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _resume_line(archive: Path) -> str:
    return shlex.join(["discover", "resume", shown(archive)])
