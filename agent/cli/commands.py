"""The command line: the main job, and the commands beside it. Each imports what it needs: `--help` is instant."""

from functools import partial
from importlib.metadata import version as installed
from pathlib import Path
from typing import Annotated

import typer

from lawsmith.agent.cli import options as of
from lawsmith.agent.cli.options import RUNS_DIR, Cluster, DataDir, Json, LawId, Reference, RunsDir, Trust

EXIT = "Exit status: 0 success; 1 a run failed or a replay differs; 2 wrong usage or input; 130 interrupted."
app = typer.Typer(
    name="discover",
    cls=of.GroupHelp,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT,
)


@app.callback(invoke_without_command=True)
@of.flat
def discover(
    context: typer.Context,
    table: of.TableOptions,
    asked: of.SearchOptions,
    model: of.ModelOptions,
    limits: of.LimitOptions,
) -> None:
    """Find a formula that explains a table of measurements and still holds beyond it.

    discover runs.csv --target loss

    discover sft --runs 5
    """
    if asked.quiet:
        from lawsmith.agent.terminal.output import be_quiet

        be_quiet()
    if context.invoked_subcommand is not None:
        _refuse_stray_options(context)
        return
    if asked.version:
        print(f"discover {installed('lawsmith')}")
        return
    if asked.json_schema:
        print(Path(__file__).with_name("json-schema.json").read_text("utf-8"), end="")
        return
    from lawsmith.agent.cli import search

    search.run(asked, table, model, limits)


def _refuse_stray_options(context: typer.Context) -> None:
    """`discover --task sft inspect` would silently ignore what was asked."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE" and name != "quiet"]
    if given:
        from lawsmith.tasks import InputError

        option = given[0].replace("_", "-")
        raise InputError(f"Write --{option} after {context.invoked_subcommand!r}, if that command has this option.")


command = partial(app.command, cls=of.CommandHelp)
Level = Annotated[float, of.option("P", "The probability that the interval holds, between 0 and 1.")]
GroupName = Annotated[str | None, of.option("NAME", "Predict for this group only; by default for all of them.")]


@command()
def predict(
    run: Reference,
    at: Annotated[
        list[str] | None, of.option("N=70B,D=2e12", "Predict at this point: a value for each feature of the formula.")
    ] = None,
    rows: Annotated[Path | None, of.option("FILE", "Predict every row of this table instead.")] = None,
    output: Annotated[
        Path | None, of.option("FILE", "Write the predictions of --rows to this CSV file.", "--out")
    ] = None,
    group: GroupName = None,
    level: Level = 0.9,
    law: LawId = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Predict with the law of a run, with intervals that grow beyond the data."""
    from lawsmith.agent.cli import predict_command
    from lawsmith.runs.laws.law import Law

    predict_command.check(at, rows, output, level)
    found = Law.open(run, runs_dir, law)
    if rows is None:
        predict_command.at_point(found, at or [], group, level, data_dir, json)
    else:
        predict_command.for_rows(found, rows, group, level, data_dir, output, json)


@command()
def optimum(
    run: Reference,
    budget: Annotated[
        str | None,
        of.option("'6*N*D=1e24'", "The budget: an expression of the features, and its value. No budget by default."),
    ] = None,
    at: Annotated[list[str] | None, of.option("LR=1e-3", "Fix features of the formula; all others are free.")] = None,
    target: Annotated[str | None, of.option("COLUMN", "The target to minimize, if several.")] = None,
    maximize: Annotated[bool, of.option(None, "Maximize the target instead of minimizing it.", "--maximize")] = False,
    group: Annotated[str | None, of.option("NAME", "Use the constants of this group.")] = None,
    law: LawId = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Find the best values of the features, with or without a budget, with intervals."""
    from lawsmith.agent.cli import optimum_command

    asked = optimum_command.what_is_asked(run, runs_dir, law, target, group)
    optimum_command.best(asked, budget, at or [], maximize, data_dir, json)


@command()
def invert(
    run: Reference,
    target: Annotated[str, of.option("loss=2.1", "The target and the value to reach.")],
    solve: Annotated[str, of.option("FEATURE", "The feature to solve for.")],
    at: Annotated[list[str] | None, of.option("D=2e12", "Fix the other features of the formula.")] = None,
    group: Annotated[str | None, of.option("NAME", "Use the constants of this group.")] = None,
    law: LawId = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Find the value of a feature at which the law reaches a target, with an interval."""
    from lawsmith.agent.cli import optimum_command

    name = target.rpartition("=")[0].strip() or None
    asked = optimum_command.what_is_asked(run, runs_dir, law, name, group)
    optimum_command.solve(asked, target, solve, at or [], data_dir, json)


@command()
def report(
    run: Annotated[str | None, of.run_argument("The run to report on.")] = None,
    site: Annotated[Path | None, of.option("DIR", "Write pages about all runs into this folder instead.")] = None,
    output: Annotated[
        Path | None, of.option("FILE", "Write the page here instead of report.html in the archive.", "--out")
    ] = None,
    intervals: Annotated[
        bool,
        of.option(None, "Refit the law to measure intervals (the default), or leave them out.", show_default=False),
    ] = True,
    open_: of.Open = False,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Write one HTML page about a run: formula, picture, intervals, rivals."""
    from lawsmith.agent.cli import report_command

    report_command.run(run, site, output, runs_dir, data_dir, intervals, json, open_)


@command("open")
def open_(
    run: Annotated[str, of.run_argument("The run to look at.")] = "latest",
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Open the page about a run in a browser; the latest run by default."""
    from lawsmith.agent.cli import report_command

    report_command.show(run, runs_dir, data_dir)


@command()
def laws(
    run: Reference,
    pick: Annotated[str | None, of.option("ID", "Use this law of the run from now on; `chosen` undoes it.")] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """List the laws of a run with their formulas, errors and numbers of constants."""
    from lawsmith.agent.cli import law_commands

    law_commands.laws(run, pick, runs_dir, data_dir, json)


@command()
def inspect(
    run: Annotated[str | None, of.run_argument("Show this run in full.")] = None,
    runs_dir: RunsDir = RUNS_DIR,
    task: Annotated[str | None, of.option("NAME", "List the runs of this task only.")] = None,
    agent: Annotated[str | None, of.option("NAME", "List the runs of this agent only.")] = None,
    sort: Annotated[str, of.option("KEY", "Sort by r2, validation, seconds, cost or run.")] = "r2",
    diff: Annotated[tuple[str, str] | None, of.option("RUN RUN", "Show what differs between two runs.")] = None,
    json: Json = False,
) -> None:
    """List all runs, or show one: law, scores, constants, lineage, cost, failures."""
    from lawsmith.agent.cli import archives

    if diff is not None:
        archives.compare(*diff, runs_dir, json)
    elif run is not None:
        archives.show(run, runs_dir, json)
    else:
        archives.table(runs_dir, task, agent, sort, json)


@command()
def export(
    run: Reference,
    format: Annotated[
        str, of.option("FORMAT", "The format: law (or python), latex, sympy, json, uncertainties or sldbench.")
    ] = "law",
    target: Annotated[
        Path | None, of.option("PATH", "Write to this file (for sldbench: folder) instead of stdout.", "--out")
    ] = None,
    law: LawId = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Write the law of a run as Python, LaTeX, sympy or JSON, or as the folder that SLDBench scores."""
    from lawsmith.agent.cli import law_commands

    law_commands.export(run, format, target, runs_dir, law)


@command()
def resume(
    run: Reference,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    cluster: Cluster = None,
    trust: Trust = False,
    json: Json = False,
) -> None:
    """Continue an interrupted search. lawsmith fits and pays for nothing twice."""
    from lawsmith.agent.cli import search

    search.resume(run, runs_dir, data_dir, cluster, trust, json)


@command()
def replay(run: Reference, data_dir: DataDir = None, runs_dir: RunsDir = RUNS_DIR, json: Json = False) -> None:
    """Execute the law of a run again and compare every score with the archived one."""
    from lawsmith.agent.cli import law_commands

    law_commands.replay(run, runs_dir, data_dir, json)


@command()
def serve(
    port: Annotated[int, of.option("N", "Listen on this port; 0 takes a free one.")] = 8765,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Show the reports in a browser on this machine, and follow a search in progress."""
    from lawsmith.agent.cli import report_command

    report_command.serve(runs_dir, data_dir, port)


@command()
def tasks(data_dir: DataDir = None, json: Json = False) -> None:
    """List the benchmark tasks, where their data is, and published scores."""
    from lawsmith.agent.cli import tasks

    tasks.show(data_dir, json)


@command()
def init(
    table: Annotated[Path, typer.Argument(metavar="FILE", help="The table: CSV, Parquet, JSON or Excel.")],
    target: Annotated[
        list[str] | None, of.option("COLUMN,…", "The column to predict; the last one by default.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a task.toml beside a table, in which you can describe its columns."""
    from lawsmith.agent.cli import init, search

    init.run(table, search.columns(target), json)


@command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(metavar="FILE", help="A law (.py), or a table of scores (CSV, JSON, Parquet).")
    ],
    task: Annotated[str | None, of.option("NAME", "The task that the law is for.")] = None,
    system: Annotated[str | None, of.option("NAME", "The system that made the law.")] = None,
    model: Annotated[str | None, of.option("ID", "The model that the system used.")] = None,
    source: Annotated[str | None, of.option("TEXT", "Where it was published; by default the file's name.")] = None,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    json: Json = False,
) -> None:
    """Archive results of other systems: a law, which lawsmith scores, or a table of reported scores."""
    from lawsmith.agent.cli import importing

    importing.run(path, task, system, model, source, runs_dir, data_dir, json)


@command()
@of.flat
def mcp(
    http: Annotated[
        int | None, of.option("PORT", "Serve HTTP on loopback instead of stdio; 0 takes a free port.")
    ] = None,
    max_candidates: Annotated[int, of.option("N", "The most candidates that one session may submit.")] = 200,
    max_sessions: Annotated[int, of.option("N", "The most sessions open at a time.")] = 4,
    floor_seconds: Annotated[
        float, of.option("SECONDS", "The longest built-in search that one call may request.")
    ] = 30.0,
    data_dir: DataDir = None,
    runs_dir: RunsDir = RUNS_DIR,
    workers: of.Workers = None,
    unsafe_local: of.UnsafeLocal = False,
    *,
    table: of.TableOptions,
) -> None:
    """Let other agents search through the Model Context Protocol; every candidate is archived.

    With --data, your own table is one more task.
    """
    from lawsmith.agent.cli import mcp

    limits = {"max_candidates": max_candidates, "max_sessions": max_sessions, "floor_seconds": floor_seconds}
    mcp.run(http, limits, runs_dir, data_dir, workers, unsafe_local, table)


@command()
def doctor(
    verbose: Annotated[bool, of.option(None, "List every test of the isolation.", "--verbose", "-v")] = False,
    model: Annotated[
        str | None, of.option("ID", "Check this model's endpoint with one cheap call, instead of this machine.")
    ] = None,
    base_url: of.BaseUrl = None,
    config: of.Config = None,
    json: Json = False,
) -> None:
    """Say whether this machine can search: isolation, processors, data, model endpoint."""
    from lawsmith.agent.cli import doctor_command

    if model is not None:
        doctor_command.show_model(model, base_url, config, json)
    else:
        doctor_command.show(json, verbose)
