"""How far a law will be used, as the user states it: read, archived, told to models, and looked at that far."""

import re
from pathlib import Path

import numpy as np
import pytest

from lawsmith.agent.feedback.describe import reach_words
from lawsmith.sandbox import Sandbox, evaluate
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, InputError, Schema, read_dataset
from lawsmith.tasks.frontier.reach import reach_rows
from lawsmith.tasks.knowledge import Knowledge, read_reach
from lawsmith.tasks.user_table import read_decided

RISING = """import numpy as np
PARAMETERS = {"a": (0, 2)}
def form(x, p):
    return 1.0 - p["a"] * np.log(x["N"]) / 20 + 0.0 * x["T"]
"""


def table(folder: Path, reach: tuple[str, ...] = ()) -> Dataset:
    """`y` falls as log N from N = 1 to 1000 and changes its sign near N = 5e8; T is measured from 300 to 400."""
    n, t = np.meshgrid(np.geomspace(1, 1000, 8), np.linspace(300, 400, 4))
    y = 1.0 - np.log(n) / 20
    rows = zip(n.ravel(), t.ravel(), y.ravel(), strict=True)
    path = folder / "t.csv"
    path.write_text("N,T,y\n" + "".join(f"{a:.6g},{b:.6g},{c:.8g}\n" for a, b, c in rows))
    return read_dataset(path, ("y",), ("N", "T"), reach=reach)


def test_reach_as_people_write_it():
    assert read_reach(("10",), ("N", "D", "T"), ("N", "D")) == {"N": 10, "D": 10}
    assert read_reach(("10", "D=1e3", "T=2"), ("N", "D", "T"), ("N", "D")) == {"N": 10, "D": 1000, "T": 2}
    for texts, message in (
        (("far",), "reach 'far' is not understood; write a factor as in 10 or N=100."),
        (("N=1",), "reach 'N=1' is not possible; it must be above 1 (times its largest value)"),
        (("T=-1",), "reach 'T=-1' is not possible; it must be above 0 (widths of its range)"),
        (("Q=2",), "reach names 'Q', which is not a feature;"),
        (("N=nan",), "reach 'N=nan' is not possible"),
    ):
        with pytest.raises(InputError, match=re.escape(message)):
            read_reach(texts, ("N", "T"), ("N",))
    with pytest.raises(InputError, match="no feature varies by factors; name a feature: T=2"):
        read_reach(("10",), ("T",), ())


def test_rows_and_probes_go_as_far_as_stated(tmp_path: Path):
    usual, far = table(tmp_path).task, table(tmp_path, ("N=1e9", "T=3")).task
    assert reach_rows(usual.train).features["N"].max() == pytest.approx(1e5)
    assert SearchTask.of(usual).probes.features["N"].max() == pytest.approx(4e3)  # type: ignore[union-attr]
    rows = reach_rows(far.train, far.knowledge.distances)
    assert rows.features["N"].max() == pytest.approx(1e12) and rows.features["T"].max() == pytest.approx(700)
    probes = SearchTask.of(far).probes
    assert probes is not None
    assert probes.features["N"].max() == pytest.approx(1e12) and probes.features["T"].max() == pytest.approx(700)
    half = len(probes) // 2
    assert 1e3 < probes.features["N"][:half].max() < 1e12
    assert SearchTask.of(far).digest != SearchTask.of(usual).digest


def test_a_law_that_fails_only_beyond_the_usual_distance_is_found_out_when_it_is_stated(tmp_path: Path):
    with Sandbox(workers=1) as sandbox:
        for reach, what in (((), None), (("N=1e9",), "sign")):
            task = table(tmp_path, reach).task
            found = evaluate(sandbox, RISING, task, (), probes=SearchTask.of(task).probes)
            assert (found.unsafe and found.unsafe.what) == what


def test_it_is_archived_and_told(tmp_path: Path):
    task = table(tmp_path, ("100", "T=0.5")).task
    again = Schema.model_validate_json(task.schema.model_dump_json())
    assert again.knowledge == Knowledge(reach={"N": 100.0, "T": 0.5})
    assert read_decided(again, tmp_path / "t.csv").task.knowledge.reach == {"N": 100.0, "T": 0.5}
    told = "How far it lies beyond the data, as the user states it: {}."
    both = "N up to 100 times the largest value, 1e+05, T up to 450"
    assert reach_words(task) == told.format(both)
    assert reach_words(table(tmp_path, ("100",)).task).endswith("1e+05; of the other features it is not known.")
    assert "is not known: assume several times" in reach_words(table(tmp_path).task)
    (tmp_path / "task.toml").write_text('reach = ["N=7"]\n')
    assert table(tmp_path).task.knowledge.reach == {"N": 7.0}
