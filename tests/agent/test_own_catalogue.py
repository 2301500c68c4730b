"""A user's file of known laws joins a search: its laws are judged, listed, archived and shown with their sources."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.runs import Archive
from lawsmith.tasks import InputError
from tests.command import run_command

FILE = """
[[law]]
name = "competitive inhibition"
formula = "V * s / (K * (1 + i/Ki) + s)"
source = "Cornish-Bowden 2012"
domain = "enzymes"
features = { s = "positive", i = "not negative" }
constants = { V = [0, inf], K = [0, inf], Ki = [0, inf] }

[[law]]
name = "three"
formula = "a * x * y * z"
source = "nobody 2000"
domain = "any"
features = { x = "any", y = "any", z = "any" }
"""


def rates(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    dose, blocker = rng.uniform(0.1, 5, rows), rng.choice([0.0, 1.0, 3.0], rows)
    rate = 9 * dose / (0.5 * (1 + blocker / 2) + dose) * (1 + 0.003 * rng.standard_normal(rows))
    return pd.DataFrame({"dose": dose, "blocker": blocker, "rate": rate})


def test_the_laws_that_suit_are_judged_and_the_file_is_archived(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FILE)
    found = discover(rates(), target="rate", catalogue=path, only=True, runs_dir=tmp_path / "runs")
    (law,) = found.catalogue[:1]
    assert law.place == 1 and law.row is not None and law.row.chosen
    assert law.trial.proposal.origin == "catalogue: competitive inhibition (Cornish-Bowden 2012)"
    assert found.law is not None
    assert found.law.constants["all_data"] == pytest.approx({"V": 9, "K": 0.5, "Ki": 2}, rel=0.1)
    assert found.to_json()["catalogue"][0]["name"] == "competitive inhibition (Cornish-Bowden 2012)"
    path.unlink()
    archive = Archive.open(found.runs[0].archive)
    assert archive.manifest.config["catalogue"] == FILE


def test_the_command_names_the_best_law_and_its_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.toml").write_text(FILE)
    rates().to_csv(tmp_path / "rates.csv", index=False)
    asked = f"{tmp_path}/rates.csv --target rate --catalogue {tmp_path}/own.toml --only --runs-dir {tmp_path}/runs"
    told = run_command(capsys, *asked.split())
    printed = told.out
    assert "1 of 2 laws of the catalogue suit no columns" in " ".join(told.err.split())
    assert "catalogue:" in printed and "found as: catalogue: competitive inhibition (Cornish-Bowden 2012)" in printed


def test_a_catalogue_of_which_nothing_suits_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FILE[FILE.index('[[law]]\nname = "three"') :])
    with pytest.raises(
        InputError, match="1 of 1 laws of the catalogue suit no columns of the table, among them 'three'"
    ):
        discover(rates(), target="rate", catalogue=path, only=True, runs_dir=tmp_path / "runs")


@pytest.mark.slow
def test_a_run_with_a_catalogue_repeats_without_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "own.toml"
    path.write_text(FILE)
    found = discover(rates(), target="rate", catalogue=path, only=True, runs_dir=tmp_path / "runs")
    path.unlink()
    run_command(capsys, "replay", str(found.runs[0].archive), "--json")
