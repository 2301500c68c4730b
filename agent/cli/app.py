"""The command line: the main job with its options. A command imports what it needs: `--help` is instant."""

from importlib.metadata import version as installed

import typer

from lawsmith.agent.cli import options as of

EXIT = "Exit status: 0 success; 1 a run failed or a replay differs; 2 wrong usage or input; 130 interrupted."
app = typer.Typer(
    name="discover",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT,
)


@app.callback(invoke_without_command=True)
def discover(
    context: typer.Context,
    task: of.Task = None,
    data_dir: of.DataDir = None,
    runs_dir: of.RunsDir = of.RUNS_DIR,
    json: of.Json = False,
    json_schema: of.JsonSchema = False,
    version: of.Version = False,
    quiet: of.Quiet = False,
    open_: of.Open = False,
    runs: of.Runs = 1,
    agent: of.Agent = "auto",
    seed: of.Seed = 0,
    time_limit: of.TimeLimit = None,
    workers: of.Workers = None,
    unsafe_local: of.UnsafeLocal = False,
    cluster: of.Cluster = None,
    data: of.Data = None,
    target: of.Target = None,
    features: of.Features = None,
    group: of.Group = None,
    test: of.Test = None,
    cap: of.Cap = None,
    category: of.Category = None,
    sigma: of.Sigma = None,
    ignore: of.Ignore = None,
    ranges: of.Ranges = None,
    expect: of.Expect = None,
    reach: of.Reach = None,
    drop_incomplete: of.DropIncomplete = False,
    decimal: of.Decimal = None,
    thousands: of.Thousands = None,
    keep_data: of.KeepData = True,
    trust_all: of.TrustAll = False,
    allow_opaque: of.AllowOpaque = False,
    form: of.Form = None,
    hall_of_fame: of.HallOfFame = None,
    catalogue: of.CatalogueFile = None,
    only: of.Only = False,
    model: of.Model = None,
    max_calls: of.MaxCalls = None,
    max_tokens: of.MaxTokens = None,
    max_usd: of.MaxUsd = None,
    base_url: of.BaseUrl = None,
    temperature: of.Temperature = None,
    max_reply_tokens: of.MaxReplyTokens = None,
    context_tokens: of.ContextTokens = None,
    in_flight: of.InFlight = None,
    request_timeout: of.RequestTimeout = None,
    effort: of.EffortOfReasoning = None,
    config: of.Config = None,
    limit_wall: of.LimitWall = None,
    limit_cpu: of.LimitCpu = None,
    limit_memory: of.LimitMemory = None,
    limit_output: of.LimitOutput = None,
    limit_rows: of.LimitRows = None,
    limit_source: of.LimitSource = None,
) -> None:
    """Find a formula that explains a table of measurements and still holds beyond it.

    discover runs.csv --target loss

    discover sft --runs 5
    """
    given = dict(locals())
    if quiet:
        from lawsmith.agent.cli.output import be_quiet

        be_quiet()
    if context.invoked_subcommand is not None:
        _refuse_stray_options(context)
        return
    if version:
        print(f"discover {installed('lawsmith')}")
        return
    if json_schema:
        from lawsmith.agent.cli import json_schema as schema
        from lawsmith.agent.cli.output import print_json

        print_json(schema.json_schema())
        return
    from lawsmith.agent.cli import search

    search.run(given)


def _refuse_stray_options(context: typer.Context) -> None:
    """`discover --task sft inspect` would silently ignore what was asked."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = [name for name, source in sources.items() if source and source.name == "COMMANDLINE" and name != "quiet"]
    if given:
        from lawsmith.tasks import InputError

        option = given[0].replace("_", "-")
        raise InputError(f"Write --{option} after {context.invoked_subcommand!r}, if that command has this option.")
