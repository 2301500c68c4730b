"""The scikit-learn estimator: what scikit-learn asks of every regressor, and a law found inside a pipeline."""

import os
from collections.abc import Iterator, Sequence
from types import TracebackType

import numpy as np
import pytest

import lawsmith.agent.command.runner
import lawsmith.agent.symbolic
import lawsmith.runs.laws.law
from lawsmith.runs import Archive
from lawsmith.runs.records.data import open_data
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, Task

pytest.importorskip("sklearn", reason="needs scikit-learn")

from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from lawsmith.agent.estimator import LawRegressor


class Linear:
    """Proposes one form, linear in every feature, in place of the search; everything else is as it always is."""

    def __init__(self, task: Task, seed: int, **_: object) -> None:
        features = task.schema.features
        names = tuple(f"b{k}" for k in range(len(features)))
        terms = " + ".join(f"p[{b!r}] * x[{f!r}]" for b, f in zip(names, features, strict=True))
        self.source = f"PARAMETERS = {('a', *names)!r}\ndef form(x, p):\n    return p['a'] + {terms}\n"

    def propose(self, history: History) -> Sequence[Proposal]:
        return () if len(history) else (Proposal(self.source, origin="given"),)


class Shared:
    """The session's sandbox where the code under test would start one of its own for every fit and prediction."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def __enter__(self) -> Sandbox:
        return self.sandbox

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


@pytest.fixture
def quick(sandbox: Sandbox) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", Linear)
        patch.setattr(lawsmith.agent.command.runner, "doubted", lambda dataset, *rest: (dataset, None))
        for module in (lawsmith.agent.command.runner, lawsmith.runs.laws.law):
            patch.setattr(module, "Sandbox", lambda *args, **kwargs: Shared(sandbox))
        yield


@pytest.mark.usefixtures("quick")
@parametrize_with_checks(
    [LawRegressor()],
    expected_failed_checks=lambda estimator: {
        "check_sample_weight_equivalence_on_dense_data": "a robust fit looks at the rows' scatter: alike, not equal"
    },
)
def test_the_estimator_is_as_scikit_learn_asks(estimator, check):
    check(estimator)


def test_the_estimator_finds_a_power_law_in_a_pipeline():
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    x = np.geomspace(1, 1000, 12)[:, None]
    y = 2 + 3 * x[:, 0] ** -0.5
    model = make_pipeline(FunctionTransformer(), clone(LawRegressor(time_limit=None, cap=3, workers=1))).fit(x, y)
    assert model.score(x, y) > 0.99 and model[-1].expression_.startswith("y = ")


@pytest.mark.slow
@pytest.mark.skipif("LAWSMITH_SLOW" not in os.environ, reason="takes ten minutes; LAWSMITH_SLOW=1 runs it")
def test_the_estimator_is_as_scikit_learn_asks_with_the_search_itself():
    hasty = {"check_regressors_train": "asks for a good law of ten features, which takes longer than 0.2 s"}
    check_estimator(LawRegressor(time_limit=0.2, workers=1), expected_failed_checks=hasty)


def test_a_form_of_ones_own_is_fitted_and_a_search_that_time_ended_warns():
    x = np.geomspace(1, 1000, 12)[:, None]
    y = 2 + 3 * x[:, 0] ** -0.5
    model = LawRegressor(form="E + B/x0^b", time_limit=None, workers=1).fit(x, y)
    assert model.expression_ == "y = E + B * x0^-b" and model.predict([[1e4]])[0] == pytest.approx(2.03, abs=1e-3)
    with pytest.warns(ConvergenceWarning, match="time limit of 2 s ended the search"):
        LawRegressor(time_limit=2, workers=1).fit(x, y + 0.1 * np.sin(7 * np.log(x[:, 0])))


def replicates() -> tuple[np.ndarray, np.ndarray]:
    """Every point measured four times; the last measurement of each is off by one."""
    x = np.repeat(np.geomspace(1, 1000, 8), 4)
    return x[:, None], 2 + 3 * x**-0.5 + np.tile([-0.01, 0.01, 0.0, 1.0], 8)


@pytest.mark.usefixtures("quick")
def test_equal_rows_are_replicates_and_names_are_kept(tmp_path):
    import pandas as pd

    x, y = replicates()
    model = LawRegressor(runs_dir=tmp_path).fit(pd.DataFrame({"N": x[:, 0]}), y)
    (archive,) = {path.parent for path in tmp_path.rglob("manifest.json")}
    assert len(open_data(Archive.open(archive)).task.train) == 32
    assert list(model.law_.schema.features) == ["N"]
    assert model.predict(pd.DataFrame({"N": [10.0]})).shape == (1,)


@pytest.mark.usefixtures("quick")
def test_rows_count_by_their_sample_weight(tmp_path):
    x, y = replicates()
    trusted = np.tile([1.0, 1.0, 1.0, 1e-6], 8)
    dropped = np.tile([1.0, 1.0, 1.0, 0.0], 8)
    plain, weighted, without = (
        LawRegressor().fit(x, y, sample_weight=w).predict(x[:1])[0] for w in (None, trusted, dropped)
    )
    assert weighted == pytest.approx(without, abs=1e-4)
    assert abs(plain - weighted) > 0.1
    with pytest.raises(InputError, match="is gone; LawRegressor"):
        LawRegressor().fit(x, y).law_.interval({"x0": [10.0]})


def test_moments_are_decimal_years_in_features_and_targets():
    import pandas as pd

    from lawsmith.agent.estimator import _plainly

    moments = pd.DataFrame({"when": pd.to_datetime(["2020-01-01", "2021-07-02"]), "N": [1.0, 2.0]})
    for when in (moments["when"], moments["when"].dt.date, moments["when"].dt.to_period("D")):
        assert _plainly(moments.assign(when=when))["when"].tolist() == pytest.approx([2020, 2021.4986], abs=1e-3)
        assert _plainly(when).tolist() == pytest.approx([2020, 2021.4986], abs=1e-3)
    assert _plainly(moments["when"].to_numpy()[:, None])[0, 0] == 2020
    durations = pd.DataFrame({"took": pd.to_timedelta([90, 120], unit="min")})
    assert _plainly(durations)["took"].tolist() == _plainly(durations["took"]).tolist() == [5400, 7200]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["columns", "rows", "fields", "huge weights"])
def test_tables_of_other_kinds_have_names(kind: str):
    import pandas as pd

    frame = pd.DataFrame({"N": np.geomspace(1, 1000, 12), "D": np.tile([1.0, 3.0, 9.0], 4)})
    tables = {"columns": dict(frame), "rows": frame.to_dict("records"), "fields": frame.to_records(index=False)}
    weight = np.geomspace(1e150, 1e200, 12) if kind == "huge weights" else None
    model = LawRegressor().fit(tables.get(kind, frame), frame["N"] + 2 * frame["D"], sample_weight=weight)
    assert list(model.feature_names_in_) == ["N", "D"]
    assert model.predict(tables.get(kind, frame))[-1] == pytest.approx(1018, rel=1e-6)


def test_labels_are_refused_in_the_words_of_scikit_learn() -> None:
    with pytest.raises(ValueError, match=r"could not convert string to float: .*'a'"):
        LawRegressor().fit(np.arange(4.0)[:, None], ["a"] * 4)
