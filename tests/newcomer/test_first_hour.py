"""The first hour of a newcomer: ten things that are tried with one's own CSV, in the order they are tried."""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith import Law, discover
from lawsmith.agent.cli import main

FORMS = ("E + A/N^a + B/D^b", "E + A/N^a")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs.csv, runs to come, and one finished search of a few forms."""
    folder = tmp_path_factory.mktemp("hour")
    rng = np.random.default_rng(1)
    n, d = (grid.ravel() for grid in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 1e11, 6)))
    loss = 1.7 + 400 * n**-0.34 + 400 * d**-0.28 + 0.003 * rng.standard_normal(36)
    frame = pd.DataFrame({"run_id": [f"r{k}" for k in range(36)], "N": n, "D": d, "loss": loss})
    frame.to_csv(folder / "runs.csv", index=False)
    (folder / "future.csv").write_text("name,N,D\nnext,70B,1.4T\nsmall,2e9,4e10\n")
    forms = [word for form in FORMS for word in ("--form", form)]
    told = in_folder(folder, ["runs.csv", "--target", "loss", "--only", *forms])
    assert told.returncode == 0, told.stderr
    return folder


def in_folder(folder: Path, arguments: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """`discover` in a process of its own, with neither terminal nor input."""
    return subprocess.run(
        [sys.executable, "-m", "lawsmith", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def ask(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """`discover` in this process: exit status, stdout and stderr."""
    monkeypatch.chdir(folder)

    def asked(line: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(shlex.split(line))
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return asked


def test_1_a_csv_becomes_a_page(ask, folder: Path):
    status, said, _ = ask("report latest --out page.html")
    page = (folder / "page.html").read_text("utf-8")
    assert status == 0 and "page.html" in said
    assert "<math" in page and "<svg" in page and "How good it is" in page
    assert not re.search(r"""(?:src|href)=["']https?://""", page) and len(page) < 3_000_000


def test_2_predictions_from_a_file(ask, folder: Path):
    status, _, said = ask("predict latest --rows future.csv --out predictions.csv")
    rows = list(csv.DictReader((folder / "predictions.csv").open()))
    assert status == 0 and "2 rows" in said and [row["name"] for row in rows] == ["next", "small"]
    law = Law.open("latest", folder / "runs")
    assert float(rows[0]["loss predicted"]) == pytest.approx(law.predict({"N": [7e10], "D": [1.4e12]})[0])
    assert float(rows[1]["loss low"]) < float(rows[1]["loss predicted"]) < float(rows[1]["loss high"])


def test_3_the_optimum_for_a_budget(ask):
    status, out, _ = ask("optimum latest --budget '6*N*D=1e21'")
    found = json.loads(ask("optimum latest --budget '6*N*D=1e21' --json")[1])["features"]
    assert status == 0 and "lowest loss for 6*N*D=1e21" in out
    assert 6 * found["N"]["value"] * found["D"]["value"] == pytest.approx(1e21, rel=0.01)


def test_4_another_law_is_picked(ask):
    listed = json.loads(ask("laws latest --json")[1])["laws"]
    (other,) = [law["id"] for law in listed if not law["chosen"]]
    assert ask(f"laws latest --pick {other}")[0] == 0
    assert "N^-a" in ask("inspect latest")[1]
    point = "predict latest --at N=1e9 --json"
    assert json.loads(ask(point)[1])["law"] == other  # the picked law has no D
    assert ask("laws latest --pick chosen")[0] == 0
    assert ask(point)[0] == 2


def test_5_a_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    result = discover("runs.csv", target="loss", form=FORMS[0], only=True, runs_dir="notebook")
    shown = result._repr_html_()
    assert "<math" in shown and len(repr(result).splitlines()) <= 12
    assert list(result.table()["chosen"]) == [True]
    frame = pd.read_csv("runs.csv")
    assert result.law.predict(frame) == pytest.approx(frame["loss"], abs=0.05)
    assert result.report("notebook.html").is_file()


def test_6_the_csv_has_moved(folder: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "runs.csv").unlink()
    for arguments in ("replay latest", "predict latest --at N=1e9,D=1e10", "report latest --out there.html"):
        told = in_folder(copy, shlex.split(arguments))
        assert told.returncode == 0, (arguments, told.stderr)
    assert "<svg" in (copy / "there.html").read_text("utf-8")


def test_7_a_published_law_on_replica_rows_is_not_compared(ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LAWSMITH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    status, out, said = ask("replay published/sft/openhands-gpt-5")
    assert status == 0 and "replayed on the REPLICA" in out and "differs" not in out
    assert "nothing was compared" in said and "--data-dir" in said
    assert (
        ask("laws published/sft/openhands-gpt-5")[1]
        .strip()
        .endswith("records no search; `discover inspect` shows its law.")
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("runs.csv --target los", "did you mean loss?"),
        ("runs.csv --target loss --features NN", "did you mean N?"),
        ("run.csv --target loss", "did you mean runs.csv"),
        ("--task sfr", "did you mean sft?"),
        ("inspekt", "did you mean inspect"),
        ("runs.csv --targt loss", "did you mean --target"),
        ("predict latest --at N=1e9,d=1e10", "no feature 'd'; did you mean D?"),
        ("predict latest --at N=abc,D=1e10", "'abc'"),
        ("predict latest --at 'N=1e9 D=1e10'", "write FEATURE=NUMBER,… for N, D"),
        ("predict latests --at N=1e9", "latest"),
        ("export latest --format pdf", "the formats are law, latex"),
        ("runs.csv --target loss --runs abc", "--runs takes a whole number, not 'abc'"),
        ("runs.csv --target loss --form 'E + A/M^a' --only", "the features are N and D"),
        ("laws latest --pick zzz", "names no law"),
    ],
)
def test_8_wrong_names_get_one_sentence_with_the_right_one(ask, line: str, said: str):
    status, out, error = ask(line)
    assert status == 2 and not out and "Traceback" not in error
    assert said in error and error.count("discover: ") == 1


@pytest.mark.parametrize("width", ["40", "60"])
def test_9_a_narrow_terminal_is_readable(ask, monkeypatch: pytest.MonkeyPatch, width: str):
    monkeypatch.setenv("COLUMNS", width)
    for command in ("inspect", "laws latest", "inspect latest", "predict latest --at N=1e9,D=1e10", "tasks"):
        status, out, _ = ask(command)
        letters = [line for line in out.splitlines() if re.fullmatch(r"\s*\w{1,2}\s*", line)]
        assert status == 0 and len(re.findall(r"[^\W\d_]{3,}", out)) > 5, command
        assert len(letters) <= 2, (command, out)  # no column of single letters


def test_10_without_a_terminal(folder: Path, tmp_path: Path):
    shutil.copy(folder / "runs.csv", tmp_path)
    told = in_folder(tmp_path, ["runs.csv", "--target", "loss", "--time-limit", "0.2", "--json"])
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["runs"][0]["laws"]  # stdout is the result alone
    assert "\x1b" not in told.stdout + told.stderr and "run 1/1: held-out R²" in told.stderr
    silent = in_folder(tmp_path, ["laws", "latest", "-q"])
    assert silent.returncode == 0 and not silent.stderr
