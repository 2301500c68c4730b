"""`discover` with a language model: a real server on loopback, the real command line, a scripted floor."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from agent_doubles import ScriptedProposer, form_source, power_law_csv

import lawsmith.agent.symbolic
from lawsmith.agent.cli import main
from lawsmith.runs import Account, Archive
from lawsmith.runs.records.trials import Proposal
from lawsmith.sandbox import Verdict

sys.path.append(str(Path(__file__).parents[1] / "llm"))
from endpoint_server import KEY, Endpoint, Handler, Seen, completion, fails

FLOOR = [[Proposal(form_source(("L", "A"), 'p["L"] + p["A"] / x["N"]'))]]
REPLY = f"""Hypothesis: a power law above a floor.
```python
{form_source(("L", "A", "a"), 'p["L"] + p["A"] * x["N"] ** -p["a"]')}```"""
SEARCH = ("--data", "train.csv", "--target", "loss", "--json")


def answer(handler: Handler, seen: Seen, number: int) -> None:
    """The law first, after words for the call that asks for a tool; prose from then on."""
    text = REPLY if number <= 2 else "I have no better idea."
    handler.send(200, json.dumps(completion(text)).encode())


@pytest.fixture(autouse=True)
def in_a_folder_with_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.csv").write_text(power_law_csv())
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", lambda task, seed, **_: ScriptedProposer(FLOOR))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def discover(*arguments: str) -> tuple[int, None]:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    return exit_.value.code or 0


def test_a_limit_given_to_the_command_decides_on_a_candidate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    endless = form_source(("L",), 'p["L"] + sum(0 * x["N"] for _ in iter(int, 1))')
    floor = [[Proposal(endless)], *FLOOR]
    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", lambda task, seed, **_: ScriptedProposer(floor))
    assert discover(*SEARCH, "--agent", "symbolic", "--limit-wall", "2.5") == 0
    [run] = json.loads(capsys.readouterr().out)["runs"]
    late, good = Archive.open(Path(run["archive"])).trials()
    assert late.evaluation.verdict is Verdict.TIMEOUT
    assert "2.5 s" in late.evaluation.message
    assert good.evaluation.verdict is Verdict.OK


def test_a_model_beats_the_floor_and_its_recording_repeats_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(answer) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        monkeypatch.setenv("LAWSMITH_MODEL", "lawgiver")
        assert discover(*SEARCH, "--max-calls", "3", "--time-limit", "600") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["agent"], found["model"]) == ("evolve", "lawgiver")
    assert "agent evolve with lawgiver" in said.err
    assert found["runs"][0]["expression"] == "loss = L + A * N^-a"
    assert found["runs"][0]["cost_usd"] is None
    assert 2 <= len(endpoint.requests) <= 4  # one shows that the model calls no tools
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file())

    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    run = found["runs"][0]["run"]
    assert discover(*SEARCH, "--model", f"replay:{run}") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["runs"][0]["run"] != run
    assert repeatable(found) == repeatable(again)


def repeatable(found: dict[str, Any]) -> dict[str, Any]:
    """The sealed result of the only run, without times and what depends on them."""
    result = json.loads((Path(found["runs"][0]["archive"]) / "result.json").read_text())
    return {k: v for k, v in result.items() if k not in ("seconds", "files", "law", "digest", "seal")}


def test_a_refused_key_stops_before_anything_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Endpoint(fails(401), models=lambda handler: fails(401)(handler, None, 0)) as endpoint:
        monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
        assert discover(*SEARCH, "--agent", "refine", "--model", "lawgiver") == 2
    said = capsys.readouterr()
    assert "OPENAI_API_KEY" in said.err
    assert not list(tmp_path.glob("runs/*/*/*"))


def test_every_report_says_what_became_of_the_calls_and_what_the_model_gained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses_later(handler: Handler, seen: Seen, number: int) -> None:
        reply = completion(REPLY) if number == 1 else completion(None, refusal="I cannot")
        handler.send(200, json.dumps(reply).encode())

    with Endpoint(refuses_later) as endpoint:
        model = ("--agent", "refine", "--model", "m", "--base-url", endpoint.url, "--max-calls", "3")
        assert discover(*SEARCH[:-1], *model) == 0
    closing = " ".join(capsys.readouterr().out.split())
    [archive] = (path.parent for path in tmp_path.rglob("manifest.json"))
    assert discover("inspect", archive.name) == 0
    inspected = " ".join(capsys.readouterr().out.split())
    assert discover("report", archive.name, "--no-intervals") == 0
    page = " ".join((archive / "report.html").read_text().split())
    for shown in (closing, inspected, page):
        assert "3 calls: 1 gave a candidate (1 worked), 2 refused by the model" in shown
        assert "2 of 3 attempts failed: 2 refused by the model; the last: " in shown
        assert "less), for 360 tokens, USD unknown" in shown
    account = Account.of(Archive.open(archive).result)
    one = account.calls.model_copy(update={"finished": 1, "from_cache": 0})
    assert account.model_copy(update={"calls": one}).outcome.startswith("1 call: ")
    none = account.calls.model_copy(update={"finished": 0, "attempts": 0})
    assert "a longer --time-limit helps" in account.model_copy(update={"calls": none}).gained
    assert "best held-out error against calls: " in inspected
    assert "Best so far against calls" in page


def test_without_an_endpoint_auto_is_symbolic_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert discover(*SEARCH, "--model", "lawgiver") == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert (found["agent"], found["model"]) == ("symbolic", None)
    assert found["runs"][0]["cost_usd"] == 0
    assert "the model lawgiver is not used" in said.err
