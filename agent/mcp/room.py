"""Room for new clients over HTTP: where as many sessions are open as may be, the one that was idle longest ends.

Anybody on this machine may open sessions. One that is ended loses nothing: its search is named by `start` and goes on
in another session; its client is told to open one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_SESSION = b"mcp-session-id"


@dataclass
class _Client:
    """One session: the user whose process opened it, when it was last used, and its calls under way."""

    user: int | None
    used: float = field(default_factory=time.monotonic)
    calls: int = 0


class Room:
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
        calls = int(scope["method"] == "POST")  # a stream that waits for news is no call
        if client is not None:
            client.used, client.calls = time.monotonic(), client.calls + calls

        async def noticing(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self._notice(session, scope, message)
            await send(message)

        try:
            await self._app(scope, receive, noticing)
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
        """Ends sessions without a call under way until there is room; with none of them, the answer will be 503."""
        while len(self._clients) >= self._most:
            idle = [session for session, client in self._clients.items() if not client.calls]
            if not idle:
                return
            session = min(idle, key=self._worth)
            del self._clients[session]
            headers = [(name, value) for name, value in scope["headers"] if name == b"host"]
            ending = {**scope, "method": "DELETE", "headers": [*headers, (_SESSION, session)]}
            await self._app(ending, _nothing, _unheard)

    def _worth(self, session: bytes) -> tuple[bool, float]:
        client = self._clients[session]
        return client.user == self._own_user, client.used


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
