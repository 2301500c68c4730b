import pytest

from lawsmith.tasks import InputError, names, schema

CAPS = {
    "sft": 4,
    "lr_bsz": None,
    "parallel": 4,
    "vocab": 7,
    "domain_mixture": 7,
    "moe": 6,
    "data_constrained": 7,
    "u_shape": 6,
    "nano": 6,
}


def test_the_tasks_have_their_caps():
    assert {name: schema(name).cap for name in names()} == CAPS


@pytest.mark.parametrize("name", CAPS)
def test_every_column_says_what_it_means(name: str):
    task = schema(name)
    assert set(task.columns) == set(task.names)
    assert all(column.meaning.endswith(".") for column in task.columns.values())
    assert all(task.columns[feature].unit or feature == "lr" for feature in task.features)


@pytest.mark.parametrize("name", sorted(set(CAPS) - {"nano"}))
def test_anchors_are_labelled_with_their_source(name: str):
    anchors = schema(name).anchors
    assert len(anchors) == 29
    assert all("://" in anchor.source and anchor.runs for anchor in anchors)


def test_anchors_are_those_of_the_task():
    means = {task: {a.system: a.r2 for a in schema(task).anchors} for task in ("sft", "u_shape")}
    assert means["sft"]["OpenHands + GPT-5"] == 0.640
    assert means["u_shape"]["OpenHands + GPT-5"] == -0.278


@pytest.mark.parametrize("alias", ["u_shape", "easy_question", "easy_question_scaling_law", "U-Shape"])
def test_long_names_are_accepted(alias: str):
    assert schema(alias).name == "u_shape"


def test_an_unknown_task_gets_the_nearest_names():
    with pytest.raises(InputError, match="no task 'domain_mixtures'; did you mean domain_mixture"):
        schema("domain_mixtures")
    with pytest.raises(InputError, match=r"the tasks are data_constrained, .* to discover"):
        schema("qqq")
