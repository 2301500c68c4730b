"""The leaderboard and the reports on this machine's loopback address; a run in progress is followed."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote, urlsplit

from lawsmith.runs.archive import REPORT, Archive, State
from lawsmith.runs.find import find_archive
from lawsmith.runs.report.page import report_page
from lawsmith.runs.report.site import site_pages
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError

ADDRESS = "127.0.0.1"
REFRESH_SECONDS = 5
RUNS = "runs/"


@dataclass(eq=False)
class Pages:
    """What the server shows. Reports of finished runs are kept; everything else is made when it is asked for."""

    runs_dir: Path
    sandbox: Sandbox
    data_dir: Path | None = None

    def __post_init__(self) -> None:
        self._lock = Lock()
        self._finished: dict[Path, str] = {}

    def get(self, path: str) -> str | None:
        """The page at a path without leading slash; None where there is none. Raises InputError for damage."""
        if path.startswith(RUNS):
            return self._report(find_archive(path.removeprefix(RUNS), self.runs_dir))
        pages, _ = site_pages(self.runs_dir, lambda archive: RUNS + quote(archive.manifest.address))
        return pages.get(path or "index.html")

    def _report(self, archive: Archive) -> str:
        if archive.state is not State.COMPLETE:
            return report_page(
                archive, self.sandbox, data_dir=self.data_dir, with_intervals=False, refresh=REFRESH_SECONDS
            )
        with self._lock:
            if archive.path not in self._finished:
                kept = archive.path / REPORT
                self._finished[archive.path] = (
                    kept.read_text("utf-8")
                    if kept.is_file()
                    else report_page(archive, self.sandbox, data_dir=self.data_dir, with_intervals=False)
                )
            return self._finished[archive.path]


def serve(runs_dir: Path, port: int, started: Callable[[str], None], data_dir: Path | None = None) -> None:
    """Serve until Ctrl-C, to this machine only. `started` is told the URL; a port of 0 takes a free one.

    Raises InputError when the port is taken.
    """
    with Sandbox() as sandbox, server(Pages(runs_dir, sandbox, data_dir), port) as http:
        started(f"http://{ADDRESS}:{http.server_port}/")
        http.serve_forever()


def server(pages: Pages, port: int) -> ThreadingHTTPServer:
    """The server, listening but not yet answering."""
    try:
        return ThreadingHTTPServer((ADDRESS, port), _handler(pages))
    except (OSError, OverflowError) as error:
        raise InputError(f"Port {port} cannot be used: {error}; name another with --port.") from None


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self._is_local():
                self._answer(HTTPStatus.FORBIDDEN, "This server answers its own machine only.")
                return
            path = unquote(urlsplit(self.path).path).lstrip("/")
            try:
                page = pages.get(path)
            except InputError as error:
                self._answer(HTTPStatus.NOT_FOUND, str(error))
                return
            if page is None:
                self._answer(HTTPStatus.NOT_FOUND, "There is no such page.")
            else:
                kind = "application/json" if path.endswith(".json") else "text/html"
                self._send(HTTPStatus.OK, page, kind)

        def _is_local(self) -> bool:
            """A name other than ours in the request means that a foreign page was led here (DNS rebinding)."""
            name = (self.headers.get("Host") or "").rpartition(":")[0]
            return name in (ADDRESS, "localhost")

        def _answer(self, status: HTTPStatus, said: str) -> None:
            self._send(
                status,
                f"<!DOCTYPE html><title>{status.phrase}</title><p>{html.escape(said)}</p>",
                "text/html",
            )

        def _send(self, status: HTTPStatus, content: str, kind: str) -> None:
            data = content.encode()
            self.send_response(status)
            for name, value in (
                ("Content-Type", f"{kind}; charset=utf-8"),
                ("Content-Length", str(len(data))),
                ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"),
                ("Cache-Control", "no-store"),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """A library does not print."""

    return Handler
