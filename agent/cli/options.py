"""Every option of a search, and every option that several commands share, each declared once."""
# ruff: noqa: RUF009 - an option is never changed

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import partial, wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

SEARCH, TABLE, MODEL = "Search", "A table of your own", "Language model"
LIMITS = "Limits of one candidate"
KIB, MIB = 1 << 10, 1 << 20


def option(metavar: str | None, help: str, *names: Any, panel: str | None = None, **more: Any) -> Any:
    """An option whose help stands in a `panel`; `names` and `more` as `typer.Option` takes them."""
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, **more)


def _field(panel: str | None, metavar: str | None, help: str, *names: str, default: Any = None, **more: Any) -> Any:
    """An option that a class of options declares as a field."""
    return option(metavar, help, default, *names, panel=panel, **more)


def flag(panel: str | None, help: str, *names: str) -> Any:
    """An option without a value."""
    return _field(panel, None, help, *names, default=False)


search, table = partial(_field, SEARCH), partial(_field, TABLE)
models, limit = partial(_field, MODEL), partial(_field, LIMITS)


def complete_run(incomplete: str) -> list[str]:
    """Names of runs for the shell's completion."""
    from lawsmith.runs.records.find import addresses

    ends = [address if "published" in address else address.rpartition("/")[2] for address in addresses(RUNS_DIR)]
    return [name for name in ("latest", *ends) if name.startswith(incomplete)]


def complete_task(incomplete: str) -> list[str]:
    """Names of tasks for the shell's completion."""
    from lawsmith.tasks import names

    return [name for name in names() if name.startswith(incomplete)]


def run_argument(help: str) -> Any:
    """A run that need not be named."""
    return typer.Argument(metavar="RUN", help=help, autocompletion=complete_run)


RUNS_DIR = Path("runs")
DataDir = Annotated[
    Path | None,
    option(
        "DIR",
        "The folder that holds the data of the benchmark tasks, or your table where that has moved.",
        show_default=False,
    ),
]
RunsDir = Annotated[Path, option("DIR", "The folder that the runs are kept in.")]
Json = Annotated[bool, option(None, "Print one JSON object on stdout.", "--json")]
Open = Annotated[bool, option(None, "Open the report in a browser at the end.", "--open")]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run: its id or the start of the id, the name of its task, its folder, `latest`, or published/…",
        autocompletion=complete_run,
    ),
]
LawId = Annotated[
    str | None, option("ID", "Use this law of the run instead of the chosen one; `discover laws` lists them.", "--law")
]

Workers = Annotated[
    int | None, option("N", "How many formulas to fit at a time; by default one per core.", panel=SEARCH)
]
UnsafeLocal = Annotated[
    bool,
    option(
        None, "Run candidates without isolation if this machine cannot isolate them.", "--unsafe-local", panel=SEARCH
    ),
]
Cluster = Annotated[
    str | None, option("ADDRESS", "Fit on this Dask scheduler (tls://host:8786), or on a `local` one.", panel=SEARCH)
]
Trust = Annotated[
    bool, option(None, "Follow the archive's settings even if you did not begin the run on this machine.", "--trust")
]
BaseUrl = Annotated[str | None, option("URL", "The address of an OpenAI-compatible server, with /v1.", panel=MODEL)]
Config = Annotated[
    Path | None, option("FILE", "A file with models, sampling and prices; ./lawsmith.toml by default.", panel=MODEL)
]


class _PlainHelp:
    """Help that shows what a user types, without types of Python: `<bool>` beside a flag, `{RUN}` for RUN."""

    def get_params(self, ctx: Any) -> list[Any]:
        found: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for one in found:
            argument = one.param_type_name == "argument"
            typed, named = (one.metavar or "", "") if not argument else ("", one.metavar)
            one.display_type_rich = lambda ctx, typed=typed: typed
            one._usage_display_name = lambda named=named, one=one: named if one.required else f"[{named}]"
        return found


class GroupHelp(_PlainHelp, typer.core.TyperGroup):
    """`discover` itself."""


class CommandHelp(_PlainHelp, typer.core.TyperCommand):
    """`discover COMMAND`."""


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """The command as the parser sees it: instead of each parameter that is a dataclass of options, their fields."""
    own = signature(command).parameters.values()
    kinds: dict[str, Any] = {one.name: one.annotation for one in own if is_dataclass(one.annotation)}

    @wraps(command, assigned=("__name__", "__doc__"))  # not its annotations: `model` is an option as well
    def called(**given: Any) -> None:
        made = {name: kind(**{one.name: given.pop(one.name) for one in fields(kind)}) for name, kind in kinds.items()}
        command(**given, **made)

    each = [list(signature(kinds[one.name]).parameters.values()) if one.name in kinds else [one] for one in own]
    keywords = [one.replace(kind=Parameter.KEYWORD_ONLY) for some in each for one in some]
    called.__signature__ = signature(command).replace(parameters=keywords)  # type: ignore[attr-defined]
    return called


@dataclass(frozen=True)
class SearchOptions:
    """Of the main job, but for those below."""

    task: str | None = _field(
        None,
        "NAME",
        "The benchmark task to explain. `discover tasks` lists them; `discover NAME` is the same.",
        autocompletion=complete_task,
    )
    data_dir: DataDir = None
    runs_dir: RunsDir = RUNS_DIR
    json: Json = False
    json_schema: bool = flag(None, "Print the JSON Schema of what --json prints, and exit.", "--json-schema")
    version: bool = flag(None, "Print the version and exit.", "--version", "-V")
    quiet: bool = flag(None, "Print results and warnings only, no progress.", "--quiet", "-q")
    open_: Open = False
    runs: int = search("N", "How many independent searches to make.", default=1)
    agent: str = search(
        "NAME",
        "Who proposes formulas: symbolic (no model); analyst, evolve or refine (a language model); or auto.",
        default="auto",
    )
    seed: int = search("S", "The seed of the first run; run k uses S + k - 1.", default=0)
    time_limit: float | None = search(
        "SECONDS",
        "End the search of each run after this time. Reading and preparing may take half of it; "
        "writing the result takes more time.",
    )
    workers: Workers = None
    unsafe_local: UnsafeLocal = False
    cluster: Cluster = None
    form: list[str] | None = search(
        "FORMULA", "Fit a formula of your own beside the search, such as 'E + A/N^a + B/D^b'."
    )
    hall_of_fame: Path | None = search(
        "FILE", "Formulas that PySR or operon found (CSV, JSON). The search fits and judges them like all others."
    )
    catalogue: Path | None = search(
        "FILE", "Known laws of your field, with their sources (TOML). The search fits those that suit the table."
    )
    only: bool = flag(SEARCH, "Fit only the formulas of --form, --hall-of-fame and --catalogue.", "--only")
    keep_data: bool = table(
        None,
        "Keep the table's rows in the archive (the default), or leave them out; replays then need the file.",
        "--keep-data/--no-data",
        show_default=False,
        default=True,
    )
    trust_all: bool = flag(TABLE, "Count every row in full, also outliers.", "--trust-all")
    allow_opaque: bool = flag(
        SEARCH, "Let a law win that lawsmith cannot read; its law.py runs a model's code.", "--allow-opaque"
    )


@dataclass(frozen=True)
class TableOptions:
    """About a table of the user's own."""

    data: Path | None = table(
        "FILE", "The table to learn from: CSV, Parquet, JSON or Excel; - reads stdin. `discover FILE` is the same."
    )
    target: list[str] | None = table("COLUMN,…", "The column, or columns, to predict.")
    features: list[str] | None = table(
        "COLUMN,…", "The columns to predict from. By default lawsmith chooses them and says why."
    )
    group: str | None = table(
        "COLUMN", "A column of labels, such as model families; each gets its own constants. `none`: one law for all."
    )
    test: Path | None = table("FILE", "Rows that the search never sees. The chosen law is scored on them once.")
    cap: int | None = table("N", "The most constants that a law may have, per group and target.")
    category: list[str] | None = table("COLUMN,…", "Columns of labels that shift or scale one law.")
    sigma: str | None = table("COLUMN", "The column with the target's error in each row; rows count by it.")
    ignore: list[str] | None = table("COLUMN,…", "Columns to leave out.")
    ranges: list[str] | None = table("TARGET=LOW:HIGH", "The range of a target: loss=0: or acc=0:1.", "--range")
    expect: list[str] | None = table("SENTENCE", "What you know of the law: 'loss falls with N, D'.")
    reach: list[str] | None = table("FACTOR", "How far beyond the data you use the law: 10, or N=100.")
    drop_incomplete: bool = flag(TABLE, "Leave out rows with gaps instead of columns.", "--drop-incomplete")
    decimal: str | None = table("CHAR", "Decimal mark of the file: . or ,")
    thousands: str | None = table("CHAR", "Thousands separator of the file, such as .")


@dataclass(frozen=True)
class ModelOptions:
    """About the language model."""

    model: str | None = models("ID", "The model to ask. replay:RUN repeats the replies of a recorded run.")
    max_calls: int | None = models("N", "The most model calls, all runs together.")
    max_tokens: int | None = models("N", "The most tokens, all runs together.")
    max_usd: float | None = models("USD", "The most US dollars, all runs together.")
    base_url: BaseUrl = None
    temperature: float | None = models("T", "The sampling temperature; 0.8 by default.")
    max_reply_tokens: int | None = models("N", "The most tokens of one reply; 4096 by default.")
    context_tokens: int | None = models("N", "The most tokens of prompt and reply together; 16096 by default.")
    in_flight: int | None = models("N", "How many requests to send at a time; 8 by default.")
    request_timeout: float | None = models("SECONDS", "How long to wait for a whole reply; 180 s by default.")
    effort: str | None = models("LEVEL", "How hard a reasoning model thinks: minimal, low, medium or high.", "--effort")
    config: Config = None


@dataclass(frozen=True)
class LimitOptions:
    """Bounds of one candidate."""

    limit_wall: float | None = limit("SECONDS", "The most elapsed time of one fit; 60 by default.")
    limit_cpu: float | None = limit("SECONDS", "The most computing time of one fit; 30 by default.")
    limit_memory: int | None = limit("MIB", "The most memory of one fit, beyond the interpreter; 1024 by default.")
    limit_output: int | None = limit("KIB", "The most that a candidate may print; 64 by default.")
    limit_rows: int | None = limit("N", "The most rows fitted and predicted at once; 5000000 by default.")
    limit_source: int | None = limit("KIB", "The longest source of a candidate; 64 by default.")


LIMIT_FIELDS = {
    "limit_wall": ("wall_seconds", 1),
    "limit_cpu": ("cpu_seconds", 1),
    "limit_memory": ("memory_bytes", MIB),
    "limit_output": ("output_bytes", KIB),
    "limit_rows": ("rows", 1),
    "limit_source": ("source_bytes", KIB),
}
"""Option -> field of `lawsmith.sandbox.Limits`, and how many of its units one of the option is."""
