"""The commands beside the main job. Each imports what it needs: `--help` is instant."""

from pathlib import Path
from typing import Annotated

import typer

from lawsmith.agent.cli import options as of
from lawsmith.agent.cli.app import app
from lawsmith.agent.cli.options import RUNS_DIR, Cluster, DataDir, Json, Reference, RunsDir

__all__ = ["app"]


@app.command()
def resume(run: Reference, runs_dir: RunsDir = RUNS_DIR, cluster: Cluster = None, json: Json = False) -> None:
    """Continue an interrupted command; nothing on record is evaluated or paid again."""
    from lawsmith.agent.cli import search

    search.resume(run, runs_dir, cluster, json)


@app.command()
def tasks(data_dir: DataDir = None, json: Json = False) -> None:
    """List the tasks, where their data is, and published scores."""
    from lawsmith.agent.cli import tasks

    tasks.show(data_dir, json)


@app.command()
def inspect(
    run: Annotated[str | None, typer.Argument(metavar="RUN", help="One archive in full.")] = None,
    runs_dir: RunsDir = RUNS_DIR,
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Only this task.")] = None,
    agent: Annotated[str | None, typer.Option(metavar="NAME", help="Only this agent.")] = None,
    sort: Annotated[str, typer.Option(metavar="KEY", help="r2, validation, seconds, cost or run.")] = "r2",
    diff: Annotated[
        tuple[str, str] | None, typer.Option(metavar="RUN RUN", help="What differs between two archives.")
    ] = None,
    json: Json = False,
) -> None:
    """List the archives; or show one: law, scores, constants, lineage, cost, failures."""
    from lawsmith.agent.cli import archives

    if diff is not None:
        archives.compare(*diff, runs_dir, json)
    elif run is not None:
        archives.show(run, runs_dir, json)
    else:
        archives.table(runs_dir, task, agent, sort, json)


@app.command()
def replay(
    run: Reference, data_dir: DataDir = None, runs_dir: RunsDir = RUNS_DIR, json: Json = False
) -> None:
    """Re-execute an archived law in the sandbox and compare every score."""
    from lawsmith.agent.cli import replay

    replay.run(run, data_dir, runs_dir, json)


@app.command()
def export(
    run: Reference,
    format: Annotated[
        str, typer.Option(metavar="FORMAT", help="law, latex, sympy, json or sldbench.")
    ] = "law",
    target: Annotated[
        Path | None, typer.Option("--out", metavar="PATH", help="Write to this file; for sldbench, a folder.")
    ] = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Print the law of an archive as Python, LaTeX, sympy or JSON, or write the folder that SLDBench scores."""
    from lawsmith.agent.cli import export

    export.run(run, format, target, runs_dir)


@app.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A law (.py), or a table of scores (CSV, JSON, Parquet).")
    ],
    task: Annotated[str | None, typer.Option(metavar="NAME", help="Of a law: the task it is for.")] = None,
    system: Annotated[str | None, typer.Option(metavar="NAME", help="Of a law: what made it.")] = None,
    model: Annotated[str | None, typer.Option(metavar="ID", help="Of a law: the model it used.")] = None,
    source: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Where it was published; the file's name.")
    ] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Archive what other systems found: a law, scored in the sandbox; or a table of their scores, as reported."""
    from lawsmith.agent.cli import importing

    importing.run(path, task, system, model, source, data_dir, runs_dir, json)


@app.command()
def mcp(
    http: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve HTTP on loopback instead of stdio; 0 takes a free port."),
    ] = None,
    max_candidates: Annotated[int, typer.Option(metavar="N", help="That a session may submit.")] = 200,
    max_sessions: Annotated[int, typer.Option(metavar="N", help="Open at a time.")] = 4,
    floor_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", help="Most of built-in search in one call.")
    ] = 30.0,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    workers: of.Workers = None,
    unsafe_local: of.UnsafeLocal = False,
    data: of.Data = None,
    target: of.Target = None,
    features: of.Features = None,
    group: of.Group = None,
    test: of.Test = None,
    cap: of.Cap = None,
) -> None:
    """Let other agents search: tools over the Model Context Protocol, every candidate archived.

    A table of your own is offered as one more task.
    """
    given = dict(locals())
    from lawsmith.agent.cli import mcp

    mcp.run(given)


@app.command()
def doctor(json: Json = False) -> None:
    """Show what this machine offers: isolation, processors, data, model endpoint."""
    from lawsmith.agent.cli import doctor

    doctor.show(json)


@app.command()
def predict(
    run: Reference,
    at: Annotated[list[str], typer.Option(metavar="N=7e10,D=2e12", help="A value for every feature.")],
    group: Annotated[str | None, typer.Option(metavar="NAME", help="One of the law's groups.")] = None,
    level: Annotated[float, typer.Option(metavar="SHARE", help="Of measurements inside.")] = 0.9,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Predict at a point, with an interval that grows beyond the data."""
    from lawsmith.agent.cli import predict

    predict.run(run, at, group, level, runs_dir, data_dir, json)


@app.command()
def report(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="The archive to report on.")] = None,
    site: Annotated[Path | None, typer.Option(metavar="DIR", help="A leaderboard of all archives.")] = None,
    output: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Instead of report.html in the archive.")
    ] = None,
    intervals: Annotated[
        bool, typer.Option(help="Refit the law for intervals of its constants.", show_default=False)
    ] = True,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Write one HTML page about a run; or with --site a leaderboard of all archives."""
    from lawsmith.agent.cli import report

    report.run(run, site, output, runs_dir, data_dir, intervals, json)


@app.command()
def serve(
    port: Annotated[int, typer.Option(metavar="N", help="0 takes a free one.")] = 8765,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Show the leaderboard and reports on this machine only; follows a run in progress."""
    from lawsmith.agent.cli import report

    report.serve(runs_dir, data_dir, port)


@app.command()
def init(
    table: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet or JSON lines.")],
    target: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN,…", help="What to explain; the last column.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a task.toml beside a table, to say what its columns mean."""
    from lawsmith.agent.cli import init, search

    init.run(table, search.columns(target), json)
