"""The two ways to reach the tools: stdio, and streamable HTTP on this machine's loopback address, with bounds
of sessions and connections.

Anybody on this machine may open sessions. Where as many are open as may be, the idlest ends. It loses nothing: its
search is named by `start` and goes on in another session; its client is told to open one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from uvicorn.protocols.http.h11_impl import H11Protocol

from lawsmith.tasks import InputError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_CONNECTIONS = 256  # agents of one machine are few; more are an attack
_SESSION = b"mcp-session-id"


@dataclass
class _Client:
    """One session: the user whose process opened it, when it was last used, and its calls under way."""

    user: int | None
    used: float = field(default_factory=time.monotonic)
    calls: int = 0


class LimitedSessions:
    """An application that keeps at most `most` sessions of `app` open; sessions of other users end first."""

    def __init__(self, app: App, most: int, own_user: int) -> None:
        self._app, self._most, self._own_user = app, most, own_user
        self._clients: dict[bytes, _Client] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        session = dict(scope["headers"]).get(_SESSION)
        if session is None and scope["method"] == "POST":
            await self._make_room(scope)
        await self._serve(session, scope, receive, send)

    async def _serve(self, session: bytes | None, scope: Scope, receive: Receive, send: Send) -> None:
        client = None if session is None else self._clients.get(session)
        calls = 0  # a stream that waits for news is no call, and a request that is not whole is none yet

        async def receiving() -> MutableMapping[str, Any]:
            nonlocal calls
            message = await receive()
            whole = message["type"] == "http.request" and not message.get("more_body", False)
            if client is not None and not calls and whole and scope["method"] == "POST":
                calls = 1
                client.used, client.calls = time.monotonic(), client.calls + calls
            return message

        async def noticing(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._notice(session, scope, message)
            await send(message)

        try:
            await self._app(scope, receiving, noticing)
        finally:
            if client is not None:
                client.used, client.calls = time.monotonic(), client.calls - calls

    def _notice(self, session: bytes | None, scope: Scope, message: MutableMapping[str, Any]) -> None:
        if session is not None and (scope["method"] == "DELETE" or message["status"] == 404):
            self._clients.pop(session, None)
            return
        opened = dict(message.get("headers", ())).get(_SESSION)
        if opened is not None and message["status"] < 300:
            self._clients.setdefault(opened, _Client(_user(scope)))

    async def _make_room(self, scope: Scope) -> None:
        """Ends sessions without a call under way until there is room, and for the server's own user also busy ones of
        others; with none of them, the answer will be 503."""
        own = len(self._clients) >= self._most and _user(scope) == self._own_user
        while len(self._clients) >= self._most:
            may_end = [
                session
                for session, client in self._clients.items()
                if not client.calls or (own and client.user != self._own_user)
            ]
            if not may_end:
                return
            session = min(may_end, key=self._worth)
            del self._clients[session]
            headers = [(name, value) for name, value in scope["headers"] if name == b"host"]
            ending = {**scope, "method": "DELETE", "headers": [*headers, (_SESSION, session)]}
            await self._app(ending, _nothing, _unheard)

    def _worth(self, session: bytes) -> tuple[bool, bool, float]:
        client = self._clients[session]
        return client.user == self._own_user, client.calls > 0, client.used


class Connection(H11Protocol):
    """A connection to uvicorn. Beyond `MOST_CONNECTIONS` the oldest one ends whose request is not whole, else the
    oldest: otherwise whoever opens a thousand and says nothing takes every descriptor of the server."""

    open: ClassVar[dict[Connection, None]] = {}

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and end another one where they are too many."""
        super().connection_made(transport)
        self.open[self] = None
        if len(self.open) > MOST_CONNECTIONS:
            oldest = next((one for one in self.open if one.waits), next(iter(self.open)))
            oldest.transport.abort()
            self.open.pop(oldest, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count it no longer."""
        self.open.pop(self, None)
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether nothing is being answered."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body


async def _nothing() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _unheard(message: MutableMapping[str, Any]) -> None:
    return


def _user(scope: Scope) -> int | None:
    """The user id of the process at the other end of a loopback connection; None where the kernel does not tell."""
    client, server = scope.get("client"), scope.get("server")
    if not client or not server:
        return None
    ends = [f"0100007F:{client[1]:04X}", f"0100007F:{server[1]:04X}"]
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return None
    rows = (line.split() for line in lines)
    return next((int(row[7]) for row in rows if row[1:3] == ends), None)


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
