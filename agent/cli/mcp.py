"""`discover mcp`: the tools for other agents, on stdio or on loopback."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lawsmith.agent.cli.options import TableOptions
from lawsmith.agent.cli.search import described, first_option, terminated_like_interrupted
from lawsmith.agent.command.job import Job, OwnTable
from lawsmith.agent.command.registry import CLIENT
from lawsmith.agent.terminal.output import announce, shown, warn
from lawsmith.sandbox import Sandbox
from lawsmith.tasks.errors import InputError, require

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def run(
    http: int | None,
    limits: Mapping[str, Any],
    runs_dir: Path,
    data_dir: Path | None,
    workers: int | None,
    unsafe_local: bool,
    table: TableOptions,
) -> None:
    """Serve until the client leaves or Ctrl-C; then tell which sessions are unfinished. limits: fields of `Bounds`.
    Raises InputError where the package mcp is missing."""
    require("mcp", "mcp", "discover mcp")
    from lawsmith.agent.mcp.server import serve_stdio
    from lawsmith.agent.mcp.sessions import Bounds, Sessions
    from lawsmith.agent.mcp.tools import build_server

    Job(agent=CLIENT, workers=workers).check()
    if unsafe_local:
        warn("--unsafe-local: candidates run unprotected where this machine can isolate nothing.")
    bounds, own = Bounds(**limits), _own_table(table)
    with (
        Sandbox(workers=workers, unsafe_local=unsafe_local) as sandbox,
        Sessions(sandbox, runs_dir, data_dir, bounds, own) as sessions,
    ):
        server = build_server(sessions)
        if http is None:
            serve_stdio(server)
        else:
            _serve_http(server, http)
        for path in sessions.unfinished():
            announce(f"Unfinished; end it with:\n  {shlex.join(['discover', 'resume', shown(path)])}")


def _serve_http(server: "MCPServer", port: int) -> None:
    from lawsmith.agent.mcp.server import serve_http

    try:
        with terminated_like_interrupted():
            serve_http(server, port, lambda url: announce(f"Serving {url} (Ctrl-C ends it)"))
    except KeyboardInterrupt:
        announce("Ended.")


def _own_table(table: TableOptions) -> OwnTable | None:
    own = described(table)
    if table.data is None:
        if (given := first_option(own)) is not None:
            raise InputError(f"{given} describes a table of your own; name its file with --data.")
        return None
    if not own.get("target"):
        raise InputError("--data needs --target: the name of the column to explain.")
    test = None if table.test is None else str(table.test.resolve())
    return OwnTable(**{**own, "train": str(table.data.resolve()), "test": test})
