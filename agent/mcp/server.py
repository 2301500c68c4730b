"""The two ways to reach the tools: stdio, and streamable HTTP on this machine's loopback address.

Over HTTP only processes of the user who started the server, and of root, are served. No request depends on an earlier
one: a search is named by `start`, and each call names it, also to a server that was started anew.
"""

import asyncio
import signal
import socket
from collections.abc import Callable

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from uvicorn.protocols.http.h11_impl import H11Protocol

from lawsmith.runs.loopback import is_own
from lawsmith.tasks import InputError

HOST = "127.0.0.1"
PATH = "/mcp"
MAX_BODY = 512 * 1024
"""Bytes of one HTTP request: a candidate's source, escaped, with room to spare."""


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
            streamable_http_path=PATH, stateless_http=True, max_request_body_size=MAX_BODY, transport_security=security
        )
        ready(f"http://{HOST}:{number}{PATH}")
        config = uvicorn.Config(app, http=OwnConnection, log_level="critical", timeout_graceful_shutdown=5)
        uvicorn.Server(config).run(sockets=[listener])


class OwnConnection(H11Protocol):
    """A connection to uvicorn that ends at once unless a process of the server's own user, or root's, opened it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or end it before anything is read."""
        super().connection_made(transport)
        if not is_own(*(transport.get_extra_info(end)[1] for end in ("peername", "sockname"))):
            transport.abort()


def _listening(port: int) -> socket.socket:
    if not 0 <= port < 65536:
        raise InputError(f"--http {port} is not a port; take one from 0 (any free one) to 65535.")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # before the address is announced, so that nobody who reads it is refused
    except OSError as error:
        listener.close()
        raise InputError(f"Port {port} of {HOST} cannot be had ({error.strerror}); name another.") from None
    return listener
