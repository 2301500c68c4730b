"""Every option that a search takes, and those that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

SEARCH, TABLE, MODEL = "Search", "A table of your own", "Language model"
LIMITS = "Limits of one candidate"
KIB, MIB = 1 << 10, 1 << 20
FLAG = " "
"""The value that the help shows for a flag: none."""


def complete_run(incomplete: str) -> list[str]:
    """Names of runs for the shell's completion."""
    from lawsmith.runs.find import addresses

    ends = [
        address if "published" in address else address.rpartition("/")[2] for address in addresses(RUNS_DIR)
    ]
    return [name for name in ("latest", *ends) if name.startswith(incomplete)]


def complete_task(incomplete: str) -> list[str]:
    """Names of tasks for the shell's completion."""
    from lawsmith.tasks import names

    return [name for name in names() if name.startswith(incomplete)]


RUNS_DIR = Path("runs")
DataDir = Annotated[
    Path | None,
    typer.Option(
        help="The folder that holds the data of the benchmark tasks.", metavar="DIR", show_default=False
    ),
]
RunsDir = Annotated[Path, typer.Option(help="The folder that the runs are kept in.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print one JSON object on stdout.")]
Version = Annotated[bool, typer.Option("--version", "-V", metavar=FLAG, help="Print the version and exit.")]
JsonSchema = Annotated[
    bool,
    typer.Option(
        "--json-schema", metavar=FLAG, help="Print the JSON Schema of what --json prints, and exit."
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", metavar=FLAG, help="Print results and warnings only, no progress."),
]
Open = Annotated[bool, typer.Option("--open", metavar=FLAG, help="Open the report in a browser at the end.")]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run: its id, the beginning of it, the name of its task, its folder, `latest`, or published/…",
        autocompletion=complete_run,
    ),
]
LawId = Annotated[
    str | None,
    typer.Option(
        "--law",
        metavar="ID",
        help="Take this law of the run's table (see `discover laws`) instead of its chosen one.",
    ),
]

Task = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The benchmark task to explain. `discover tasks` lists them; `discover NAME` is the same.",
        autocompletion=complete_task,
    ),
]
Runs = Annotated[
    int, typer.Option(metavar="N", help="How many independent searches to make.", rich_help_panel=SEARCH)
]
Agent = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Who proposes formulas: symbolic (no model); analyst, evolve or refine (a language model); or auto.",
        rich_help_panel=SEARCH,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="S", help="The seed of the first run; run k uses S + k - 1.", rich_help_panel=SEARCH
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="End the search of each run after this time.", rich_help_panel=SEARCH
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many formulas to fit at a time; by default one per core.",
        rich_help_panel=SEARCH,
    ),
]
UnsafeLocal = Annotated[
    bool,
    typer.Option(
        "--unsafe-local",
        metavar=FLAG,
        help="Run candidates unprotected where this machine cannot isolate them.",
        rich_help_panel=SEARCH,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Fit on this Dask scheduler (tls://host:8786), or on a `local` one.",
        rich_help_panel=SEARCH,
    ),
]
Trust = Annotated[
    bool,
    typer.Option("--trust", help="Do as the archive says, also if you did not begin it on this machine."),
]

Data = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The table to learn from: CSV, Parquet, JSON or Excel; - reads stdin. `discover FILE` is the same.",
        rich_help_panel=TABLE,
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN,…", help="The column, or columns, to predict.", rich_help_panel=TABLE),
]
Features = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN,…",
        help="The columns to predict from. By default lawsmith decides, and says why.",
        rich_help_panel=TABLE,
    ),
]
Group = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="The column whose every value (a model family, say) gets constants of its own; `none` for one law.",
        rich_help_panel=TABLE,
    ),
]
Category = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN,…", help="Labels that shift the law, such as codes.", rich_help_panel=TABLE),
]
Sigma = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="Error of the target in each row; rows count by it.", rich_help_panel=TABLE
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN,…", help="Columns to leave out.", rich_help_panel=TABLE)
]
Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="TARGET=LOW:HIGH",
        help="Where a target stays: loss=0: or acc=0:1.",
        rich_help_panel=TABLE,
    ),
]
Expect = Annotated[
    list[str] | None,
    typer.Option(metavar="SENTENCE", help="What is known: 'loss falls with N, D'.", rich_help_panel=TABLE),
]
Reach = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FACTOR",
        help="How far beyond the data the law is used: 10 times, or N=100.",
        rich_help_panel=TABLE,
    ),
]
DropIncomplete = Annotated[
    bool,
    typer.Option(
        "--drop-incomplete", help="Leave out rows with gaps instead of columns.", rich_help_panel=TABLE
    ),
]
Decimal = Annotated[
    str | None, typer.Option(metavar="CHAR", help="Decimal mark of the file: . or ,", rich_help_panel=TABLE)
]
Thousands = Annotated[
    str | None,
    typer.Option(metavar="CHAR", help="Thousands separator of the file, such as .", rich_help_panel=TABLE),
]
Test = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Rows that the search never sees. The chosen law is scored on them once.",
        rich_help_panel=TABLE,
    ),
]
Cap = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="The most constants that a law may have, per group and target.",
        rich_help_panel=TABLE,
    ),
]
KeepData = Annotated[
    bool,
    typer.Option(
        "--keep-data/--no-data",
        metavar=FLAG,
        show_default=False,
        help="Keep the table's rows in the archive (the default), or leave them out; replays then need the file.",
        rich_help_panel=TABLE,
    ),
]

TrustAll = Annotated[
    bool,
    typer.Option(
        "--trust-all",
        metavar=FLAG,
        help="Count every row in full, also rows that the leading laws do not believe.",
        rich_help_panel=TABLE,
    ),
]

AllowOpaque = Annotated[
    bool,
    typer.Option(
        "--allow-opaque",
        metavar=FLAG,
        help="Let a law win that nobody can read: its law.py runs the code that a model wrote.",
        rich_help_panel=LIMITS,
    ),
]

Form = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FORMULA",
        help="Fit a formula of your own beside the search, such as 'E + A/N^a + B/D^b'.",
        rich_help_panel=SEARCH,
    ),
]
HallOfFame = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Formulas that PySR or operon found (CSV, JSON); they are fitted and judged like all others.",
        rich_help_panel=SEARCH,
    ),
]
Only = Annotated[
    bool,
    typer.Option(
        "--only", metavar=FLAG, help="Fit nothing but --form and --hall-of-fame.", rich_help_panel=SEARCH
    ),
]

Model = Annotated[
    str | None,
    typer.Option(
        metavar="ID",
        help="The model to ask. replay:RUN repeats the replies of a recorded run.",
        rich_help_panel=MODEL,
    ),
]
MaxCalls = Annotated[
    int | None,
    typer.Option(metavar="N", help="The most calls of all runs together.", rich_help_panel=MODEL),
]
MaxTokens = Annotated[
    int | None,
    typer.Option(metavar="N", help="The most tokens of all runs together.", rich_help_panel=MODEL),
]
MaxUsd = Annotated[
    float | None,
    typer.Option(metavar="USD", help="The most dollars of all runs together.", rich_help_panel=MODEL),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="The address of an OpenAI-compatible server, with /v1.", rich_help_panel=MODEL
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(metavar="T", help="The sampling temperature; 0.8 by default.", rich_help_panel=MODEL),
]
MaxReplyTokens = Annotated[
    int | None,
    typer.Option(metavar="N", help="The most tokens of one reply; 4096 by default.", rich_help_panel=MODEL),
]
ContextTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="The most tokens of prompt and reply together; 16096 by default.",
        rich_help_panel=MODEL,
    ),
]
InFlight = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="How many requests to send at a time; 8 by default.", rich_help_panel=MODEL
    ),
]
RequestTimeout = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="How long to wait for a whole reply; 180 s by default.", rich_help_panel=MODEL
    ),
]
EffortOfReasoning = Annotated[
    str | None,
    typer.Option(
        "--effort",
        metavar="LEVEL",
        help="How hard a reasoning model thinks: minimal, low, medium or high.",
        rich_help_panel=MODEL,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A file with models, sampling and prices; ./lawsmith.toml by default.",
        rich_help_panel=MODEL,
    ),
]

LimitWall = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="The most elapsed time of one fit; 60 by default.", rich_help_panel=LIMITS
    ),
]
LimitCpu = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="The most computing time of one fit; 30 by default.", rich_help_panel=LIMITS
    ),
]
LimitMemory = Annotated[
    int | None,
    typer.Option(
        metavar="MIB",
        help="The most memory of one fit, beyond the interpreter; 1024 by default.",
        rich_help_panel=LIMITS,
    ),
]
LimitOutput = Annotated[
    int | None,
    typer.Option(
        metavar="KIB", help="The most that a candidate may print; 64 by default.", rich_help_panel=LIMITS
    ),
]
LimitRows = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="The most rows fitted and predicted at once; 5000000 by default.",
        rich_help_panel=LIMITS,
    ),
]
LimitSource = Annotated[
    int | None,
    typer.Option(
        metavar="KIB", help="The longest source of a candidate; 64 by default.", rich_help_panel=LIMITS
    ),
]
LIMIT_FIELDS = {
    "limit_wall": ("wall_seconds", 1),
    "limit_cpu": ("cpu_seconds", 1),
    "limit_memory": ("memory_bytes", MIB),
    "limit_output": ("output_bytes", KIB),
    "limit_rows": ("rows", 1),
    "limit_source": ("source_bytes", KIB),
}
"""Option -> field of `lawsmith.sandbox.Limits`, and how many of its units one of the option is."""
