"""The server of pages: what it shows, what it refuses, and how runs in progress are followed."""

import http.client
import importlib
import json
import re
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from made_runs import HOSTILE, POWER, add, make_run, under_way, write_table

from lawsmith.runs import Archive
from lawsmith.runs.records.trials import Proposal
from lawsmith.runs.report.pages import Pages
from lawsmith.runs.report.serve import events, server
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, read_dataset
from tests.users import first_line, for_users


@pytest.fixture(scope="module")
def pages(runs_dir: Path, sandbox: Sandbox) -> Pages:
    return Pages(runs_dir, sandbox)


@pytest.fixture(scope="module")
def address(pages: Pages) -> Iterator[str]:
    with server(pages, 0) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


def fetch(url: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, dict(refused.headers), refused.read().decode()


def test_the_server_shows_the_runs_reports_and_json(address: str, good: Archive):
    assert "Your tables" in fetch(f"{address}/")[2]
    assert good.run in fetch(f"{address}/runs/{good.manifest.address}")[2]
    assert "tasks" in json.loads(fetch(f"{address}/data.json")[2])


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/runs/../../etc",
        "/runs//etc",
        "/runs/%2Fetc%2F",
        "/nothing",
        "/events/runs/x",
        "/events//etc",
    ],
)
def test_the_server_has_nothing_else(address: str, path: str):
    assert fetch(address + path)[0] == 404


def test_an_archive_outside_of_the_folder_is_not_opened_by_its_path(address: str, tmp_path: Path, sandbox: Sandbox):
    table = write_table(tmp_path / "elsewhere.csv")
    folder = make_run(tmp_path / "other", read_dataset(table, ("loss",)), sandbox, [Proposal(POWER)], "secret")
    assert fetch(f"{address}/runs/{folder}")[0] == 404
    assert fetch(f"{address}/compare?a={folder}&b=")[2].count("<section") == 0


@pytest.mark.parametrize(
    ("line", "hosts"),
    [
        ("GET / HTTP/1.1", ["evil.example:{port}"]),
        ("GET / HTTP/1.1", ["127.0.0.1"]),
        ("GET / HTTP/1.1", ["127.0.0.1:{port}", "evil.example"]),
        ("GET http://evil.example/ HTTP/1.1", ["127.0.0.1:{port}"]),
        ("HEAD / HTTP/1.1", ["evil.example:{port}"]),
        ("GET http://evil.example:{port}/ HTTP/1.1", ["127.0.0.1:{port}"]),
        ("GET http://127.0.0.1:{port}@evil.example/ HTTP/1.1", ["127.0.0.1:{port}"]),
        ("GET / HTTP/1.1", ["127.0.0.1:{port}.evil.example"]),
        ("GET / HTTP/1.1", ["127.0.0.1:{port},evil.example"]),
        ("GET / HTTP/1.1", ["[::1]:{port}"]),
        ("GET / HTTP/1.0", []),
    ],
)
def test_the_server_refuses_foreign_names_in_every_form(address: str, line: str, hosts: list[str]):
    port = int(address.rpartition(":")[2])
    asked = "\r\n".join([line, *(f"Host: {host}" for host in hosts), "", ""]).format(port=port)
    assert b" 403 " in answer_to(asked.encode(), port).partition(b"\r\n")[0]


def answer_to(asked: bytes, port: int) -> bytes:
    """All that the server says to these bytes, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(asked)
        return connection.makefile("rb").read()


@pytest.mark.parametrize(
    ("line", "header", "status"),
    [
        ("GET http://[::1/ HTTP/1.1", "", 400),
        ("GET /events/x\r\nevil: 1", "", 404),
        ("GET / HTTP/9.9", "", 505),
        ("GET /%0d%0aSet-Cookie:%20evil=1 HTTP/1.1", "", 404),
        ("GET /runs/x%00y HTTP/1.1", "", 404),
        ("GET /runs/..%2f..%2fetc%2fpasswd HTTP/1.1", "", 404),
        ("GET /runs/%252e%252e%252fetc HTTP/1.1", "", 404),
        ("GET /compare?" + "&".join(["a=1"] * 99) + " HTTP/1.1", "", 400),
        ("GET /compare?a=" + "x" * 60_000 + " HTTP/1.1", "", 200),
        ("GET /" + "a" * 70_000 + " HTTP/1.1", "", 414),
        ("GET / HTTP/1.1", "X: " + "y" * 70_000, 431),
        ("GET / HTTP/1.1", "\r\n".join(f"X{k}: y" for k in range(1000)), 431),
        ("GET / HTTP/1.1", "Range: bytes=" + ",".join(["0-1"] * 8000), 200),
        ("\x1b[31mGET / HTTP/1.1", "", 501),
        ("POST / HTTP/1.1", "Content-Length: 99999999999", 501),
        ("\x16\x03\x01\x00 a b c", "", 400),
    ],
)
def test_a_request_made_to_confuse_is_answered_in_our_words(
    address: str, line: str, header: str, status: int, capfd: pytest.CaptureFixture[str]
):
    port = int(address.rpartition(":")[2])
    head, _, body = answer_to(f"{line}\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n\r\n".encode(), port).partition(
        b"\r\n\r\n"
    )
    assert head.split(b"\r\n")[0].split()[1] == str(status).encode()
    assert b"Content-Security-Policy: default-src 'none'" in head
    assert b"Set-Cookie" not in head and b"\x1b" not in head + body
    assert not capfd.readouterr().err, "no traceback, whatever was asked"


@for_users
def test_other_users_of_the_machine_see_no_page(address: str, user: int, served: bool):
    assert first_line(f"{address}/", user).startswith("HTTP/1.0") == served


def test_every_answer_carries_the_policy(address: str, good: Archive):
    for path in ("/", "/data.json", "/nothing", f"/runs/{good.manifest.address}", "/compare"):
        _, headers, _ = fetch(address + path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_head_answers_as_get_does_without_the_page(address: str):
    status, headers, body = fetch(f"{address}/", "HEAD")
    assert status == 200 and body == "" and int(headers["Content-Length"]) > 1000


def test_an_idle_connection_is_closed(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    module = importlib.import_module("lawsmith.runs.report.serve")  # its function has the same name
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.2)
    with server(pages, 0) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        with socket.create_connection(("127.0.0.1", http.server_port), timeout=20) as connection:
            assert connection.recv(1) == b""
        http.shutdown()


def test_a_kept_report_of_an_archive_is_never_served(good: Archive, runs_dir: Path, sandbox: Sandbox):
    kept = good.path / "report.html"
    before = kept.read_bytes() if kept.exists() else None
    kept.write_text("<script>a stranger's</script>")
    try:
        page = Pages(runs_dir, sandbox).get(f"runs/{good.manifest.address}")
    finally:
        kept.unlink() if before is None else kept.write_bytes(before)
    assert page is not None and "stranger" not in page and "<math" in page


def test_what_is_wrong_with_an_archive_is_told_without_quoting_it(
    pages: Pages, good: Archive, monkeypatch: pytest.MonkeyPatch
):
    def broken(*args: object, **options: object) -> str:
        raise InputError("cell 'my secret' of row 3 is not a number")

    monkeypatch.setattr("lawsmith.runs.report.pages.report_page", broken)
    monkeypatch.setattr(pages, "_keep", lambda key, make: make())
    with pytest.raises(InputError) as told:
        pages.get(f"runs/{good.manifest.address}")
    assert "secret" not in str(told.value) and "cannot be shown" in str(told.value)


def test_the_front_page_opens_on_what_is_running(runs_dir: Path, good: Archive, sandbox: Sandbox):
    pages = Pages(runs_dir, sandbox)
    assert "Nothing is running." in (pages.get("") or "")
    with under_way(runs_dir, good) as archive:
        page = pages.get("") or ""
        running = page[page.index('id="running"') : page.index('id="tables"')]
        assert archive.manifest.address in running and "<math" in running and "<svg" in running
        assert re.search(r"\d+ (s|min).*left", running) and "Being tried" in running
    assert "Nothing is running." in (pages.get("") or "")


def test_a_page_follows_a_run_until_it_ends(runs_dir: Path, good: Archive, sandbox: Sandbox):
    pages = Pages(runs_dir, sandbox)
    with under_way(runs_dir, good) as archive:
        address = archive.manifest.address
        page = pages.get(f"runs/{address}") or ""
        assert f'data-live="/events/{address}"' in page and "this is the best law so far" in page
        assert "connect-src &#39;self&#39;" in page
        stream = events(pages, address, beat=0.0)
        assert next(stream).startswith(b"event: progress")
        best = add(archive, good, 2)
        told = [next(stream) for _ in range(2)]
        assert any(part.startswith(b"event: law") and best.encode() in part for part in told)
    rest = [part.split(b"\n")[0] for part in stream]
    assert rest[-1] == b"event: done"


def test_news_come_over_the_wire(address: str, runs_dir: Path, good: Archive):
    with under_way(runs_dir, good) as archive:
        wire = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
        wire.request("GET", f"/events/{archive.manifest.address}")
        answer = wire.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.readline() == b"event: progress\n"
        assert "held-out R²" in json.loads(answer.readline().removeprefix(b"data: "))
        wire.close()


def test_two_runs_stand_side_by_side_with_the_better_figures_marked(pages: Pages, good: Archive, hostile: Archive):
    query = {"a": [good.manifest.address], "b": [hostile.manifest.address]}
    page = pages.get("compare", query) or ""
    assert page.count('aria-labelledby="side-') == 2 and "did not see the same rows" in page
    assert "held-out R²" in page and "<script>document" not in page
    assert HOSTILE[4] not in page and "✓" not in page
    same = pages.get("compare", {"a": query["a"], "b": query["a"]}) or ""
    assert "did not see the same rows" not in same and "✓" not in same
