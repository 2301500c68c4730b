"""The main job: `discover --task …`, `discover --data …`, and `discover resume`."""

import shlex
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import Any

import typer

from lawsmith.agent.cli import show
from lawsmith.agent.cli.options import LIMIT_FIELDS
from lawsmith.agent.cli.output import announce, print_json, shown
from lawsmith.agent.cli.progress import ProgressReport
from lawsmith.agent.command.api import Interrupted, Observer, Result, discover
from lawsmith.agent.command.api import resume as resume_command
from lawsmith.runs.records.find import find_archive
from lawsmith.sandbox import Limits
from lawsmith.tasks import InputError


def columns(given: Sequence[str] | None) -> tuple[str, ...]:
    """Column names from `--features N,D` and `--features N --features D` alike."""
    names = (name.strip() for part in given or () for name in part.split(","))
    return tuple(name for name in names if name)


def table(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of a table of the user's own."""
    return {
        "target": columns(given["target"]),
        "features": columns(given["features"]) or None,
        **{name: columns(given[name]) for name in ("category", "ignore")},
        **{name: tuple(given[name] or ()) for name in ("ranges", "expect", "reach")},
        **{name: given[name] for name in ("group", "test", "cap", "sigma", "drop_incomplete")},
        **{name: given[name] or "" for name in ("decimal", "thousands")},
    }


def limits(given: Mapping[str, Any]) -> Limits:
    """Of one candidate; an option that was not given leaves the default."""
    stated = {option: field for option, field in LIMIT_FIELDS.items() if given[option] is not None}
    return Limits(**{name: given[option] * size for option, (name, size) in stated.items()})


def run(given: Mapping[str, Any]) -> None:
    """Search as the options say, by name; print the result, and exit with 1 if a run failed.

    Raises InputError for options that do not go together.
    """
    from lawsmith.agent.client.config import Options

    task, data, own = given["task"], given["data"], table(given)
    described = [name for name, value in own.items() if value]
    if task is not None and (data is not None or described):
        option = "data" if data is not None else described[0]
        raise InputError(f"--task and --{option} do not go together: a task is a table that is already described.")
    source = task or data
    if source is None:
        raise InputError("Nothing to explain: give --task NAME (see 'discover tasks') or --data FILE --target COLUMN.")
    taken = signature(discover).parameters.keys() & given.keys() - {"data"}
    said = {name: given[name] for name in taken} | own
    said |= {"options": Options(**{name: given[name] for name in Options.model_fields}), "limits": limits(given)}
    found = _finish(lambda observer: discover(source, **said, observer=observer), given["json"])
    if given["open_"] and found.selected is not None:
        from lawsmith.agent.cli import report_command

        report_command.show(str(found.selected.archive), given["runs_dir"], None)
    if found.failed:
        raise typer.Exit(1)


def resume(reference: str, runs_dir: Path, cluster: str | None, trust: bool, as_json: bool) -> None:
    """Continue the command that `reference` belongs to, and print its result. Exits with 1 if a run failed."""
    path = find_archive(reference, runs_dir).path
    if _finish(lambda observer: resume_command(path, observer, cluster, trust), as_json).failed:
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
