"""`discover mcp`: the tools for other agents, on stdio or on loopback."""

import shlex
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.agents import CLIENT
from agent.cli.output import announce, shown, warn
from agent.cli.search import table, terminated_like_interrupted
from agent.job import Job, OwnTable
from tasks import InputError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer


def run(given: Mapping[str, Any]) -> None:
    """Serve until the client leaves or Ctrl-C; then tell which sessions are unfinished. Options are given by name."""
    if find_spec("mcp") is None:
        raise InputError("discover mcp needs the package mcp; install it with: pip install 'lawsmith[mcp]'.")
    from agent.mcp.desk import Bounds, Desk
    from agent.mcp.server import serve_stdio
    from agent.mcp.tools import build_server
    from sandbox import Sandbox

    workers, unsafe_local, http = given["workers"], given["unsafe_local"], given["http"]
    Job(agent=CLIENT, workers=workers).check()
    if unsafe_local:
        warn("--unsafe-local: candidates run unprotected where this machine can isolate nothing.")
    bounds = Bounds(**{name: given[name] for name in ("max_candidates", "max_sessions", "floor_seconds")})
    own = _own_table(given["data"], table(given))
    with (
        Sandbox(workers=workers, unsafe_local=unsafe_local) as sandbox,
        Desk(sandbox, given["runs_dir"], given["data_dir"], bounds, own) as desk,
    ):
        server = build_server(desk)
        if http is None:
            serve_stdio(server)
        else:
            _serve_http(server, http)
        for path in desk.unfinished():
            announce(f"Unfinished; end it with:\n  {shlex.join(['discover', 'resume', shown(path)])}")


def _serve_http(server: "MCPServer", port: int) -> None:
    from agent.mcp.server import serve_http

    try:
        with terminated_like_interrupted():
            serve_http(server, port, lambda url: announce(f"Serving {url} (Ctrl-C ends it)"))
    except KeyboardInterrupt:
        announce("Ended.")


def _own_table(data: Path | None, described: dict[str, Any]) -> OwnTable | None:
    if data is None:
        given = next((name for name, value in described.items() if value), None)
        if given is not None:
            raise InputError(f"--{given} describes a table of your own; name its file with --data.")
        return None
    if not described["target"]:
        raise InputError("--data needs --target: the name of the column to explain.")
    test = described["test"]
    files = {"train": str(data.resolve()), "test": None if test is None else str(test.resolve())}
    return OwnTable(**{**described, **files})
