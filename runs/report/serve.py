"""The pages on this machine's loopback address; runs in progress are followed by server-sent events."""

import html
import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from lawsmith.runs.loopback import is_own
from lawsmith.runs.report.pages import EVENTS, News, Pages
from lawsmith.runs.report.render import server_policy
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError

ADDRESS = "127.0.0.1"
IDLE_SECONDS = 20.0
"""A connection that sends no request, or takes no answer, for so long is closed."""
BEAT_SECONDS = 1.0  # between looks at the log of a run
MOST_SILENT_BEATS = 10  # then something is written, which tells whether anybody still listens


def serve(runs_dir: Path, port: int, started: Callable[[str], None], data_dir: Path | None = None) -> None:
    """Serve until Ctrl-C, to this machine only. `started` is told the URL; a port of 0 takes a free one. Raises
    InputError when the port is taken."""
    with Sandbox() as sandbox, server(Pages(runs_dir, sandbox, data_dir), port) as http:
        started(f"http://{ADDRESS}:{http.server_port}/")
        http.serve_forever()


def server(pages: Pages, port: int) -> ThreadingHTTPServer:
    """The server, listening but not yet answering. Raises InputError for a port that is taken."""
    try:
        return _PageServer(pages, port)
    except (OSError, OverflowError) as error:
        raise InputError(f"Port {port} cannot be used: {str(error).rstrip('.')}; name another with --port.") from None


class _PageServer(ThreadingHTTPServer):
    """A thread for each connection that a process of our own user, or root's, opened; others end at once."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, pages: Pages, port: int) -> None:
        super().__init__((ADDRESS, port), _PageHandler)
        self.pages = pages

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return is_own(client_address[1], self.server_port)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A library does not print; a connection that broke is nobody's concern."""


def events(pages: Pages, path: str, beat: float | None = None) -> Iterator[bytes]:
    """Server-sent events about a run, or about all in progress (an empty path), while there is something to tell.

    ``progress`` carries a fragment of HTML, ``law`` the id of a new best law, ``done`` ends the stream.
    """
    told, law, silent, begun = "", None, 0, False
    while True:
        try:
            news = pages.news(path)
        except InputError:  # its archive has gone
            news = News(told, law, done=True)
        if news.fragment != told:
            told, silent = news.fragment, 0
            yield _event("progress", told)
        if news.law != law:
            if begun:
                yield _event("law", news.law or "")
            law = news.law
        begun = True
        if news.done:
            yield _event("done", "")
            return
        silent += 1
        if silent >= MOST_SILENT_BEATS:  # a listener who has gone is noticed by writing to it
            silent = 0
            yield b": still here\n\n"
        time.sleep(BEAT_SECONDS if beat is None else beat)


def _event(name: str, content: str) -> bytes:
    return f"event: {name}\ndata: {json.dumps(content)}\n\n".encode()


class _PageHandler(BaseHTTPRequestHandler):
    server: _PageServer
    server_version = "lawsmith"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(IDLE_SECONDS)

    def do_GET(self) -> None:
        try:
            if not self._is_local():
                self._answer(HTTPStatus.FORBIDDEN, "This server answers its own machine only.")
                return
            asked = urlsplit(self.path)
            path = unquote(asked.path).lstrip("/")
            if path.startswith(EVENTS) and self.command == "GET":
                self._stream(path.removeprefix(EVENTS))
                return
            page = self.server.pages.get(path, parse_qs(asked.query, max_num_fields=8))
        except InputError as error:
            self._answer(HTTPStatus.NOT_FOUND, str(error))
            return
        except (ConnectionError, TimeoutError):
            self.close_connection = True  # the page was closed
            return
        except (ValueError, OSError):
            self._answer(HTTPStatus.BAD_REQUEST, "This address cannot be read.")
            return
        if page is None:
            self._answer(HTTPStatus.NOT_FOUND, "There is no such page.")
        else:
            kind = "application/json" if path.endswith(".json") else "text/html"
            self._send(HTTPStatus.OK, page, kind)

    do_HEAD = do_GET

    def _is_local(self) -> bool:
        """A name other than ours in the request means that a foreign page was led here (DNS rebinding). The name may
        stand in the Host header and, in the form that proxies are sent, in the request line."""
        _, port = self.connection.getsockname()
        names = [f"{name}:{port}" for name in (ADDRESS, "localhost")] + [ADDRESS, "localhost"] * (port == 80)
        hosts = self.headers.get_all("Host") or []
        asked = urlsplit(self.path)
        named = [asked.netloc] if asked.netloc or asked.scheme else []
        return len(hosts) == 1 and all(name in names for name in (*hosts, *named))

    def _stream(self, path: str) -> None:
        self.server.pages.news(path)  # says that there is no such run while an answer can still say so
        self._head(HTTPStatus.OK, "text/event-stream", None)
        for part in events(self.server.pages, path):
            self.wfile.write(part)
            self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library answers to a request that it cannot read, with our headers and none of its words."""
        self._answer(HTTPStatus(code), "This request cannot be read.")

    def _answer(self, status: HTTPStatus, said: str) -> None:
        self._send(status, f"<!DOCTYPE html><title>{status.phrase}</title><p>{html.escape(said)}</p>", "text/html")

    def _send(self, status: HTTPStatus, content: str, kind: str) -> None:
        data = content.encode(errors="replace")
        self._head(status, kind, len(data))
        if getattr(self, "command", None) != "HEAD":
            self.wfile.write(data)

    def _head(self, status: HTTPStatus, kind: str, length: int | None) -> None:
        self.request_version = self.protocol_version  # an answer has a head, whatever was asked for
        self.send_response(status)
        for name, value in (
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Security-Policy", server_policy()),
            ("X-Content-Type-Options", "nosniff"),
            ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
        ):
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """A library does not print."""
