"""The same law in other words is the same fit: same constants and same scores, to the last digit."""

import numpy as np
import pytest

from lawsmith.sandbox import Sandbox, evaluate, read_candidate
from lawsmith.sandbox.law.nodes import Statement
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.write_candidate import arranged
from lawsmith.tasks import Schema, Task
from lawsmith.tasks.frontier.folds import frontier_folds
from tests.made import made_task

SCHEMA = Schema(name="t", long_name="t", title="", features=("n", "d"), targets=("y",), group=None)
BROKEN = {
    # a smooth break, whose fit has several optima: each line names L, A, a, h, b in its own words
    "L A a h b": """
PARAMETERS = {"L": (0, None), "A": None, "a": (0, 3), "h": (1e-3, 1e4), "b": (-3, 3)}
def form(x, p):
    return p["L"] + p["A"] * x["n"] ** -p["a"] * (1 + x["n"] / p["h"]) ** -p["b"] / x["d"] ** 0.5
""",
    "e u v w z": """
PARAMETERS = {"z": (-3, 3), "w": (1e-3, 1e4), "v": (0, 3), "u": None, "e": (0, np.inf)}
def form(x, p):
    n, d = x["n"], x["d"]
    bend = n / p["w"] + 1
    y = bend ** -p["z"] / n ** p["v"]
    y *= p["u"] / d ** 0.5
    return y + p["e"]
""",
    "q4 q1 q0 q3 q2": """
import numpy as np
PARAMETERS = {"q0": (0, 3), "q1": (-np.inf, np.inf), "q2": (-3, 3), "q3": (0.001, 10000.0), "q4": (0, None)}
def decay(n, a):
    return n ** (-1 * a)
def form(x, p):
    parts = [decay(x["n"], p["q0"]) * p["q1"] * decay(1 + x["n"] / p["q3"], p["q2"]) / x["d"] ** 0.5, p["q4"]]
    return sum(parts)
""",
}


@pytest.fixture(scope="module")
def task() -> Task:
    rng = np.random.default_rng(7)
    n, d = 10 ** rng.uniform(0, 3, 60), 10 ** rng.uniform(0, 1, 60)
    y = 0.5 + 3 * n**-0.2 * (1 + n / 40) ** -0.7 / d**0.5 + 0.02 * rng.standard_normal(60)
    return made_task({"n": n, "d": d}, y)


def test_a_respelled_law_gets_the_same_constants_and_scores(task: Task, sandbox: Sandbox) -> None:
    folds = frontier_folds(task.train)
    found = []
    for names, source in BROKEN.items():
        got = evaluate(sandbox, "import numpy as np\n" + source, task, folds)
        assert got.verdict == "ok" and got.constants is not None, got.message
        declared = list(read_candidate("import numpy as np\n" + source, schema=SCHEMA).statement.parameters)
        assert got.constants["names"] == [p.name for p in declared]  # told as the source declares them
        values = dict(zip(got.constants["names"], got.constants["values"]["all"], strict=True))
        found.append(([values[name] for name in names.split()], got.validation_r2, got.folds, got.probe))
    assert found[0] == found[1] == found[2]


def program(source: str, names: str) -> str:
    """What a worker runs, with the constants named alike."""
    law = read_candidate("import numpy as np\n" + source, schema=SCHEMA).law
    for place, name in enumerate(names.split()):
        law = law.replace(f"'{name}'", f"'c{place}'")
    return law


def test_what_is_executed_does_not_depend_on_the_spelling() -> None:
    assert len({program(source, names) for names, source in BROKEN.items()}) == 1


def test_bounds_sharing_and_what_is_stated_still_make_a_difference() -> None:
    base = BROKEN["L A a h b"]
    others = [
        base.replace('"b": (-3, 3)', '"b": (-2, 3)'),
        base.replace("(1 + x", "(2 + x"),
        base.replace("PARAMETERS", "SHARED = ('a',)\nPARAMETERS"),
    ]
    assert len({program(source, "L A a h b") for source in (base, *others)}) == 4


def test_arranging_is_done_once() -> None:
    stated = read(BROKEN["L A a h b"], SCHEMA.targets, SCHEMA.features)
    assert isinstance(stated, Statement)
    assert arranged(arranged(stated)) == arranged(stated)


def test_a_fit_to_all_rows_that_errs_far_more_than_the_folds_is_made_again(sandbox: Sandbox) -> None:
    """With these rows and seed 0 the fit to all rows ends with m at 8e4, and those of the folds with the truth."""
    rng = np.random.default_rng(3)
    n, d, lr, bs = (10 ** rng.uniform(*ends, 120) for ends in ((7, 9), (9, 11), (-4, -2), (1.5, 3.5)))
    loss = 1.7 + 400 / n**0.34 + 410 / d**0.28 + 0.1 * np.log(lr / 1e-3) ** 2 + 0.1 * np.log(bs / 300) ** 2
    task = made_task({"n": n, "d": d, "lr": lr, "bs": bs}, loss + 0.003 * rng.standard_normal(120))
    source = """
import numpy as np
PARAMETERS = {"E": None, "A": None, "a": (-8, 8), "B": None, "b": (-8, 8), "k": None, "m": None, "g": None, "s": None}
def form(x, p):
    optima = p["k"] * (np.log(x["lr"]) - p["m"]) ** 2 + p["g"] * (np.log(x["bs"]) - p["s"]) ** 2
    return p["E"] + p["A"] * x["n"] ** -p["a"] + p["B"] * x["d"] ** -p["b"] + optima
"""
    found = evaluate(sandbox, source, task, frontier_folds(task.train))
    assert found.rmse[0] < 0.004 and max(fold.rmse[0] for fold in found.folds) < 0.006, found.message
