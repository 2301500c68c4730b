"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the tasks' data.", metavar="DIR", show_default=False)
]
RunsDir = Annotated[Path, typer.Option(help="Folder of the archives.", metavar="DIR")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Reference = Annotated[
    str, typer.Argument(metavar="RUN", help="An archive: its path, its run id, or published/…")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Evaluate on this Dask scheduler (tcp://host:8786), or on a `local` one.",
        rich_help_panel="Search",
    ),
]

RUNS_DIR = Path("runs")
