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

RUNS_DIR = Path("runs")
