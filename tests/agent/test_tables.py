"""Options about tables on the command line: what they decide is printed, archived, and never decided again."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.runs.laws.law import Law
from tests.command import run_command

FORM = ("--form", "L + A*N^-a", "--only")


def table() -> pd.DataFrame:
    """Two sizes of each of eight models, three seeds, and the error of each loss."""
    size = np.repeat(10 ** np.linspace(6, 9, 16), 3)
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "lab": np.repeat(["x", "y"], 24),
            "N": size,
            "seed": np.tile([1, 2, 3], 16),
            "loss": np.round(1.5 + 30 * size**-0.3 + 0.001 * rng.standard_normal(48), 4),
            "loss_std": np.linspace(0.001, 0.004, 48),
            "ppl": np.exp(1.5 + 30 * size**-0.3),
        }
    )


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str]:
    """What a command prints as JSON, and what it says on stderr; it must succeed."""
    said = run_command(capsys, *arguments, "--json")
    return json.loads(said.out), said.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    table().to_csv("runs.csv", index=False)
    return tmp_path


def test_roles_and_notices_in_every_output(folder: Path, capsys: pytest.CaptureFixture[str]):
    found, said = run(capsys, "runs.csv", "--target", "loss", *FORM)
    assert {name: entry["role"] for name, entry in found["roles"].items()} == {
        "lab": "group",
        "N": "feature",
        "seed": "replicate",
        "loss": "target",
        "loss_std": "weight",
        "ppl": "companion",
    }
    assert found["notices"][0].startswith("lawsmith left out ppl, another outcome of the same runs;")
    assert found["notices"][0] in said
    assert "tells repeated measurements apart" in said
    manifest = json.loads((Path(found["runs"][0]["archive"]) / "manifest.json").read_text())
    assert [one["name"] for one in manifest["task"]["decided"]["roles"]] == list(table())


@pytest.mark.parametrize("kept", [(), ("--no-data",)])
def test_no_group_stays_no_group(folder: Path, capsys: pytest.CaptureFixture[str], kept: tuple[str, ...]):
    found, _ = run(capsys, "runs.csv", "--target", "loss", "--group", "none", *FORM, *kept)
    name = found["runs"][0]["run"]
    assert found["roles"]["lab"]["role"] == "left out"
    replayed, _ = run(capsys, "replay", name)
    assert replayed["reproduced"] is True
    predicted, _ = run(capsys, "predict", name, "--at", "N=1e10")
    assert predicted["predictions"][0]["value"] == pytest.approx(1.5 + 30 * 1e10**-0.3, abs=0.02)


def test_every_option_reaches_the_table(folder: Path, capsys: pytest.CaptureFixture[str]):
    text = table().assign(kind=np.arange(48) % 3).to_csv(sep=";", decimal=",", index=False)
    Path("german.csv").write_text(text)
    options = ("--category", "kind", "--sigma", "loss_std", "--ignore", "lab", "--range", "loss=0:")
    options += ("--decimal", ",", "--drop-incomplete", "--expect", "loss falls with N", "--reach", "N=100")
    found, _ = run(capsys, "german.csv", "--target", "loss", *options, *FORM)
    assert {name: found["roles"][name]["role"] for name in ("kind", "lab", "loss_std")} == {
        "kind": "category",
        "lab": "left out",
        "loss_std": "weight",
    }
    manifest = json.loads((Path(found["runs"][0]["archive"]) / "manifest.json").read_text())
    assert manifest["task"]["knowledge"] == {
        "ranges": {"loss": [0.0, "Infinity"]},
        "expectations": [{"target": "loss", "direction": "falls", "features": ["N"]}],
        "reach": {"N": 100.0},
        "assumed": [],
    }
    assert manifest["task"]["columns"]["kind"]["levels"] == ["0", "1", "2"]


def test_standard_input(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    class Stdin:
        buffer = io.BytesIO(table().to_json(orient="records").encode())

    monkeypatch.setattr("sys.stdin", Stdin)
    found, _ = run(capsys, "-", "--target", "loss", *FORM)
    assert found["roles"]["N"]["role"] == "feature"
    assert [path.suffix for path in Path("runs/tables").rglob("*.*")] == [".json"]


def test_a_frame_of_nullable_columns_and_a_law_that_takes_labels(tmp_path: Path):
    frame = table().drop(columns=["lab", "ppl"]).convert_dtypes().assign(tied=pd.Categorical(np.arange(48) % 2 == 0))
    frame["gap"] = np.where(np.arange(48) == 3, np.nan, np.arange(48) ** 2)
    found = discover(frame, target="loss", form="L + A*N^-a + b*tied", only=True, runs_dir=tmp_path)
    assert found.dataset.task.schema.features == ("N", "tied")
    assert "lawsmith left out gap" in repr(found) and "lawsmith left out gap" in found._repr_html_()
    assert "tied: 0 is False, 1 is True" in repr(found)
    law = found.law
    assert isinstance(law, Law)
    one, two = law.predict({"N": [1e9, 1e9], "tied": ["True", "False"]})
    b = law.constants["all_data"]["b"]
    assert one - two == pytest.approx(b)
    pytest.importorskip("matplotlib").use("Agg")
    axes = law.plot("N")
    assert axes.get_title() in ("tied = True", "tied = False")
    line, dots = axes.lines
    assert np.interp(dots.get_xdata(), *line.get_data()) == pytest.approx(dots.get_ydata(), rel=0.05)


@pytest.mark.slow
def test_every_question_takes_a_category_by_its_label(folder: Path, capsys: pytest.CaptureFixture[str]):
    used = np.arange(48) % 2 == 0
    frame = table().assign(optimizer=np.where(used, "adam", "muon"), loss=lambda t: t["loss"] + 0.3 * used)
    frame[["N", "optimizer", "loss"]].to_csv("two.csv", index=False)
    found, _ = run(capsys, "two.csv", "--target", "loss", "--form", "L + A*N^-a + d*optimizer", "--only")
    name = found["runs"][0]["run"]
    adam, muon = (
        run(capsys, "predict", name, "--at", f"N=1e9,optimizer={label}")[0]["predictions"][0]["value"]
        for label in ("Adam", "muon")
    )
    assert adam - muon == pytest.approx(0.3, abs=0.02)
    run(capsys, "predict", name, "--rows", "two.csv", "--out", "out.csv")
    predicted = pd.read_csv("out.csv")["loss predicted"]
    assert predicted.to_numpy() == pytest.approx(frame["loss"].to_numpy(), abs=0.1)
    solved, _ = run(capsys, "invert", name, "--target", f"loss={adam}", "--solve", "N", "--at", "optimizer=adam")
    assert solved["solve"]["N"]["value"] == pytest.approx(1e9, rel=0.01)
    best, _ = run(capsys, "optimum", name, "--budget", "N=1e9", "--at", "optimizer=adam")
    assert best["prediction"]["value"] == pytest.approx(adam)
    law = Law.open(name)
    exported: dict[str, Any] = {}
    exec(law.source, exported)
    rows = [{"N": 1e9, "optimizer": label} for label in ("adam", "muon", 1)]
    assert [row["loss"] for row in exported["law"](rows, "all_data")] == pytest.approx([adam, muon, muon])
    with pytest.raises(ValueError, match="'optimizer' in row 0 is 'sgd': this law knows 'adam', 'muon'"):
        exported["law"]([{"N": 1e9, "optimizer": "sgd"}], "all_data")
    said = run_command(capsys, "predict", name, "--at", "N=1e9,optimizer=sgd", status=2).err
    assert "has no level 'sgd'; it has adam and muon" in said


def test_numbers_that_pandas_calls_categories_are_categories(tmp_path: Path):
    frame = table()[["N", "loss"]].assign(
        kind=pd.Categorical(np.arange(48) % 3 + 5), size=pd.Categorical(np.arange(48) % 4, ordered=True)
    )
    found = discover(frame, target="loss", form="L + A*N^-a", only=True, runs_dir=tmp_path)
    assert {one.name: one.role for one in found.dataset.roles} == {
        "N": "feature",
        "loss": "target",
        "kind": "category",
        "size": "feature",
    }


def test_a_formula_with_categories_says_what_their_codes_stand_for(folder: Path, capsys: pytest.CaptureFixture[str]):
    table().assign(tied=np.arange(48) % 2 == 0).to_csv("tied.csv", index=False)
    for command in (["tied.csv", "--target", "loss", "--form", "L + A*N^-a + b*tied", "--only"], ["inspect", "latest"]):
        assert "codes:     tied: 0 is False, 1 is True" in run_command(capsys, *command).out
