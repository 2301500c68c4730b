"""The Python API: discover a law, and continue an interrupted command."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from lawsmith.agent.command.conclude import select
from lawsmith.agent.command.job import LIMITS, Job, Label, OwnTable, listed, table_path
from lawsmith.agent.command.observer import Observer
from lawsmith.agent.command.own_forms import formulas
from lawsmith.agent.command.registry import equip
from lawsmith.agent.command.result import Result, Run
from lawsmith.agent.command.runner import Command, Interrupted
from lawsmith.agent.symbolic.catalogue import catalogue_text
from lawsmith.agent.terminal.progress import ProgressReport
from lawsmith.runs import new_run_id
from lawsmith.runs.laws.law import Law
from lawsmith.sandbox import DEFAULT_LIMITS, Limits
from lawsmith.tasks.errors import InputError
from lawsmith.tasks.frames import as_frame, column_name, numbered_categories
from lawsmith.tasks.knowledge import knowledge_texts

if TYPE_CHECKING:
    import pandas as pd

    from lawsmith.agent.client.config import Options

_Model = TypeVar("_Model", bound=BaseModel)

__all__ = ["Interrupted", "Law", "Observer", "Result", "Run", "discover", "resume"]


def discover(
    data: "str | Path | pd.DataFrame | Mapping[str, Any] | list[dict[str, Any]]",
    *,
    target: Label | Sequence[Label] | None = (),
    features: Label | Sequence[Label] | None = None,
    group: Label | None = None,
    test: "str | Path | pd.DataFrame | None" = None,
    name: str | None = None,
    form: str | Sequence[str] = (),
    hall_of_fame: str | Path | None = None,
    catalogue: str | Path | None = None,
    only: bool = False,
    cap: int | None = None,
    category: str | Sequence[str] = (),
    sigma: str | None = None,
    ignore: str | Sequence[str] = (),
    ranges: str | Sequence[str] | Mapping[Label, tuple[float | None, float | None]] = (),
    expect: str | Sequence[str] | Mapping[Label, str] = (),
    reach: str | float | Sequence[str] | Mapping[Label, float] = (),
    drop_incomplete: bool = False,
    decimal: str = "",
    thousands: str = "",
    runs: int = 1,
    agent: str = "auto",
    model: str | None = None,
    seed: int = 0,
    time_limit: float | None = None,
    max_calls: int | None = None,
    max_tokens: int | None = None,
    max_usd: float | None = None,
    workers: int | None = None,
    unsafe_local: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    options: "Options | None" = None,
    cluster: str | None = None,
    keep_data: bool = True,
    trust_all: bool = False,
    allow_opaque: bool = False,
    data_dir: str | Path | None = None,
    runs_dir: str | Path = Path("runs"),
    progress: bool = False,
    observer: Observer | None = None,
) -> Result:
    """Search for a law.

    discover("runs.csv", target="loss") reads a file, discover(frame, target="loss") a DataFrame, discover("sft") the
    data of a benchmark task. The result has `law`, `table()`, `verdict` and `report()`.

    Args:
        data: a table of your own, as a file (str or Path) or a pandas DataFrame; or the name of a benchmark task. A
            DataFrame is first saved below `runs_dir`, so that the run can be resumed and replayed.
        name: what a DataFrame is called in reports and in the folder of its runs.
        form: a formula of your own, such as "E + A/N^a + B/D^b", or several. Names of columns are features, other names
            are constants, which are fitted; the formula is judged beside those of the search.
        hall_of_fame: a file of formulas that PySR, operon or another program found; they join the search like `form`.
        catalogue: a TOML file of known laws with their sources; those that suit the table join the search.
        only: fit nothing but `form`, `hall_of_fame` and `catalogue`.
        target, features, group, test, cap, category, sigma, ignore, drop_incomplete, decimal, thousands: what the
            columns of your own table are, and how its numbers are written; see `lawsmith.tasks.asked.Asked`.
        ranges, expect: what you know of the law, such as "loss=0:" or {"loss": (0, None)}, and "loss falls with N, D"
            or {"loss": "falls with N, D"}.
        reach: how far beyond the data the law will be used: 10 times the largest values, "N=100" or {"N": 100}.
        runs: independent searches; run k (from 1) uses `seed` + k - 1.
        time_limit: seconds per run; reading and preparing may take half of them.
        max_calls, max_tokens, max_usd: limits of the whole command, shared evenly by its runs.
        workers: sandbox processes at a time; by default one per core.
        unsafe_local: run candidates without isolation if this machine cannot isolate them.
        limits: what one candidate may use.
        options: how models are asked, see `lawsmith.agent.client.config.Options`; environment and file say the rest.
        cluster: evaluate on the Dask scheduler at this address, or "local" for one on this machine; `workers`
            then bounds the candidates that are there at a time.
        trust_all: count every row in full, also outliers.
        allow_opaque: let a law win that lawsmith cannot read; its law.py runs the code that a model wrote.
        keep_data: keep the rows of your own table (up to a million cells) in the archive, so that it can be replayed
            after the file has moved or changed.
        data_dir: the folder that holds the data of benchmark tasks.
        runs_dir: the folder that the runs are kept in.
        progress: show on stderr what the command line shows.
        observer: an `Observer` that is told what happens.

    Raises:
        InputError: one sentence that says what has to change.
        Interrupted: Ctrl-C; carries the archive from which `resume` continues.
    """
    said, began = dict(locals()), monotonic()
    job = _checked(
        Job,
        said,
        data_dir=None,
        forms=(form,) if isinstance(form, str) else tuple(form or ()),
        hall_of_fame=() if hall_of_fame is None else formulas(Path(hall_of_fame)),
        catalogue="" if catalogue is None else catalogue_text(Path(catalogue)),
    ).check()
    runs_dir = Path(runs_dir)
    is_task = isinstance(data, str) and not target and not Path(data).is_file()
    source = data if isinstance(data, str) and is_task else _own_table(said, runs_dir)
    job, chosen = equip(job.of(source, data_dir), runs_dir, options)
    command = Command(job, job.dataset(), chosen, runs_dir, batch=new_run_id(), began=began)
    if not progress or observer is not None:
        return _execute(command, observer)
    with ProgressReport() as shown:
        return _execute(command, shown)


def _own_table(said: Mapping[str, Any], runs_dir: Path) -> OwnTable:
    """A table of the user's own as a job keeps it, from the arguments of `discover`; a DataFrame is saved."""
    own, test, name = _file(said["data"]), said["test"], said["name"] or "table"
    group, features = said["group"], said["features"]
    named = {argument: _named(own, said[argument]) for argument in ("target", "category", "ignore")}
    if not isinstance(own, Path):  # whose columns of numbers may be categories by their type
        taken = (said[argument] for argument in ("target", "group", "ignore", "category"))
        spoken_of = {name for one in taken if one is not None for name in listed(one)}
        named["category"] += tuple(name for name in numbered_categories(own) if name not in spoken_of)
    return _checked(
        OwnTable,
        said,
        train=str(table_path(own, runs_dir, name)),
        test=None if test is None else str(table_path(_file(test), runs_dir, f"{name}-test")),
        features=None if features is None else _named(own, features),
        group=None if group is None else column_name(group),
        **{field: knowledge_texts(field, said[field]) for field in ("ranges", "expect", "reach")},
        **named,
    )


def _checked(kind: type[_Model], said: Mapping[str, Any], **read: Any) -> _Model:
    """A model of what is `said` under the names of its fields, and of what was `read` of it; raises InputError, which
    names the first argument that is of another type."""
    named = {field: LIMITS.get(field, field) for field in kind.model_fields}
    try:
        return kind(**{field: said[name] for field, name in named.items() if name in said} | read)
    except ValidationError as error:
        first = error.errors()[0]
        name = named[str(first["loc"][0])]
        wanted = first["msg"].removeprefix("Input should be ").split(",")[0].replace("a valid string", "text")
        column = ", the name of a column" if name in ("sigma", "group") else ""
        shown = " ".join(repr(first["input"]).split())[:40]
        raise InputError(f"{name} is {shown}; it should be {wanted}{column}.") from None


def _named(data: "Path | pd.DataFrame", columns: "Label | Sequence[Label] | None") -> tuple[str, ...]:
    """Names of columns; a tuple may be one label of a DataFrame whose columns have several levels."""
    if columns is None:
        return ()
    labels: list[Any] = [] if isinstance(data, Path) else data.columns.tolist()
    if isinstance(columns, tuple) and columns in labels:
        return (column_name(columns),)
    return listed(columns) if isinstance(columns, str | int) else tuple(map(column_name, columns))


def _file(table: Any) -> "Path | pd.DataFrame":
    """A table as a path or a DataFrame: also of columns in a dict, of rows in a list of dicts, of a Series whose index
    has a name, of numpy's arrays with named fields, of polars and Arrow.

    Raises InputError for anything else.
    """
    import pandas as pd

    if isinstance(table, str | Path):
        return Path(table)
    if isinstance(table, pd.Series):
        table = table.to_frame()
    if callable(convert := getattr(table, "to_pandas", None)):
        table = convert()
    try:
        table = as_frame(table)
    except ValueError as error:
        raise InputError(f"The columns of the table do not fit together: {error}.") from None
    if isinstance(table, pd.DataFrame):
        return table
    raise InputError(
        f"A {type(table).__name__} is not a table with named columns; give a file, a DataFrame, a dict of columns, a "
        "list of dicts, or pandas.DataFrame(array, columns=[…])."
    )


def resume(
    archive: str | Path,
    observer: Observer | None = None,
    cluster: str | None = None,
    trust: bool = False,
    data_dir: str | Path | None = None,
) -> Result:
    """Continue the interrupted command that wrote `archive`: its unfinished run, then the runs not yet begun.

    Nothing that is on record is evaluated, or paid, again. For a finished command this is its result. `cluster`
    replaces the one that the command began with, which may be gone. `trust`: do what the archive says, also where
    it was begun by somebody else or on another machine: ask the models that it names, read its files, take its limits.
    `data_dir`: the folder that the table, or the data of the task, is in now.

    Raises:
        InputError: there is no such archive, it is damaged or no search of ours, its data has changed, or it asks for
            what needs `trust`.
        Interrupted: Ctrl-C; as before.
    """
    folder = None if data_dir is None else Path(data_dir)
    return _execute(Command.recorded(Path(archive), cluster, trust, folder), observer)


def _execute(command: Command, observer: Observer | None) -> Result:
    began = monotonic()
    runs, search_task = command.execute(observer or Observer())
    selected, reason = select(runs, search_task.task, command.job.allow_opaque)
    return Result(command.dataset, command.chosen, runs, selected, reason, monotonic() - began)
