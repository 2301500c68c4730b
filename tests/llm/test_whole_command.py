"""The whole command with a model behind a real endpoint, and the same again from its own recording."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from endpoint_server import Endpoint, Handler, Seen, says
from llm_driver import POWER

from agent.cli import main

VARIES = re.compile(
    rb'^(  ?"(?:seconds|digest|[a-z]+\.(?:jsonl|json|py))"): (?:[0-9.]+|"[0-9a-f]{64}")', re.MULTILINE
)
"""The seconds of the run and the digests of files that hold times; all else in `result.json` must be equal."""


def discover(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    said = capsys.readouterr()
    assert ended.value.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def answering(handler: Handler, seen: Seen, number: int) -> None:
    """A fair law for most questions, known by the seed that each slot sends; nonsense for the others."""
    seed = seen.body["seed"]
    says(POWER.format(power=(seed % 40 + 1) / 20) if seed % 2 else "no idea")(handler, seen, number)


@pytest.mark.parametrize("agent", ["evolve", "refine"])
def test_a_replayed_run_has_the_same_result_to_the_byte(
    agent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "\n".join(f"{x:.6g},{3 * x**-0.4:.6f}" for x in np.geomspace(1, 1e3, 10))
    (tmp_path / "t.csv").write_text(f"N,y\n{rows}\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    table = ("--data", str(tmp_path / "t.csv"), "--target", "y", "--cap", "2")
    with Endpoint(answering) as endpoint:
        asked = (
            "--agent",
            agent,
            "--model",
            "m",
            "--base-url",
            endpoint.url,
            "--in-flight",
            "2",
            "--max-calls",
            "6",
        )
        first = discover(capsys, *table, *asked, "--runs-dir", str(tmp_path / "first"))
        paid = len(endpoint.requests)
    archive = first["runs"][0]["archive"]
    again = discover(capsys, *table, "--model", f"replay:{archive}", "--runs-dir", str(tmp_path / "again"))
    result, repeated = (Path(run["runs"][0]["archive"], "result.json").read_bytes() for run in (first, again))
    assert paid == 6
    assert result != repeated
    assert VARIES.subn(rb"\1: *", result) == (VARIES.sub(rb"\1: *", repeated), 6)
    account = json.loads(result)["details"]["account"]
    assert account["calls"]["finished"] == 6
    assert 0 < account["lost"]["no code in the reply"] == 6 - account["models"]["m"]["answers"]
