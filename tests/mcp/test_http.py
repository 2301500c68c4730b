"""Over loopback HTTP, with agents that make mistakes or mean harm; and servers that are killed."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from agent_doubles import ScriptedProposer, form_source, power_law_csv
from mcp import Client
from mcp_server import Agent, Refused, act, on_http
from scripted_discover import script

from lawsmith.agent.cli import main
from lawsmith.agent.inspection import details
from lawsmith.runs import Archive
from lawsmith.runs.replay import replay
from lawsmith.sandbox import Sandbox
from tests.users import first_line, for_users

FORM = form_source(("L", "A", "a"), 'p["L"] + p["A"] * x["N"] ** -p["a"]')
TEST_ROWS = ("3300000000", "1.0703125")
"""A feature and a target that only the test split holds."""
BOUNDS = ("--max-candidates", "3", "--max-sessions", "2", "--floor-seconds", "5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "measured.csv").write_text(power_law_csv())
    (folder / "test.csv").write_text(f"N,loss\n2e9,1.0814\n{','.join(TEST_ROWS)}\n8e9,1.0535\n")
    return folder


@pytest.fixture(scope="module")
def arguments(folder: Path) -> tuple[str, ...]:
    return ("--data", "measured.csv", "--test", "test.csv", "--target", "loss", *BOUNDS)


@pytest.fixture(scope="module")
def server(folder: Path, arguments: tuple[str, ...]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    with on_http(folder, arguments) as running:
        yield running


@pytest.fixture(scope="module")
def url(server: tuple[str, subprocess.Popen[str]]) -> str:
    return server[0]


async def refused(agent: Agent, tool: str, **arguments: Any) -> str:
    with pytest.raises(Refused) as caught:
        await agent.call(tool, **arguments)
    return str(caught.value)


def test_finish_gives_a_law_even_when_nothing_was_submitted(url: str) -> None:
    async def story(agent: Agent) -> None:
        session = (await agent.call("start", task="measured"))["session"]
        finished = await agent.call("finish", session=session)
        assert finished["by"] == "floor" and finished["error"] is None
        assert "def law(" in finished["law"]
        archive = Archive.open(Path(finished["archive"]))
        assert archive.verify() == []
        with Sandbox(workers=1) as sandbox:
            assert replay(archive, sandbox).exact
        for tool, more in (
            ("try", {"source": FORM}),
            ("laws", {}),
            ("rows", {}),
            ("run", {"code": "1"}),
            ("note", {"text": "late"}),
            ("floor", {}),
            ("finish", {}),
        ):
            assert "is finished" in await refused(agent, tool, session=session, **more)

    act(url, story)


def test_hostile_and_mistaken_calls(url: str, folder: Path) -> None:
    reader = f"import numpy as np\nPARAMETERS = ('L',)\nTEST = np.loadtxt({str(folder / 'test.csv')!r}, str)\n"
    attack = reader + "def form(x, p):\n    raise ValueError(str(TEST))\n"

    async def story(agent: Agent) -> None:
        assert "no task" in await refused(agent, "start", task="../../etc/passwd")
        assert "no task" in await refused(agent, "describe_task", task="unheard of")
        assert "There is no session" in await refused(agent, "laws", session="../measured")
        assert await refused(agent, "laws") == "laws: session is missing."
        assert "80 are allowed" in await refused(agent, "start", task="measured", model="m" * 81)
        session = (await agent.call("start", task="measured"))["session"]
        told = await agent.call("rows", session=session, where=["group = test"])
        assert "There is no group 'test'" in told["text"]
        assert "limit" in await refused(agent, "rows", session=session, limit=10**9)
        assert "offset" in await refused(agent, "rows", session=session, offset=-1)
        asked = await agent.call("rows", session=session, split="test", limit=60)
        assert asked["text"].startswith(f"{power_law_csv().count(chr(10)) - 1} rows match")
        for code in (f"np.loadtxt({str(folder / 'test.csv')!r}, str)", "import os", "open('/etc/passwd').read()"):
            ended = (await agent.call("run", session=session, code=code))["text"]
            assert ended.startswith(("crash", "import_refused", "contract")), ended
        assert "70000 bytes" in await refused(agent, "try", session=session, source="#" * 70_000)
        assert "There is no law 9" in await refused(agent, "try", session=session, source=FORM, parents=[9])
        assert "There is no law 9" in (await agent.call("laws", session=session, number=9))["text"]
        stolen = await agent.call("try", session=session, source=attack)
        assert stolen["verdict"] not in ("ok", "sandbox_broken") and stolen["message"]
        shell = await agent.call("try", session=session, source="import os\nos.system('id')")
        assert shell["verdict"] == "import_refused"
        closed = await agent.call(
            "try", session=session, source="def law(rows, group):\n    return [{'loss': 1.1} for _ in rows]"
        )
        assert closed["verdict"] == "ok" and not closed["selectable"] and closed["validation_r2"] is None
        assert closed["candidates_left"] == 0
        assert "budget of 3 candidates is spent" in await refused(agent, "try", session=session, source=FORM)
        again = await agent.call("try", session=session, source="import os\nos.system('id')")
        assert again["candidate"] == shell["candidate"], "what is on record costs nothing"
        finished = await agent.call("finish", session=session)
        assert finished["by"] == "floor"

    heard = act(url, story).heard
    assert not any(value in text for text in heard for value in TEST_ROWS)


def test_no_tool_takes_a_path_or_a_split(url: str) -> None:
    async def story(agent: Agent) -> None:
        for tool in (await agent.client.list_tools()).tools:
            taken = set(tool.input_schema.get("properties", {}))
            assert taken <= {
                *("task", "session", "model", "seed", "seconds", "source", "parents", "hypothesis", "text"),
                *("where", "sort", "limit", "offset", "by", "residuals_of", "x", "y", "bins", "code", "number"),
            }

    act(url, story)


def test_a_form_that_builds_its_names_as_it_goes_gets_its_law(url: str) -> None:
    source = """
import numpy as np
PARAMETERS = {}
for name in ("L", "A"):
    PARAMETERS[name] = (0.0, 1e4)
PARAMETERS["a"] = (0.0, 2.0)
def form(x, p):
    return p["L"] + p["A"] * x["N"] ** -p["a"]
"""

    async def story(agent: Agent) -> None:
        session = (await agent.call("start", task="measured"))["session"]
        own = await agent.call("try", session=session, source=source)
        assert own["verdict"] == "ok"
        finished = await agent.call("finish", session=session)
        assert finished["law"] and finished["validation_r2"] >= own["validation_r2"] - 1e-6

    act(url, story)


def test_sessions_are_bounded_and_calls_at_once_are_safe(url: str) -> None:
    async def story(agent: Agent) -> None:
        one = (await agent.call("start", task="measured"))["session"]
        two = (await agent.call("start", task="measured", seed=1))["session"]
        three = (await agent.call("start", task="measured", seed=2))["session"]
        assert len({one, two, three}) == 3  # of two that may be open; the others go on when they are asked
        async with Client(url) as second:
            other = Agent(second)
            results = await asyncio.gather(
                agent.call("try", session=one, source=FORM),
                other.call("try", session=one, source=FORM + "# another\n"),
                other.call("floor", session=one, seconds=1),
                agent.call("try", session=two, source=FORM),
            )
        assert results[0]["validation_r2"] == results[3]["validation_r2"]
        tried = (await agent.call("laws", session=one))["text"]
        assert "| you |" in tried and "| symbolic search |" in tried
        for session in (one, two, three):
            finished = await agent.call("finish", session=session)
            assert Archive.open(Path(finished["archive"])).verify() == []
            assert "is finished" in await refused(agent, "laws", session=session)

    begun = act(url, story).heard[:3]
    names = [json.loads(answer)["session"] for answer in begun]
    assert not any(name in begun[2] for name in names[:2]), "the name of another's session is told to nobody"


@for_users
def test_other_users_of_the_machine_are_not_served(url: str, user: int, served: bool) -> None:
    assert first_line(url, user).startswith("HTTP/1.1") == served


@pytest.mark.slow
def test_a_killed_server_loses_nothing(
    url: str, folder: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    async def begin(agent: Agent) -> None:
        for seed in (0, 1):
            names.append((await agent.call("start", task="measured", seed=seed))["session"])
            await agent.call("try", session=names[-1], source=FORM)
            await agent.call("note", session=names[-1], text="a first")

    async def elsewhere(agent: Agent) -> None:
        assert "being written by another process" in await refused(agent, "laws", session=names[0])

    async def go_on(agent: Agent) -> None:
        kept = await agent.call("note", session=names[0], text="a second")
        assert kept["notes"] == ["a first", "a second"]
        await agent.call("floor", session=names[0], seconds=1)
        finished = await agent.call("finish", session=names[0])
        assert finished["error"] is None

    with on_http(folder, arguments) as (other, process):
        act(other, begin)
        act(url, elsewhere)
        process.kill()
        process.wait()
    act(url, go_on)

    monkeypatch.chdir(folder)
    monkeypatch.setattr("lawsmith.agent.symbolic.SymbolicProposer", lambda task, seed, **_: ScriptedProposer(script()))
    archive = Archive.open(next((folder / "runs").glob(f"*/*/{names[1]}")))
    assert archive.state == "interrupted"
    with pytest.raises(SystemExit) as status:
        main(["resume", names[1], "--json"])
    assert status.value.code == 0
    found = details(archive)
    assert found.problems == () and found.law is not None
    assert len(found.trials) > 1 and found.trials[0].proposal.origin == "submitted"


def test_only_this_machine_and_no_web_page_is_served(url: str) -> None:
    port = int(url.partition(":")[2].rpartition(":")[2].partition("/")[0])
    listening = [line.split()[1:4:2] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [f"0100007F:{port:04X}", "0A"] in listening
    assert [f"00000000:{port:04X}", "0A"] not in listening
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}

    def status(**more: str) -> int:
        return httpx2.post(url, json=message, headers={**headers, **more}).status_code

    assert status() < 500
    assert status(Host="rebound.example:80") == 421
    assert status(Origin="http://evil.example") == 403
    assert status(Origin=f"http://127.0.0.1:{port + 1}") == 403
    too_large = httpx2.post(url, content=b" " * (1 << 20), headers={"Content-Type": "application/json"})
    assert too_large.status_code == 413


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--http", "70000"), "--http 70000 is not a port"),
        (("--max-candidates", "0"), "--max-candidates is 0; it must be positive"),
        (("--workers", "0"), "--workers is 0"),
        (("--data", "measured.csv"), "--data needs --target"),
        (("--target", "loss"), "name its file with --data"),
        (("--data", "none.csv", "--target", "loss"), "none.csv"),
    ],
)
def test_bad_options(
    arguments: tuple[str, ...],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as status:
        main(["mcp", *arguments])
    assert status.value.code == 2
    assert message in capsys.readouterr().err


def test_without_the_extra_it_says_how_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mcp", None)
    with pytest.raises(SystemExit) as status:
        main(["mcp"])
    assert status.value.code == 2
    assert "pip install 'lawsmith[mcp]'" in capsys.readouterr().err
