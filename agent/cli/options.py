"""Every option that a search takes, and those that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

SEARCH, TABLE, MODEL = "Search", "A table of your own", "Language model"
LIMITS = "Limits of one candidate"
KIB, MIB = 1 << 10, 1 << 20

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the tasks' data.", metavar="DIR", show_default=False)
]
RunsDir = Annotated[Path, typer.Option(help="Folder of the archives.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Version = Annotated[bool, typer.Option("--version", help="Print the version and exit.")]
Reference = Annotated[
    str, typer.Argument(metavar="RUN", help="An archive: its path, its run id, or published/…")
]
RUNS_DIR = Path("runs")

Task = Annotated[
    str | None, typer.Option(metavar="NAME", help="Task to explain; `discover tasks` lists them.")
]
Runs = Annotated[int, typer.Option(metavar="N", help="Independent searches.", rich_help_panel=SEARCH)]
Agent = Annotated[
    str, typer.Option(metavar="NAME", help="auto, symbolic, refine or evolve.", rich_help_panel=SEARCH)
]
Seed = Annotated[int, typer.Option(metavar="S", help="Run k uses seed S + k - 1.", rich_help_panel=SEARCH)]
TimeLimit = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Of search, per run.", rich_help_panel=SEARCH)
]
Workers = Annotated[
    int | None, typer.Option(metavar="N", help="Candidates at a time; one per core.", rich_help_panel=SEARCH)
]
UnsafeLocal = Annotated[
    bool,
    typer.Option(
        "--unsafe-local", help="Run unprotected where nothing can be isolated.", rich_help_panel=SEARCH
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Evaluate on this Dask scheduler (tcp://host:8786), or on a `local` one.",
        rich_help_panel=SEARCH,
    ),
]

Data = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Training rows: CSV, Parquet or JSON lines.", rich_help_panel=TABLE),
]
Target = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN,…", help="What to explain.", rich_help_panel=TABLE)
]
Features = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN,…", help="What to explain it by; inferred.", rich_help_panel=TABLE),
]
Group = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Each value has its own constants.", rich_help_panel=TABLE),
]
Test = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Rows to score the chosen law on, once.", rich_help_panel=TABLE),
]
Cap = Annotated[
    int | None, typer.Option(metavar="N", help="Most constants per group and target.", rich_help_panel=TABLE)
]

KeepData = Annotated[
    bool,
    typer.Option(
        "--keep-data/--no-data",
        show_default=False,
        help="Keep the table's rows in the archive (the default), or leave them out; replays then need the file.",
        rich_help_panel=TABLE,
    ),
]

Model = Annotated[
    str | None,
    typer.Option(
        metavar="ID", help="Model to ask; replay:RUN repeats a recorded run.", rich_help_panel=MODEL
    ),
]
MaxCalls = Annotated[
    int | None, typer.Option(metavar="N", help="For all runs together.", rich_help_panel=MODEL)
]
MaxTokens = Annotated[
    int | None, typer.Option(metavar="N", help="For all runs together.", rich_help_panel=MODEL)
]
MaxUsd = Annotated[
    float | None, typer.Option(metavar="USD", help="For all runs together.", rich_help_panel=MODEL)
]
BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Of an OpenAI-compatible server, with /v1.", rich_help_panel=MODEL),
]
Temperature = Annotated[
    float | None, typer.Option(metavar="T", help="Of sampling; 0.8.", rich_help_panel=MODEL)
]
MaxReplyTokens = Annotated[
    int | None, typer.Option(metavar="N", help="Of one reply; 4096.", rich_help_panel=MODEL)
]
ContextTokens = Annotated[
    int | None,
    typer.Option(metavar="N", help="Most of prompt and reply together; 16096.", rich_help_panel=MODEL),
]
InFlight = Annotated[
    int | None, typer.Option(metavar="N", help="Requests at a time; 8.", rich_help_panel=MODEL)
]
RequestTimeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Until a whole reply is there; 180.", rich_help_panel=MODEL),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Models, sampling and prices; ./lawsmith.toml.", rich_help_panel=MODEL),
]

LimitWall = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Elapsed, of one fit; 60.", rich_help_panel=LIMITS)
]
LimitCpu = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Computing, of one fit; 30.", rich_help_panel=LIMITS)
]
LimitMemory = Annotated[
    int | None, typer.Option(metavar="MIB", help="Beyond the interpreter; 1024.", rich_help_panel=LIMITS)
]
LimitOutput = Annotated[int | None, typer.Option(metavar="KIB", help="Printed; 64.", rich_help_panel=LIMITS)]
LimitRows = Annotated[
    int | None,
    typer.Option(metavar="N", help="Fitted and predicted at once; 5000000.", rich_help_panel=LIMITS),
]
LimitSource = Annotated[
    int | None, typer.Option(metavar="KIB", help="Of source code; 64.", rich_help_panel=LIMITS)
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
