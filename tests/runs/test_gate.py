"""Archives of strangers: whatever their records hold, every command says a sentence and shows no escape."""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from lawsmith.agent.cli import main
from lawsmith.runs.records import canonical_json
from lawsmith.runs.records.archive import LAW, MANIFEST, RESULT
from lawsmith.runs.records.canonical_json import digest, seal, unseal
from lawsmith.runs.records.check import CALLS, EVENTS, file_digest
from lawsmith.runs.records.log import encode_line
from tests.made import quick_first

Change = Callable[[dict[str, Any]], None]
ROWS = "N,y\n" + "".join(f"{x},{3 * x**-0.4 + 0.1:.6f}\n" for x in (1, 2, 4, 8, 16, 32, 64, 128, 256))
ESCAPE = "\x1b]8;;http://evil\x07\x1b[31m\u202e"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a short search."""
    place = tmp_path_factory.mktemp("sealed")
    (place / "t.csv").write_text(ROWS)
    options = ("--agent", "symbolic", "--time-limit", "0.2", "--trust-all", "--runs-dir", str(place / "runs"))
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(place / "t.csv"), "--target", "y", *options])
    assert not ended.value.code
    return next(place.glob(f"runs/*/*/*/{RESULT}")).parent


class Forger:
    """Writes an archive anew with other words, all digests sound."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        self.manifest = unseal((archive / MANIFEST).read_bytes())
        self.result = unseal((archive / RESULT).read_bytes())
        self.events = [json.loads(line) for line in (archive / EVENTS).read_text().splitlines()]
        for event in self.events:
            del event["seq"], event["digest"]

    def winner(self) -> dict[str, Any]:
        return next(e for e in self.events if e.get("id") == self.result["winner"] and e["event"] == "candidate")

    def write(self, law: str | None = None) -> None:
        (self.archive / MANIFEST).write_bytes(seal(self.manifest))
        link, lines = digest((self.archive / MANIFEST).read_bytes()), []
        for number, event in enumerate(self.events):
            line, link = encode_line(event, number, link)
            lines.append(line)
        (self.archive / EVENTS).write_bytes(b"".join(lines))
        if law is not None:
            (self.archive / LAW).write_text(law)
        names = (MANIFEST, EVENTS, CALLS, *(n for n in (LAW, "data.json.gz") if (self.archive / n).exists()))
        files = {name: file_digest(self.archive / name) for name in names}
        (self.archive / RESULT).write_bytes(seal({**self.result, "files": files}))
        for name in ("attached.json", "report.html", "picked.json", "uncertainty.json"):
            (self.archive / name).unlink(missing_ok=True)


@pytest.fixture
def forger(sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Forger:
    monkeypatch.chdir(tmp_path)
    copied = tmp_path / "runs" / sealed.relative_to(sealed.parents[2])
    shutil.copytree(sealed, copied)
    return Forger(copied)


QUICK = (
    ("inspect", "{}"),
    ("inspect", "{}", "--json"),
    ("laws", "{}"),
    ("export", "{}", "--format", "law"),
    ("export", "{}", "--format", "latex"),
    ("export", "{}", "--format", "sympy"),
    ("export", "{}", "--format", "json"),
)
REPORT, REPLAY, PREDICT, RESUME = (
    ("report", "{}"),
    ("replay", "{}"),
    ("predict", "{}", "--at", "N=5"),
    ("resume", "{}"),
)


def told(archive: Path, commands: Iterable[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> str:
    """What the commands say; fails where one ends in anything but a status, or lets an escape through."""
    words = ""
    for command in commands:
        name = " ".join(command)
        try:
            main([part.format(archive) for part in command])
        except SystemExit as ended:
            status = ended.code
        except BaseException as error:  # noqa: BLE001 - a traceback is the failure that is looked for
            pytest.fail(f"{name}: {type(error).__name__}: {error}")
        captured = capsys.readouterr()
        text = captured.out + captured.err
        assert status in (0, 1, 2, None), name
        assert "Traceback" not in text
        assert "pydantic" not in text
        assert not set("\x1b\x07\u202e") & set(text), name
        words += text
    return words


EVENTS_CHANGED: dict[str, Change] = {
    "no id": lambda e: e.pop("id"),
    "no source": lambda e: e.pop("source"),
    "no evaluation": lambda e: e.pop("evaluation"),
    "evaluation of words": lambda e: e.update(evaluation="fine"),
    "evaluation of nothing": lambda e: e.update(evaluation={}),
    "verdict of old": lambda e: e["evaluation"].update(verdict="splendid"),
    "markup in the id": lambda e: e.update(id="[/bold]"),
    "escapes in the id": lambda e: e.update(id=ESCAPE),
    "a number as id": lambda e: e.update(id=7),
    "a number as source": lambda e: e.update(source=7),
    "a list as origin": lambda e: e.update(origin=["x"]),
    "parents of numbers": lambda e: e.update(parents=[1, 2]),
    "parents of words": lambda e: e.update(parents="abc"),
    "round of words": lambda e: e.update(round="first"),
    "round below": lambda e: e.update(round=-1),
    "empty constants": lambda e: e["evaluation"].update(constants={}),
    "ragged constants": lambda e: e["evaluation"].update(constants={"names": ["a", "b"], "values": {"all": [1.0]}}),
    "constants of words": lambda e: e["evaluation"].update(constants={"names": ["a"], "values": {"all": ["x"]}}),
    "constants without names": lambda e: e["evaluation"].update(constants={"names": [], "values": {}}),
    "constants renamed": lambda e: e["evaluation"].update(constants={"names": ["zz"], "values": {"all_data": [1.0]}}),
    "constants twice": lambda e: e["evaluation"].update(constants={"names": ["a", "a"], "values": {"g": [1.0, 2.0]}}),
    "spent on words": lambda e: e.update(spent={"seconds": "long"}),
    "folds of words": lambda e: e["evaluation"].update(folds="none"),
}


@pytest.mark.parametrize("name", quick_first(EVENTS_CHANGED, 12))
def test_an_event_that_no_version_writes_is_a_sentence(
    name: str, forger: Forger, capsys: pytest.CaptureFixture[str]
) -> None:
    EVENTS_CHANGED[name](forger.winner())
    forger.write()
    told(forger.archive, (*QUICK, REPORT) if "constants" in name else QUICK, capsys)


def _constants(change: Callable[[dict[str, Any]], Any]) -> Change:
    return lambda result: result.update(constants=change(result["constants"]))


RESULTS_CHANGED: dict[str, Change] = {
    "no constants": _constants(lambda _: {}),
    "constants gone": _constants(lambda _: None),
    "an empty group": _constants(lambda c: {group: {} for group in c}),
    "renamed": _constants(lambda c: {group: {f"{name}_": v for name, v in row.items()} for group, row in c.items()}),
    "renamed groups": _constants(lambda c: {f"{group}{ESCAPE}": row for group, row in c.items()}),
    "ragged": _constants(lambda c: {**c, "more": {"q": 1.0}}),
    "infinite": _constants(lambda c: {group: dict.fromkeys(row, "Infinity") for group, row in c.items()}),
    "words": _constants(lambda c: {group: dict.fromkeys(row, "x") for group, row in c.items()}),
    "winner unknown": lambda r: r.update(winner="000000000000"),
    "winner of escapes": lambda r: r.update(winner=ESCAPE),
    "no winner": lambda r: r.update(winner=None),
    "expression": lambda r: r.update(expression=f"y = [/bold] {ESCAPE}"),
    "reason": lambda r: r.update(reason=f"[/red] {ESCAPE}"),
    "details": lambda r: r.update(details={"stopped": f"[/x]{ESCAPE}", "account": ["?"]}),
    "account": lambda r: r.update(details={"account": {"calls": "many", "models": 3}}),
    "scores of words": lambda r: r.update(scores={"train": "good"}),
    "no scores": lambda r: r.update(scores={}),
    "seconds": lambda r: r.update(seconds="NaN"),
    "inseparable": lambda r: r.update(inseparable=[f"[/bold]{ESCAPE}"]),
    "error": lambda r: r.update(error=f"[/bold]{ESCAPE}"),
    "kind": lambda r: r.update(kind="pair"),
    "closed": lambda r: r.update(kind="law"),
}


@pytest.mark.parametrize("name", quick_first(RESULTS_CHANGED, 9))
def test_a_result_that_no_version_writes_is_a_sentence(
    name: str, forger: Forger, capsys: pytest.CaptureFixture[str]
) -> None:
    RESULTS_CHANGED[name](forger.result)
    forger.write()
    told(forger.archive, (*QUICK, REPORT), capsys)


MANIFESTS_CHANGED: dict[str, Change] = {
    "title": lambda m: m["task"].update(title=f"[/bold]{ESCAPE}"),
    "created": lambda m: m.update(created=f"[/bold]{ESCAPE}"),
    "agent": lambda m: m.update(agent=f"[/bold]{ESCAPE}"),
    "model": lambda m: m.update(model=f"[/bold]{ESCAPE}"),
    "config": lambda m: m.update(config={}),
    "no data": lambda m: m.update(data=None),
    "feature": lambda m: m["task"].update(features=["N\x1b[31m"]),
    "no target": lambda m: m["task"].update(targets=[]),
    "versions": lambda m: m.update(versions={ESCAPE: ESCAPE}),
    "seed": lambda m: m.update(seed=-(10**30)),
    "notices": lambda m: m.update(source=ESCAPE),
}


@pytest.mark.parametrize("name", quick_first(MANIFESTS_CHANGED, 5))
def test_a_manifest_that_no_version_writes_is_a_sentence(
    name: str, forger: Forger, capsys: pytest.CaptureFixture[str]
) -> None:
    MANIFESTS_CHANGED[name](forger.manifest)
    forger.write()
    told(forger.archive, (*QUICK, PREDICT, RESUME, ("inspect",)), capsys)


LAWS_CHANGED = {
    "empty": "",
    "no law": "x = 1\n",
    "words": "this is no Python {",
    "escapes": f"# {ESCAPE}\ndef law(input_data, group='g'):\n    return [{{'y': 1.0}} for row in input_data]\n",
    "null": "\0",
    "raises": "def law(input_data, group):\n    raise ValueError('\\x1b[31m')\n",
    "wrong": "def law(input_data, group):\n    return [{'y': 1.0} for row in input_data]\n",
    "nothing": "def law(input_data, group):\n    return None\n",
    "deep": "x = " + "(" * 5000 + ")" * 5000 + "\n",
    "long sum": "x = " + "+".join(["1"] * 100_000) + "\n",
    "too long": "x = 1\n" * 200_000,
}


@pytest.mark.parametrize("name", quick_first(LAWS_CHANGED, 4))
def test_a_law_that_is_none_is_a_sentence(name: str, forger: Forger, capsys: pytest.CaptureFixture[str]) -> None:
    forger.write(LAWS_CHANGED[name])
    assert "reproduced" not in told(forger.archive, (REPLAY,), capsys)
    told(forger.archive, QUICK, capsys)


def test_control_what_is_not_altered_is_reproduced(forger: Forger, capsys: pytest.CaptureFixture[str]) -> None:
    forger.write()
    said = told(forger.archive, (*QUICK, REPORT, REPLAY, PREDICT, RESUME), capsys)
    assert "reproduced" in said
    assert "differs" not in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": 1, "a": 2}', "twice"),
        ('{"a": {"b": 1, "b": 1}}', "twice"),
        ('{"a": 1e999}', "no finite number"),
        ('{"a": ' + "9" * 100 + "}", "digits"),
        ('{"a": NaN}', "no finite number"),
        ("[" * 100_000, "deeply"),
    ],
)
def test_json_of_strangers_is_read_in_one_way_only(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        canonical_json.decode(text.encode())


@pytest.mark.parametrize("value", [0.9999, -1.0, 1.0])
def test_a_validation_score_that_was_altered_is_contradicted(
    value: float, forger: Forger, capsys: pytest.CaptureFixture[str]
) -> None:
    assert forger.result["validation_r2"] != value
    forger.result["validation_r2"] = value
    forger.write()
    said = " ".join(told(forger.archive, (REPLAY,), capsys).split())
    assert "held-out R² is " in said
    assert f"archived is {value!r}" in said
    assert "reproduced" not in said
    assert "A replay cannot check cost" in said
