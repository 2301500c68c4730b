"""Laws found in tables of few rows, from beside the checkout: right on rows beyond, and no more than they can pay for.
What is read of every table stands in tests/tasks/test_cases.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lawsmith import discover
from tests.made import narrow_beams

FOUND = {
    # file: (target, least R² beyond, most constants per group)
    "07-decay-mjd": ("rate", 0.7, 3),  # the true form has 0.73 to 0.88, by what its rows weigh
    "08-tiny-units": ("Q_C", 0.999, 2),
    "14-sigma-outliers": ("y", 0.95, 4),
    "15-exp-40-decades": ("y", 0.999, 2),
    "22-transistor": ("ids", 0.999, 5),
}
YEARS = "year,flops\n2022-06-01,8.263e19\n2024-06-01,2.44e20\n"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All these laws are in the library: further generations of changes, and wide beams of sums, find nothing else."""
    monkeypatch.setattr("lawsmith.agent.symbolic.symbolic_proposer.GENERATIONS", 1)
    with narrow_beams():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_the_law_holds_beyond_the_rows(name: str, cases: Path, tmp_path: Path) -> None:
    target, least, constants = FOUND[name]
    found = discover(cases / f"{name}.csv", target=target, test=cases / f"{name}-truth.csv", runs_dir=tmp_path).runs[0]
    assert found.test_r2 is not None
    assert found.test_r2 > least
    assert len(next(iter((found.result.constants or {}).values()))) <= constants


@pytest.mark.slow
def test_growth_by_a_factor_each_year_stays_exponential(cases: Path, tmp_path: Path) -> None:
    beyond = tmp_path / "beyond.csv"
    beyond.write_text(YEARS)
    found = discover(cases / "16d-years.csv", target="flops", test=beyond, runs_dir=tmp_path / "runs").runs[0]
    assert found.test_r2 is not None
    assert found.test_r2 > 0.8
    assert any("Errors of flops grow with its value" in sentence for sentence in found.result.verdict)
