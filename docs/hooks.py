"""Fills docs/commands.md from the command line's own declarations when mkdocs builds the site."""

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from lawsmith.agent.cli.commands import app

PLACE = "<!-- commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """mkdocs calls this for every page; only one has the place."""
    return markdown.replace(PLACE, commands()) if PLACE in markdown else markdown


def commands() -> str:
    """Every command with its help and its options, as Markdown."""
    main: Any = get_command(app)
    parts = [("discover", main), *((f"discover {name}", command) for name, command in main.commands.items())]
    return "\n".join(line for name, command in parts for line in _described(name, command))


def _described(name: str, command: Any) -> Iterator[str]:
    """One command: a heading, its help, and its options as a table."""
    arguments = [
        p.metavar if p.required else f"[{p.metavar}]" for p in command.params if p.param_type_name == "argument"
    ]
    yield from (f"\n## {name}\n", f"    {' '.join([name, *arguments])}\n" if arguments else "")
    for line in (command.help or "").splitlines():
        yield f"    {line}" if line.startswith("discover ") else line
    yield from ("", "| option | what it does |", "| --- | --- |")
    for option in command.params:
        if option.param_type_name == "option" and not option.hidden:
            names = ", ".join((*option.opts, *option.secondary_opts))
            value = "" if option.is_flag or not option.metavar else f" {option.metavar}"
            said = " ".join((option.help or "").split()).replace("|", "\\|")
            yield f"| `{names}{value}` | {said} |"
