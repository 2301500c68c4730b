import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawsmith.tasks import InputError, Schema, read_dataset
from lawsmith.tasks.knowledge import Expectation, Knowledge, range_texts, rate_range, read_knowledge


def known(ranges: tuple[str, ...] = (), expect: tuple[str, ...] = ()) -> Knowledge:
    return read_knowledge(ranges, expect, ("loss", "summary.acc"), ("N", "D", "config.compute"))


def test_ranges_and_expectations_as_people_write_them():
    assert known(("loss=0:", "acc=0:1")).ranges == {"loss": (0, math.inf), "summary.acc": (0, 1)}
    ends = {"loss": (0, None), "acc": [None, 1.5]}
    assert known(range_texts(ends)).ranges == {"loss": (0, math.inf), "summary.acc": (-math.inf, 1.5)}
    with pytest.raises(InputError, match=r"The range of 'loss' is 3; give its two ends, such as \(0, None\)"):
        range_texts({"loss": 3})
    assert known(("loss=:5",)).ranges == {"loss": (-math.inf, 5)}
    assert known((), ("loss falls with N, D",)).expectations == (
        Expectation(target="loss", direction="falls", features=("N", "D")),
    )
    for sentence in ("acc rises with compute", "acc increases with compute.", "acc grows in compute"):
        assert known((), (sentence,)).expectations == (
            Expectation(target="summary.acc", direction="rises", features=("config.compute",)),
        )
    assert known((), ("loss decreases with N and D",)).expectations[0].features == ("N", "D")
    assert known((), ("loss falls as N, D grow.",)).expectations[0].features == ("N", "D")
    assert known(("loss=0:",), ("loss falls with N, D",)).sentences() == (
        "loss stays within 0 and inf.",
        "loss falls with N and D.",
    )


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        *(
            (text, (0, 1))
            for text in ("acc=[0, 1]", "acc in [0,1]", "acc=0..1", "acc from 0 to 1", "0 <= acc <= 1", "acc=0%:100%")
        ),
        *((text, (0, math.inf)) for text in ("acc>=0", "acc > 0", "0 < acc", "acc=0:∞", "0 <= acc <= inf")),
        *((text, (-math.inf, 1)) for text in ("acc <= 1", "acc≤1", "acc=:1")),
        ("acc=−1:1", (-1, 1)),
    ],
)
def test_ranges_in_other_words(text: str, ends: tuple[float, float]):
    assert known((text,)).ranges == {"summary.acc": pytest.approx(ends)}


def test_several_ranges_and_expectations_in_one_text():
    assert set(known(("acc=0:1, loss=0:",)).ranges) == {"summary.acc", "loss"}
    for sentence in ("loss falls with N but rises with D", "loss should fall with N, rises with D"):
        one, two = known((), (sentence,)).expectations
        assert (one.direction, one.features, two.direction, two.features) == ("falls", ("N",), "rises", ("D",))
    assert len(known((), ("loss falls with N; acc rises with N",)).expectations) == 2


@pytest.mark.parametrize(
    "text",
    [
        "acc goes up with compute",
        "acc is monotonically increasing in compute",
        "acc gets larger when compute increases",
        "the acc rises monotonically with compute",
    ],
)
def test_expectations_in_other_words(text: str):
    (found,) = known((), (text,)).expectations
    assert (found.direction, found.features) == ("rises", ("config.compute",))


def test_all_features_are_those_that_are_numbers():
    for words in ("all features", "everything"):
        assert known((), (f"loss falls with {words}",)).expectations[0].features == ("N", "D", "config.compute")


@pytest.mark.parametrize("text", ["loss never rises with N", "loss does not fall with N", "loss falls as N falls"])
def test_what_says_no_direction_is_refused(text: str):
    with pytest.raises(InputError, match="expect"):
        known((), (text,))


@pytest.mark.parametrize(
    ("ranges", "expect", "message"),
    [
        (("loss",), (), "ranges 'loss' is not understood; write TARGET=LOW:HIGH"),
        (("loss=a:1",), (), "ranges 'loss=a:1': 'a' is not a number."),
        (("loss=1:0",), (), "ranges 'loss=1:0' is empty"),
        (("N=0:",), (), "ranges names 'N', which is not a target; the targets are loss and summary.acc."),
        ((), ("loss N",), "expect 'loss N' is not understood; write it like 'loss falls with N, D'"),
        ((), ("loss is positive",), "Bounds of a target go to"),
        ((), ("loss falls with Q",), "expect names 'Q', which is not a feature;"),
        ((), ("loss falls with N", "loss rises with D, N"), "loss cannot both rise and fall with N;"),
    ],
)
def test_what_is_not_understood(ranges: tuple[str, ...], expect: tuple[str, ...], message: str):
    with pytest.raises(InputError, match=re.escape(message)):
        known(ranges, expect)


def test_open_ends_survive_the_archive():
    schema = Schema(
        name="t",
        long_name="t",
        title="t",
        features=("N",),
        targets=("loss",),
        group=None,
        knowledge=known(("loss=0:",)),
    )
    assert Schema.model_validate_json(schema.model_dump_json()) == schema
    assert Schema.model_validate(schema.model_dump(mode="json")) == schema
    assert "Infinity" not in schema.model_dump_json()


@pytest.mark.parametrize(
    ("name", "values", "most"),
    [
        ("accuracy", (0.2, 0.9), 1),
        ("win_rate", (0.2, 0.9), 1),
        ("val/acc", (0.0, 1.0), 1),
        ("accuracy", (20, 90), 100),
        ("accuracy", (20, 140), None),
        ("overhead_pct", (3, 90), None),
        ("MMLU", (0.2, 0.9), 1),
        ("GSM8K", (12.5, 90), 100),
        ("MT-Bench", (4.2, 8.9), None),  # of 10
        ("gpqa_diamond", (0.2, 0.9), 1),
        ("score", (20, 90), None),
        ("loss", (0.2, 0.9), None),
        ("rate", (0.2, 0.9), None),
        ("count_rate", (0.2, 0.9), None),
        ("score", (-0.1, 0.9), None),
    ],
)
def test_a_rate_is_known_by_name_and_values(name: str, values: tuple[float, float], most: float | None, tmp_path: Path):
    pd.DataFrame({"N": np.arange(3, 11), name: np.linspace(*values, 8)}).to_csv(tmp_path / "t.csv", index=False)
    data = read_dataset(tmp_path / "t.csv", [name])
    assert data.task.knowledge.ranges == ({name: (0, most)} if most else {})
    assert any("is a rate by its name and values" in notice for notice in data.notices) == (most is not None)
    lifted = read_dataset(tmp_path / "t.csv", [name], ranges=[f"{name}=:"])
    assert lifted.task.knowledge.ranges == {name: (-math.inf, math.inf)}


def test_rows_that_go_the_other_way_than_stated_are_told(tmp_path: Path):  # a constant was chosen without a word
    pd.DataFrame({"N": np.arange(3, 11), "acc": np.linspace(0.2, 0.9, 8)}).to_csv(tmp_path / "t.csv", index=False)
    told = read_dataset(tmp_path / "t.csv", ["acc"], expect=["acc falls with N"]).notices
    assert any("acc rises with N in 7 of 7 pairs of neighbouring rows" in one for one in told)
    told = read_dataset(tmp_path / "t.csv", ["acc"], expect=["acc rises with N"]).notices
    assert not any("--expect" in one for one in told)
    sweep = pd.DataFrame({"N": [1, 1, 1, 9, 9, 9], "lr": [1, 2, 4] * 2, "loss": [5, 4, 3.9, 3, 4, 5]}).astype(float)
    sweep.to_csv(tmp_path / "t.csv", index=False)  # at the largest rate the larger model is worse
    told = read_dataset(tmp_path / "t.csv", ["loss"], expect=["loss falls with N"]).notices
    assert any("loss rises with N in 1 of 3 pairs of neighbouring rows that differ in nothing else" in n for n in told)


def test_rows_outside_a_stated_range_are_told(tmp_path: Path):
    pd.DataFrame({"N": np.arange(3, 11), "acc": np.linspace(0.2, 0.9, 8)}).to_csv(tmp_path / "t.csv", index=False)
    told = read_dataset(tmp_path / "t.csv", ["acc"], ranges=["acc=0:0.75"]).notices
    assert any(
        "acc lies outside its stated range (0 to 0.75) in 2 of 8 rows, such as 0.9" in sentence for sentence in told
    )
    assert not read_dataset(tmp_path / "t.csv", ["acc"], ranges=["acc=0:1"]).notices
    (told,) = read_dataset(tmp_path / "t.csv", ["acc"], ranges=["acc=0:100"]).notices
    assert told.startswith("acc is 0.9 at most, but its stated range ends at 100. If it is a share, give --range")


@pytest.mark.parametrize(
    ("name", "values"), [("reliability", (0.2, 0.99)), ("albedo", (0.1, 0.8)), ("yield", (0.2, 0.99))]
)
def test_parts_of_what_there_is_stay_between_nothing_and_all(name: str, values: tuple[float, float]):
    assert (rate_range(name, *values) == (0.0, 1.0)) == (name != "yield")


@pytest.mark.parametrize(
    ("name", "bounded"),
    [
        ("yield_pct", True),
        ("Removal (%)", True),
        ("acc_pct", True),
        ("acc", True),
        ("yield", False),
        ("growth_pct", False),
    ],
)
def test_shares_in_per_cent_end_at_100(name: str, bounded: bool):
    assert rate_range(name, 12, 93) == ((0.0, 100.0) if bounded else None)
