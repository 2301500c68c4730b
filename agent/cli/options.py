"""Every option of a search, and every option that several commands share, each declared once."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

SEARCH, TABLE, MODEL = "Search", "A table of your own", "Language model"
LIMITS = "Limits of one candidate"
KIB, MIB = 1 << 10, 1 << 20
FLAG = " "
"""The value that the help shows for a flag: none."""


def option(metavar: str | None, help: str, *names: str, panel: str | None = None, **more: Any) -> Any:
    """An option whose help stands in a `panel`; `names` and `more` as `typer.Option` takes them."""
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, **more)


search, table = partial(option, panel=SEARCH), partial(option, panel=TABLE)
model, limit = partial(option, panel=MODEL), partial(option, panel=LIMITS)


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
    return typer.Argument(metavar="[RUN]", help=help, autocompletion=complete_run)


RUNS_DIR = Path("runs")
DataDir = Annotated[
    Path | None, option("DIR", "The folder that holds the data of the benchmark tasks.", show_default=False)
]
RunsDir = Annotated[Path, option("DIR", "The folder that the runs are kept in.")]
Json = Annotated[bool, option(FLAG, "Print one JSON object on stdout.", "--json")]
Version = Annotated[bool, option(FLAG, "Print the version and exit.", "--version", "-V")]
JsonSchema = Annotated[bool, option(FLAG, "Print the JSON Schema of what --json prints, and exit.", "--json-schema")]
Quiet = Annotated[bool, option(FLAG, "Print results and warnings only, no progress.", "--quiet", "-q")]
Open = Annotated[bool, option(FLAG, "Open the report in a browser at the end.", "--open")]
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

Task = Annotated[
    str | None,
    option(
        "NAME",
        "The benchmark task to explain. `discover tasks` lists them; `discover NAME` is the same.",
        autocompletion=complete_task,
    ),
]
Runs = Annotated[int, search("N", "How many independent searches to make.")]
Agent = Annotated[
    str,
    search(
        "NAME", "Who proposes formulas: symbolic (no model); analyst, evolve or refine (a language model); or auto."
    ),
]
Seed = Annotated[int, search("S", "The seed of the first run; run k uses S + k - 1.")]
TimeLimit = Annotated[
    float | None,
    search(
        "SECONDS",
        "End the search of each run after this time. Reading and preparing may take half of it; "
        "writing the result takes more time.",
    ),
]
Workers = Annotated[int | None, search("N", "How many formulas to fit at a time; by default one per core.")]
UnsafeLocal = Annotated[
    bool, search(FLAG, "Run candidates without isolation if this machine cannot isolate them.", "--unsafe-local")
]
Cluster = Annotated[str | None, search("ADDRESS", "Fit on this Dask scheduler (tls://host:8786), or on a `local` one.")]
Trust = Annotated[
    bool, option(None, "Follow the archive's settings even if you did not begin the run on this machine.", "--trust")
]

Data = Annotated[
    Path | None,
    table("FILE", "The table to learn from: CSV, Parquet, JSON or Excel; - reads stdin. `discover FILE` is the same."),
]
Target = Annotated[list[str] | None, table("COLUMN,…", "The column, or columns, to predict.")]
Features = Annotated[
    list[str] | None, table("COLUMN,…", "The columns to predict from. By default lawsmith chooses them and says why.")
]
Group = Annotated[
    str | None,
    table(
        "COLUMN", "A column of labels, such as model families; each gets its own constants. `none`: one law for all."
    ),
]
Category = Annotated[list[str] | None, table("COLUMN,…", "Columns of labels that shift or scale one law.")]
Sigma = Annotated[str | None, table("COLUMN", "The column with the target's error in each row; rows count by it.")]
Ignore = Annotated[list[str] | None, table("COLUMN,…", "Columns to leave out.")]
Ranges = Annotated[list[str] | None, table("TARGET=LOW:HIGH", "The range of a target: loss=0: or acc=0:1.", "--range")]
Expect = Annotated[list[str] | None, table("SENTENCE", "What you know of the law: 'loss falls with N, D'.")]
Reach = Annotated[list[str] | None, table("FACTOR", "How far beyond the data you use the law: 10, or N=100.")]
DropIncomplete = Annotated[bool, table(None, "Leave out rows with gaps instead of columns.", "--drop-incomplete")]
Decimal = Annotated[str | None, table("CHAR", "Decimal mark of the file: . or ,")]
Thousands = Annotated[str | None, table("CHAR", "Thousands separator of the file, such as .")]
Test = Annotated[Path | None, table("FILE", "Rows that the search never sees. The chosen law is scored on them once.")]
Cap = Annotated[int | None, table("N", "The most constants that a law may have, per group and target.")]
KeepData = Annotated[
    bool,
    table(
        FLAG,
        "Keep the table's rows in the archive (the default), or leave them out; replays then need the file.",
        "--keep-data/--no-data",
        show_default=False,
    ),
]

TrustAll = Annotated[bool, table(FLAG, "Count every row in full, also outliers.", "--trust-all")]

AllowOpaque = Annotated[
    bool, limit(FLAG, "Let a law win that lawsmith cannot read; its law.py runs a model's code.", "--allow-opaque")
]

Form = Annotated[
    list[str] | None, search("FORMULA", "Fit a formula of your own beside the search, such as 'E + A/N^a + B/D^b'.")
]
HallOfFame = Annotated[
    Path | None,
    search("FILE", "Formulas that PySR or operon found (CSV, JSON). The search fits and judges them like all others."),
]
CatalogueFile = Annotated[
    Path | None,
    search("FILE", "Known laws of your field, with their sources (TOML). The search fits those that suit the table."),
]
Only = Annotated[bool, search(FLAG, "Fit only the formulas of --form, --hall-of-fame and --catalogue.", "--only")]

Model = Annotated[str | None, model("ID", "The model to ask. replay:RUN repeats the replies of a recorded run.")]
MaxCalls = Annotated[int | None, model("N", "The most model calls, all runs together.")]
MaxTokens = Annotated[int | None, model("N", "The most tokens, all runs together.")]
MaxUsd = Annotated[float | None, model("USD", "The most US dollars, all runs together.")]
BaseUrl = Annotated[str | None, model("URL", "The address of an OpenAI-compatible server, with /v1.")]
Temperature = Annotated[float | None, model("T", "The sampling temperature; 0.8 by default.")]
MaxReplyTokens = Annotated[int | None, model("N", "The most tokens of one reply; 4096 by default.")]
ContextTokens = Annotated[int | None, model("N", "The most tokens of prompt and reply together; 16096 by default.")]
InFlight = Annotated[int | None, model("N", "How many requests to send at a time; 8 by default.")]
RequestTimeout = Annotated[float | None, model("SECONDS", "How long to wait for a whole reply; 180 s by default.")]
EffortOfReasoning = Annotated[
    str | None, model("LEVEL", "How hard a reasoning model thinks: minimal, low, medium or high.", "--effort")
]
Config = Annotated[Path | None, model("FILE", "A file with models, sampling and prices; ./lawsmith.toml by default.")]

LimitWall = Annotated[float | None, limit("SECONDS", "The most elapsed time of one fit; 60 by default.")]
LimitCpu = Annotated[float | None, limit("SECONDS", "The most computing time of one fit; 30 by default.")]
LimitMemory = Annotated[
    int | None, limit("MIB", "The most memory of one fit, beyond the interpreter; 1024 by default.")
]
LimitOutput = Annotated[int | None, limit("KIB", "The most that a candidate may print; 64 by default.")]
LimitRows = Annotated[int | None, limit("N", "The most rows fitted and predicted at once; 5000000 by default.")]
LimitSource = Annotated[int | None, limit("KIB", "The longest source of a candidate; 64 by default.")]
LIMIT_FIELDS = {
    "limit_wall": ("wall_seconds", 1),
    "limit_cpu": ("cpu_seconds", 1),
    "limit_memory": ("memory_bytes", MIB),
    "limit_output": ("output_bytes", KIB),
    "limit_rows": ("rows", 1),
    "limit_source": ("source_bytes", KIB),
}
"""Option -> field of `lawsmith.sandbox.Limits`, and how many of its units one of the option is."""
