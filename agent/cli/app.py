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
@of.flat
def discover(
    context: typer.Context,
    asked: of.SearchOptions,
    table: of.TableOptions,
    model: of.ModelOptions,
    limits: of.LimitOptions,
) -> None:
    """Find a formula that explains a table of measurements and still holds beyond it.

    discover runs.csv --target loss

    discover sft --runs 5
    """
    if asked.quiet:
        from lawsmith.agent.cli.output import be_quiet

        be_quiet()
    if context.invoked_subcommand is not None:
        _refuse_stray_options(context)
        return
    if asked.version:
        print(f"discover {installed('lawsmith')}")
        return
    if asked.json_schema:
        from lawsmith.agent.cli import json_schema as schema
        from lawsmith.agent.cli.output import print_json

        print_json(schema.json_schema())
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
