"""The Python API with a scripted proposer; sandbox, selection and archives are real."""

import io
from collections.abc import Callable
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
from lawsmith.agent.api import _file
from lawsmith.runs import Archive
from lawsmith.runs.records.trials import History, Trial
from lawsmith.tasks import Dataset, InputError

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
    assert law.predict([{"N": 1e10, "model": "a"}, {"N": 1e10, "model": "b"}]) == pytest.approx(law.predict(rows))
    assert law.predict(pd.Series({"N": 1e10}), group="a") == pytest.approx(law.predict(rows)[:1])
    assert law.predict({"N": [1e10]}, group="b")[0] == pytest.approx(truth[1], rel=0.01)
    assert law.predict({"N": [1e10, 1e10], "model": "b"}) == pytest.approx(truth[[1, 1]], rel=0.01)
    with pytest.raises(InputError, match="2 values of each feature, but 3 labels"):
        law.predict({"N": [1e10, 1e10], "model": ["a", "b", "a"]})


@pytest.mark.parametrize(
    ("rows", "group", "expected"),
    [
        ({"D": [1.0]}, "a", "lack N"),
        ({"N": ["many"]}, "a", "N: .many. is not a number"),
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
    monkeypatch.setattr(lawsmith.agent.command.runner, "Sandbox", refuse)
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
    with pytest.raises(
        InputError, match="A ndarray is not a table with named columns; give a file, a DataFrame, a dict"
    ):
        lawsmith.discover(np.ones((5, 2)), target="y")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="columns of the table do not fit together"):
        lawsmith.discover({"x": [1.0], "y": [1.0, 2.0]}, target="y")


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Dataset]:
    """`discover` without its search: what it makes of a table."""
    monkeypatch.setattr("lawsmith.agent.api._execute", lambda command, observer: command.dataset)

    def read(data: object, **options: object) -> Dataset:
        found = lawsmith.discover(data, **({"target": "y", "runs_dir": tmp_path} | options))  # type: ignore[arg-type]
        return cast(Dataset, found)

    return read


POINTS = pd.DataFrame({"x": [1.0, 2, 4, 8, 16, 32], "y": [7.0, 5.5, 4.5, 3.8, 3.3, 2.9]})


@pytest.mark.parametrize(
    ("table", "features"),
    [
        (POINTS.set_index("x")["y"], ("x",)),
        (POINTS.set_index("x", drop=False), ("x",)),
        (pd.DataFrame({"y": POINTS["y"].tolist()}, index=POINTS["x"].tolist()), ("index",)),
        (pd.DataFrame({"y": POINTS["y"].tolist()}, index=pd.date_range("2020", periods=6)), ("index",)),
        (POINTS[POINTS["x"] > 0].set_axis([5, 3, 9, 1, 0, 2]), ("x",)),
        (POINTS.assign(x=POINTS["x"].to_numpy(dtype=np.longdouble)), ("x",)),
        (POINTS.to_records(index=False), ("x",)),
        (tuple(POINTS.to_dict("records")), ("x",)),
    ],
)
def test_tables_of_python(table: object, features: tuple[str, ...], read_only: Callable[..., Dataset]) -> None:
    data = read_only(table)
    assert data.task.schema.features == features
    assert data.task.train.targets["y"].tolist() == POINTS["y"].tolist()


def test_a_column_of_several_levels_is_named_by_its_tuple(read_only: Callable[..., Dataset]) -> None:
    frame = POINTS.set_axis(pd.MultiIndex.from_tuples([("in", "x"), ("out", "y")]), axis=1)
    schema = read_only(frame, target=("out", "y"), features=[("in", "x")]).task.schema
    assert (schema.features, schema.targets) == (("in.x",), ("out.y",))


def test_knowledge_and_reach_as_mappings(read_only: Callable[..., Dataset]) -> None:
    known = read_only(
        POINTS, expect={"y": "falls with x"}, reach={"x": 50}, ranges={"y": (0, None)}
    ).task.schema.knowledge
    assert known == read_only(POINTS, expect="y falls with x", reach="x=50", ranges="y=0:").task.schema.knowledge
    assert known.expectations and known.reach and known.ranges


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": []}, "No feature is named. Name some, or leave the option out"),
        ({"sigma": np.ones(6)}, r"sigma is array\(.*; it should be text, the name of a column"),
        ({"seed": None}, "seed is None; it should be a valid integer"),
        ({"cap": 2.5}, "cap is 2.5; it should be a valid integer"),
        ({"time_limit": "soon"}, "time_limit is 'soon'; it should be a valid number"),
        ({"target": "loss"}, "^The table has no column 'loss'"),
        (
            {"test": {"x": [1.0], "y": [2.0]}, "name": "runs"},
            "^The table 'runs-test': the target 'y' is 2 in every row",
        ),
    ],
)
def test_arguments_of_another_type_get_one_sentence(
    options: dict[str, object], message: str, read_only: Callable[..., Dataset]
) -> None:
    with pytest.raises(InputError, match=message):
        read_only(POINTS, **options)


def test_an_index_that_contradicts_a_column_is_refused(read_only: Callable[..., Dataset]) -> None:
    with pytest.raises(InputError, match="index and one of its columns are both called 'x'; rename one"):
        read_only(POINTS.set_index(pd.Index(range(6), name="x")))


def test_no_target_is_one_sentence(tmp_path: Path):
    with pytest.raises(InputError, match="Name the column to predict"):
        lawsmith.discover(pd.DataFrame({"N": [1, 2], "loss": [3, 4]}), target=None, runs_dir=tmp_path)
