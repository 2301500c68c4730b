"""The two ways to reach the tools: stdio, and streamable HTTP on this machine's loopback address."""

import os
import signal
import socket
from collections.abc import Callable

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from lawsmith.agent.mcp.http_limits import Connection, LimitedSessions
from lawsmith.tasks import InputError

HOST = "127.0.0.1"
PATH = "/mcp"
MAX_BODY = 512 * 1024
"""Bytes of one HTTP request: a candidate's source, escaped, with room to spare."""
MAX_CONNECTIONS = 32  # at a time, so that strangers leave threads for the user's agent
ENDING = 8
"""Sessions that may be about to end beside the others."""
IDLE_SECONDS = 600.0
"""After so long without a request a session ends; its client opens another one and goes on."""


def serve_stdio(server: MCPServer) -> None:
    """Serve the client that started this process, until it closes our standard input.

    A signal ends the process at once: a reader of standard input cannot be interrupted, and what is on
    record is safe.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server.run("stdio")


def serve_http(server: MCPServer, port: int, ready: Callable[[str], None]) -> None:
    """Serve on loopback until interrupted; `ready` is told the address. Port 0 takes a free one.

    A request must name this address as its Host, and must not come from a web page (Origin): no
    page that a browser opens can reach the tools, whatever name it makes point here.

    Raises InputError when the port cannot be had.
    """
    with _listening(port) as listener:
        number = listener.getsockname()[1]
        security = TransportSecuritySettings(allowed_hosts=[f"{HOST}:{number}", f"localhost:{number}"])
        app = server.streamable_http_app(
            streamable_http_path=PATH,
            max_request_body_size=MAX_BODY,
            max_sessions=MAX_CONNECTIONS + ENDING,
            session_idle_timeout=IDLE_SECONDS,
            transport_security=security,
        )
        ready(f"http://{HOST}:{number}{PATH}")
        served = LimitedSessions(app, MAX_CONNECTIONS, os.getuid())
        config = uvicorn.Config(served, http=Connection, log_level="critical", timeout_graceful_shutdown=5)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    if not 0 <= port < 65536:
        raise InputError(f"--http {port} is no port; take one from 0 (any free one) to 65535.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # before the address is announced, so that nobody who reads it is refused
    except OSError as error:
        listener.close()
        raise InputError(f"Port {port} of {HOST} cannot be had ({error.strerror}); name another.") from None
    return listener
