"""The Python API with a scripted proposer; sandbox, selection and archives are real."""

import io
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from agent_doubles import ScriptedProposer, power_law_csv
from scripted_discover import FORMS, script

import lawsmith
import lawsmith.agent.symbolic
from lawsmith.agent.command.api import _file
from lawsmith.runs import Archive
from lawsmith.runs.trials import History, Trial
from lawsmith.tasks import InputError

TRUE = "loss = L + A * N^-a"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    table = pd.read_csv(io.StringIO(power_law_csv()))
    return pd.concat([table.assign(model=name, loss=table.loss * factor) for name, factor in (("a", 1), ("b", 2))])


class Watching(lawsmith.Observer):
    def __init__(self) -> None:
        self.tried_: list[str] = []
        self.finished_: list[int] = []

    def tried(self, trial: Trial, history: History) -> None:
        assert trial.id in history
        self.tried_.append(trial.id)

    def finished(self, index: int, run: lawsmith.Run) -> None:
        self.finished_.append(index)


@pytest.fixture(scope="module")
def found(frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> tuple[lawsmith.Result, Watching]:
    watching = Watching()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", lambda task, seed, **_: ScriptedProposer(script()))
        result = lawsmith.discover(
            frame,
            target="loss",
            group="model",
            runs=2,
            seed=7,
            runs_dir=tmp_path_factory.mktemp("api") / "runs",
            observer=watching,
        )
    return result, watching


def test_a_data_frame_becomes_a_law(found: tuple[lawsmith.Result, Watching]) -> None:
    result, _ = found
    assert result.selected is result.runs[0]
    assert [run.manifest.seed for run in result.runs] == [7, 8]
    assert result.law is not None
    assert result.law.expression == TRUE
    assert set(result.law.constants) == {"a", "b"}
    assert result.leaderboard_scores is None


def test_the_law_predicts_beyond_the_data(found: tuple[lawsmith.Result, Watching]) -> None:
    law = found[0].law
    assert law is not None
    rows = {"N": np.array([1e10, 1e10]), "model": ["a", "b"]}
    truth = (1 + 50 * 1e10**-0.3) * np.array([1, 2])
    assert law.predict(rows) == pytest.approx(truth, rel=0.01)
    assert law.predict(pd.DataFrame(rows)) == pytest.approx(law.predict(rows))
    assert law.predict({"N": [1e10]}, group="b")[0] == pytest.approx(truth[1], rel=0.01)


@pytest.mark.parametrize(
    ("rows", "group", "expected"),
    [
        ({"D": [1.0]}, "a", "lack N"),
        ({"N": ["many"]}, "a", "no number"),
        ({"N": [[1.0, 2.0]]}, "a", "one length"),
        ({"N": [1.0]}, None, "Name a group"),
        ({"N": [1.0]}, "zebra", "no group 'zebra'"),
    ],
)
def test_rows_that_cannot_be_predicted(
    found: tuple[lawsmith.Result, Watching], rows: dict[str, object], group: str | None, expected: str
) -> None:
    law = found[0].law
    assert law is not None
    with pytest.raises(InputError, match=expected):
        law.predict(rows, group)


def test_runs_of_a_command_share_evaluations_but_each_archive_is_whole(found: tuple[lawsmith.Result, Watching]) -> None:
    result, watching = found
    assert watching.finished_ == [0, 1]
    assert watching.tried_[: len(FORMS)] == watching.tried_[len(FORMS) :]
    first, second = (run.trials for run in result.runs)
    assert [trial.evaluation for trial in first] == [trial.evaluation for trial in second]
    assert all(Archive.open(run.archive).verify() == [] for run in result.runs)


def test_the_saved_data_frame_lets_a_finished_command_be_read_again(
    found: tuple[lawsmith.Result, Watching], monkeypatch: pytest.MonkeyPatch
) -> None:
    result, _ = found

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to be searched")

    monkeypatch.setattr(lawsmith.agent.symbolic, "SymbolicProposer", refuse)
    again = lawsmith.resume(result.runs[1].archive)
    assert [run.result for run in again.runs] == [run.result for run in result.runs]
    assert again.reason == result.reason


def test_import_does_not_wait_for_the_machinery() -> None:
    import subprocess
    import sys

    heavy = "numpy", "pandas", "scipy", "openai", "sympy"
    for module, loaded in {"cli": [], "command.runner": ["numpy"]}.items():
        code = f"import lawsmith.agent.{module}, sys; print([m for m in {heavy!r} if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == str(loaded)


def test_a_name_that_is_no_part_of_the_api() -> None:
    with pytest.raises(AttributeError, match="rediscover"):
        lawsmith.rediscover  # noqa: B018


def test_a_string_is_a_file_where_a_target_is_named_and_else_a_task(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        lawsmith.discover("train.csv", target="loss", runs_dir=tmp_path)
    with pytest.raises(InputError, match="There is no task"):
        lawsmith.discover("train", runs_dir=tmp_path)
    with pytest.raises(InputError, match=r"Law\.open opens the law of a run"):
        lawsmith.load(str(tmp_path))


def test_tables_of_other_kinds_are_read_or_refused() -> None:
    columns = {"x": [1.0, 2.0], "y": [3.0, 4.0]}
    rows = [{"x": 1.0, "y": 3.0}, {"x": 2.0, "y": 4.0}]
    expected = pd.DataFrame(columns)
    for table in (columns, rows, expected, pa.table(columns)):
        pd.testing.assert_frame_equal(cast(pd.DataFrame, _file(table)), expected)
    with pytest.raises(InputError, match="A ndarray is no table with named columns; give a file, a DataFrame, a dict"):
        lawsmith.discover(np.ones((5, 2)), target="y")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="columns of the table do not fit together"):
        lawsmith.discover({"x": [1.0], "y": [1.0, 2.0]}, target="y")
