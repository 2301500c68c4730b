"""Replicates, errors of rows and stated ranges each change what they should and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawsmith import discover
from lawsmith.agent.command.result import Result

FORM = "E + A/n^a"


def law_of(frame: pd.DataFrame, folder: Path, form: str | list[str] = FORM, **said: Any) -> Result:
    return discover(frame, target="loss", form=form, only=True, trust_all=True, runs_dir=folder, **said)


def constants(result: Result) -> dict[str, float]:
    return dict(result.law.constants["all_data"])


def frame() -> pd.DataFrame:
    n = np.geomspace(10, 1e4, 16)
    rng = np.random.default_rng(0)
    return pd.DataFrame({"n": n, "loss": 1.2 + 3 * n**-0.4 + 0.003 * rng.standard_normal(len(n))})


@pytest.mark.slow
def test_replicates_tell_the_noise_and_leave_the_law_as_it_is(tmp_path: Path) -> None:
    """Rows around the same means, as far apart as the noise: the same constants, and a verdict that knows the noise."""
    means = frame()
    rows = pd.concat([means.assign(loss=means["loss"] + shift) for shift in (-0.1, 0.0, 0.1)], ignore_index=True)
    alone, repeated = law_of(means, tmp_path), law_of(rows, tmp_path)
    assert len(repeated.dataset.task.train) == 3 * len(alone.dataset.task.train)
    assert constants(repeated) == pytest.approx(constants(alone), rel=1e-3)
    assert repeated.law.expression == alone.law.expression
    told = [said for said in repeated.verdict if "Rows with equal features differ by 0.1 " in said]
    assert len(told) == 1
    assert not any("equal features" in said for said in alone.verdict)


def test_rows_that_repeat_exactly_are_kept(tmp_path: Path) -> None:
    twice = pd.concat([frame(), frame()], ignore_index=True)
    found = law_of(twice, tmp_path)
    assert len(found.dataset.task.train) == 32
    assert constants(found) == pytest.approx(constants(law_of(frame(), tmp_path)), rel=1e-3)


def test_an_error_of_each_row_weighs_it(tmp_path: Path) -> None:
    """A wrong row moves the law, unless its error says that it is worth little; equal errors change nothing."""
    right = frame()
    wrong = right.assign(loss=right["loss"] + np.where(np.arange(len(right)) == 12, 2.0, 0.0))
    plain = constants(law_of(right, tmp_path))
    equal = law_of(right.assign(spread=0.003), tmp_path, sigma="spread")
    assert constants(equal) == pytest.approx(plain, rel=1e-6)
    assert "spread" not in equal.dataset.task.train.features
    spoilt = constants(law_of(wrong, tmp_path))
    weighed = wrong.assign(spread=np.where(np.arange(len(right)) == 12, 30.0, 0.003))
    mended = law_of(weighed, tmp_path, sigma="spread")
    assert abs(spoilt["E"] - plain["E"]) > 0.05
    assert constants(mended) == pytest.approx(plain, rel=0.05)
    assert mended.law.expression == equal.law.expression


def test_a_stated_range_rules_out_laws_that_leave_it_and_changes_no_fit(tmp_path: Path) -> None:
    n = np.geomspace(10, 1e4, 24)
    falling = pd.DataFrame({"n": n, "loss": 6 - 0.6 * np.log(n) + 0.002 * np.random.default_rng(1).standard_normal(24)})
    forms = ["B - C*log(n)", "A/n^a"]
    free = law_of(falling, tmp_path, forms)
    bound = law_of(falling, tmp_path, forms, ranges="loss=0:", reach="n=1000")
    fits = [sorted(trial.evaluation.train.nmse for trial in found.runs[0].trials) for found in (free, bound)]
    assert "log" in free.law.expression
    assert "log" not in bound.law.expression
    assert fits[0] == pytest.approx(fits[1], rel=1e-9)
    kept = law_of(frame(), tmp_path, ranges="loss=0:")
    assert constants(kept) == pytest.approx(constants(law_of(frame(), tmp_path)), rel=1e-9)
