"""What a command was asked to do, in the form that archives keep and a resume starts from."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import JsonValue

from lawsmith.agent.cluster.client import check_address
from lawsmith.agent.search.budget import Allowance
from lawsmith.runs.records.files import safe_name, write_atomic, writing
from lawsmith.sandbox import DEFAULT_LIMITS, Limits
from lawsmith.tasks import Dataset, InputError, load, read_own_table
from lawsmith.tasks.asked import Asked
from lawsmith.tasks.frames import frame_bytes
from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.reading.cells import as_text
from lawsmith.tasks.reading.formats import MAX_BYTES, kind, refuse_size

if TYPE_CHECKING:
    import pandas as pd

LIMITS = {"seconds": "time_limit", "calls": "max_calls", "tokens": "max_tokens", "usd": "max_usd"}
"""Field of `Job` -> the option that says it, where the names differ."""
Label = str | int
"""How a column is named; a number where a DataFrame's columns are numbered."""

SAVED_TABLES = "tables"
"""Folder below the runs folder for tables that were given as DataFrames or on standard input."""
STDIN = Path("-")
"""Means standard input where a table is asked for."""


class OwnTable(Asked):
    """A table of the user: absolute paths, and what is said of its columns."""

    train: str
    test: str | None = None

    def read(self) -> Dataset:
        """The table; raises InputError when it, or what is said about it, is not valid."""
        return read_own_table(Path(self.train), self, None if self.test is None else Path(self.test))

    def moved(self, folder: Path) -> Self:
        """The same table in another folder."""
        names = {"train": self.train, "test": self.test}
        return self.model_copy(update={split: file and str(folder / Path(file).name) for split, file in names.items()})


class Job(Frozen):
    """Everything that a command needs to begin or to be resumed. The data is `table`, or else the task's.

    `seconds` is per run; `calls`, `tokens` and `usd` are for the whole command. None means unlimited.
    """

    task: str | None = None
    table: OwnTable | None = None
    data_dir: str | None = None
    runs: int = 1
    agent: str
    model: str | None = None
    seed: int = 0
    seconds: float | None = None
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    workers: int | None = None
    unsafe_local: bool = False
    limits: Limits = DEFAULT_LIMITS
    """Of one candidate."""
    cluster: str | None = None
    """Where candidates are evaluated instead of here; see `lawsmith.agent.cluster.client`."""
    settings: dict[str, JsonValue] | None = None
    """Of an LLM agent, without secrets; see `lawsmith.agent.llm.model_session.Settings`."""
    forms: tuple[str, ...] = ()
    """Formulas of the user's own, as written; see `lawsmith.sandbox.law.own_form`."""
    hall_of_fame: tuple[str, ...] = ()
    """Formulas that another program found, as it wrote them; see `lawsmith.agent.command.own_forms`."""
    catalogue: str = ""
    """The content of a file of known laws; see `lawsmith.agent.symbolic.catalogue`."""
    only: bool = False
    """Whether nothing but `forms`, `hall_of_fame` and `catalogue` is fitted."""
    keep_data: bool = True
    """Whether the rows of an own table go with the archives."""
    trust_all: bool = False
    """Whether outliers count in full."""
    allow_opaque: bool = False
    """Whether a law that nobody can read may be chosen over one that can be read."""
    replay: str | None = None
    """The archive whose recorded replies stand in for a model."""

    def check(self) -> Self:
        """The same job; raises InputError for a number that makes no sense."""
        for option, value, least in (("runs", self.runs, 1), ("workers", self.workers, 1), ("seed", self.seed, 0)):
            if value is not None and value < least:
                raise InputError(f"--{option} is {value}; it must be at least {least}.")
        if self.only and not self.forms and not self.hall_of_fame and not self.catalogue:
            raise InputError(
                "--only fits your own formulas alone; give them with --form, --hall-of-fame or --catalogue."
            )
        self.allowance(0)
        if self.cluster is not None:
            check_address(self.cluster)
        return self

    def of(self, data: str | OwnTable, data_dir: str | Path | None) -> Self:
        """This job for a benchmark task, which may stand in a folder, or for a table of the user's own."""
        if isinstance(data, OwnTable):
            return self.model_copy(update={"table": data})
        return self.model_copy(update={"task": data, "data_dir": data_dir and str(Path(data_dir).resolve())})

    def allowance(self, index: int) -> Allowance:
        """What the run of that index may spend."""
        return Allowance(self.seconds, self.calls, self.tokens, self.usd).share(self.runs, index)

    def moved(self, data_dir: Path | None) -> Self:
        """This job with its data in another folder, if one is given."""
        if data_dir is None:
            return self
        folder = data_dir.resolve()
        return self.model_copy(update={"table": self.table.moved(folder)} if self.table else {"data_dir": str(folder)})

    def dataset(self) -> Dataset:
        """Load the data. Raises InputError where there is none, it is not valid, or the limits do not bear its rows."""
        if self.table is not None:
            return self.bears(self.table.read())
        assert self.task is not None
        return self.bears(load(self.task, None if self.data_dir is None else Path(self.data_dir)))

    def bears(self, found: Dataset) -> Dataset:
        """The data; raises InputError where the limits do not bear its rows."""
        train = len(found.task.train)
        needed = train + max(train, 0 if found.test is None else len(found.test))
        if needed > self.limits.rows:
            raise InputError(
                f"{found.task.schema.name} has {train} training rows, so one job fits and predicts {needed} rows; "
                f"at most {self.limits.rows} are allowed. Raise --limit-rows, or take a sample of the rows."
            )
        return found


def table_path(table: "Path | pd.DataFrame", runs_dir: Path, name: str = "table") -> Path:
    """The file that holds a table: a DataFrame, and what - reads from standard input, are first saved below `runs_dir`,
    as `name` in a folder named by their digests."""
    if isinstance(table, Path) and table != STDIN:
        return Path(os.path.realpath(table))
    if isinstance(table, Path):
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        refuse_size(len(content), "Standard input")
        suffix = ".gz" if content[:2] == b"\x1f\x8b" else kind(content, "")
    else:
        content = frame_bytes(table)
        suffix = ".parquet" if content[:4] == b"PAR1" else ".csv"
    folder = hashlib.sha256(content).hexdigest()[:16]
    path = runs_dir.resolve() / SAVED_TABLES / folder / f"{safe_name(name)}{suffix}"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, content)
    return path


def listed(columns: "Label | Sequence[Label]") -> tuple[str, ...]:
    """Column names: one name, or a sequence of names; a number is the label of a DataFrame's column."""
    return (as_text(columns),) if isinstance(columns, str | int) else tuple(map(as_text, columns))
