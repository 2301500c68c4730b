"""The command line: options and commands. A command imports what it needs: `--help` is instant."""

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.options import RUNS_DIR, Cluster, DataDir, Json, Reference, RunsDir

KIB, MIB = 1 << 10, 1 << 20

app = typer.Typer(name="discover", add_completion=False, pretty_exceptions_enable=False)

_SEARCH, _TABLE, _MODEL = "Search", "A table of your own", "Language model"
_LIMITS = "Limits of one candidate"


@app.callback(invoke_without_command=True)
def discover(
    context: typer.Context,
    task: Annotated[
        str | None, typer.Option(metavar="NAME", help="Task to explain; `discover tasks` lists them.")
    ] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    runs: Annotated[
        int, typer.Option(metavar="N", help="Independent searches.", rich_help_panel=_SEARCH)
    ] = 1,
    agent: Annotated[
        str, typer.Option(metavar="NAME", help="auto, symbolic, refine or evolve.", rich_help_panel=_SEARCH)
    ] = "auto",
    seed: Annotated[
        int, typer.Option(metavar="S", help="Run k uses seed S + k - 1.", rich_help_panel=_SEARCH)
    ] = 0,
    time_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Of search, per run.", rich_help_panel=_SEARCH)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Candidates at a time; one per core.", rich_help_panel=_SEARCH),
    ] = None,
    unsafe_local: Annotated[
        bool,
        typer.Option(
            "--unsafe-local", help="Run unprotected where nothing can be isolated.", rich_help_panel=_SEARCH
        ),
    ] = False,
    cluster: Cluster = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Training rows: CSV, Parquet or JSON lines.", rich_help_panel=_TABLE
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN,…", help="What to explain.", rich_help_panel=_TABLE),
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN,…", help="What to explain it by; inferred.", rich_help_panel=_TABLE),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Each value has its own constants.", rich_help_panel=_TABLE),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Rows to score the chosen law on, once.", rich_help_panel=_TABLE),
    ] = None,
    cap: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most constants per group and target.", rich_help_panel=_TABLE),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID", help="Model to ask; replay:RUN repeats a recorded run.", rich_help_panel=_MODEL
        ),
    ] = None,
    max_calls: Annotated[
        int | None, typer.Option(metavar="N", help="For all runs together.", rich_help_panel=_MODEL)
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="For all runs together.", rich_help_panel=_MODEL)
    ] = None,
    max_usd: Annotated[
        float | None, typer.Option(metavar="USD", help="For all runs together.", rich_help_panel=_MODEL)
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of an OpenAI-compatible server, with /v1.", rich_help_panel=_MODEL),
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="Of sampling; 0.8.", rich_help_panel=_MODEL)
    ] = None,
    max_reply_tokens: Annotated[
        int | None, typer.Option(metavar="N", help="Of one reply; 4096.", rich_help_panel=_MODEL)
    ] = None,
    context_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most of prompt and reply together; 16096.", rich_help_panel=_MODEL),
    ] = None,
    in_flight: Annotated[
        int | None, typer.Option(metavar="N", help="Requests at a time; 8.", rich_help_panel=_MODEL)
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Models, sampling and prices; ./lawsmith.toml.", rich_help_panel=_MODEL
        ),
    ] = None,
    limit_wall: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Elapsed, of one fit; 60.", rich_help_panel=_LIMITS),
    ] = None,
    limit_cpu: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Computing, of one fit; 30.", rich_help_panel=_LIMITS),
    ] = None,
    limit_memory: Annotated[
        int | None,
        typer.Option(metavar="MIB", help="Beyond the interpreter; 1024.", rich_help_panel=_LIMITS),
    ] = None,
    limit_output: Annotated[
        int | None, typer.Option(metavar="KIB", help="Printed; 64.", rich_help_panel=_LIMITS)
    ] = None,
    limit_rows: Annotated[
        int | None,
        typer.Option(metavar="N", help="Fitted and predicted at once; 5000000.", rich_help_panel=_LIMITS),
    ] = None,
    limit_source: Annotated[
        int | None, typer.Option(metavar="KIB", help="Of source code; 64.", rich_help_panel=_LIMITS)
    ] = None,
) -> None:
    """Discover laws from measurements: compact formulas that hold beyond the data they were fitted on.

    discover --task sft --runs 5

    discover --data train.csv --target loss
    """
    if context.invoked_subcommand is not None:
        _refuse_stray_options(context)
        return
    from agent.cli import search

    if version:
        search.print_version()
        return
    search.run(
        task,
        data,
        table=search.table(target, features, group, test, cap),
        settings={
            "runs": runs,
            "agent": agent,
            "model": model,
            "seed": seed,
            "time_limit": time_limit,
            "max_calls": max_calls,
            "max_tokens": max_tokens,
            "max_usd": max_usd,
            "workers": workers,
            "unsafe_local": unsafe_local,
            "cluster": cluster,
            "data_dir": data_dir,
            "runs_dir": runs_dir,
        },
        options={
            "config": config,
            "base_url": base_url,
            "temperature": temperature,
            "max_reply_tokens": max_reply_tokens,
            "context_tokens": context_tokens,
            "in_flight": in_flight,
        },
        limits={
            "wall_seconds": limit_wall,
            "cpu_seconds": limit_cpu,
            "memory_bytes": limit_memory and limit_memory * MIB,
            "output_bytes": limit_output and limit_output * KIB,
            "rows": limit_rows,
            "source_bytes": limit_source and limit_source * KIB,
        },
        as_json=json,
    )


def _refuse_stray_options(context: typer.Context) -> None:
    """`discover --task sft inspect` would silently ignore what was asked."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE"]
    if given:
        from tasks import InputError

        option = given[0].replace("_", "-")
        raise InputError(f"--{option} goes after the command {context.invoked_subcommand!r}, if it has it.")


@app.command()
def resume(run: Reference, runs_dir: RunsDir = RUNS_DIR, cluster: Cluster = None, json: Json = False) -> None:
    """Continue an interrupted command; nothing on record is evaluated or paid again."""
    from agent.cli import search

    search.resume(run, runs_dir, cluster, json)


@app.command()
def tasks(data_dir: DataDir = None, json: Json = False) -> None:
    """List the tasks, where their data is, and published scores."""
    from agent.cli import tasks

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
    from agent.cli import archives

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
    from agent.cli import replay

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
    from agent.cli import export

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
    from agent.cli import importing

    importing.run(path, task, system, model, source, data_dir, runs_dir, json)


@app.command()
def mcp(
    http: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Serve HTTP on loopback instead of stdio; 0 takes a free port."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A table of your own, offered as one more task.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option(metavar="COLUMN,…", help="What to explain.")] = None,
    features: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN,…", help="What to explain it by; inferred.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Each value has its own constants.")
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Rows to score the chosen law on, once.")
    ] = None,
    cap: Annotated[int | None, typer.Option(metavar="N", help="Most constants per group and target.")] = None,
    max_candidates: Annotated[int, typer.Option(metavar="N", help="That a session may submit.")] = 200,
    max_sessions: Annotated[int, typer.Option(metavar="N", help="Open at a time.")] = 4,
    floor_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", help="Most of built-in search in one call.")
    ] = 30.0,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Candidates at a time; one per core.")
    ] = None,
    unsafe_local: Annotated[
        bool, typer.Option("--unsafe-local", help="Run unprotected where nothing can be isolated.")
    ] = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Let other agents search: tools over the Model Context Protocol, every candidate archived."""
    from agent.cli import mcp, search

    mcp.run(
        http,
        data,
        table=search.table(target, features, group, test, cap),
        bounds={
            "max_candidates": max_candidates,
            "max_sessions": max_sessions,
            "floor_seconds": floor_seconds,
        },
        workers=workers,
        unsafe_local=unsafe_local,
        data_dir=data_dir,
        runs_dir=runs_dir,
    )


@app.command()
def doctor(json: Json = False) -> None:
    """Show what this machine offers: isolation, processors, data, model endpoint."""
    from agent.cli import doctor

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
    from agent.cli import predict

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
    from agent.cli import report

    report.run(run, site, output, runs_dir, data_dir, intervals, json)


@app.command()
def serve(
    port: Annotated[int, typer.Option(metavar="N", help="0 takes a free one.")] = 8765,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Show the leaderboard and reports on this machine only; follows a run in progress."""
    from agent.cli import report

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
    from agent.cli import init, search

    init.run(table, search.columns(target), json)
