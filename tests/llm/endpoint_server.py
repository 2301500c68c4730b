"""A real HTTP server on loopback that speaks the chat completions protocol, well or badly as a test asks."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from lawsmith.agent.client.messages import Message, Request

KEY = "sk-loopback-0123456789abcdefghij"


def request(**changes: Any) -> Request:
    """A request as a test asks it."""
    messages = (Message(role="system", content="Be brief."), Message(role="user", content="ask"))
    fields = {"slot": "0", "model": "m", "messages": messages, "max_tokens": 50, "temperature": 0.5}
    return Request.model_validate({**fields, **changes})


@dataclass(frozen=True)
class Seen:
    """One request as the server received it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *arguments: Any) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self.server.owner.models(self)

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        seen = Seen(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(self.rfile.read(size)))
        owner = self.server.owner
        with owner.lock:
            owner.requests.append(seen)
            number = len(owner.requests)
            owner.active += 1
            owner.most_active = max(owner.most_active, owner.active)
        with suppress(ConnectionError):
            owner.behave(self, seen, number)
        with owner.lock:
            owner.active -= 1

    def send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def wait(self, seconds: float) -> None:
        """Until the server closes, at most `seconds`."""
        self.server.owner.closing.wait(seconds)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: Endpoint


Behaviour = Callable[[Handler, Seen, int], None]


@dataclass
class Endpoint:
    """The server as a context manager. `requests` are the completions asked for, in order of arrival."""

    behave: Behaviour
    models: Callable[[Handler], None] = lambda handler: handler.send(200, b'{"object":"list","data":[]}')
    requests: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)
    active: int = 0
    most_active: int = 0

    def __enter__(self) -> Self:
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def completion(
    text: str | None, *, finish: str = "stop", usage: tuple[int, int] | None = (100, 20), **message: Any
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "served",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
        ],
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
    return body


def says(text: str | None, **options: Any) -> Behaviour:
    """The same completion for every request."""
    data = json.dumps(completion(text, **options)).encode()
    return lambda handler, seen, number: handler.send(200, data)


def fails(status: int, message: str = "no", **headers: str) -> Behaviour:
    body = json.dumps({"error": {"message": message, "type": "x", "code": None, "param": None}}).encode()
    return lambda handler, seen, number: handler.send(status, body, **headers)


def first(times: int, bad: Behaviour, then: Behaviour) -> Behaviour:
    """`bad` for the first requests, `then` afterwards."""
    return lambda handler, seen, number: (bad if number <= times else then)(handler, seen, number)


def truncated(handler: Handler, seen: Seen, number: int) -> None:
    data = json.dumps(completion("text")).encode()
    handler.send(200, data[: len(data) // 2])


def slow_first_byte(handler: Handler, seen: Seen, number: int) -> None:
    handler.wait(60)


def stalled_body(handler: Handler, seen: Seen, number: int) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    handler.wait(60)


def trickle(handler: Handler, seen: Seen, number: int) -> None:
    """A byte now and then, so that no single read ever times out."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        handler.wait(0.05)


def drops_connection(handler: Handler, seen: Seen, number: int) -> None:
    handler.close_connection = True
    handler.connection.close()


def huge(handler: Handler, seen: Seen, number: int) -> None:
    handler.send(200, json.dumps(completion("x" * 5_000_000)).encode())


def garbage_chunks(handler: Handler, seen: Seen, number: int) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"zz\r\nno length\r\n")
    handler.close_connection = True


def compressed(handler: Handler, seen: Seen, number: int) -> None:
    """A few kilobytes that grow a thousandfold when they are unpacked."""
    handler.send(200, gzip.compress(b" " * 20_000_000), Content_Encoding="gzip")
