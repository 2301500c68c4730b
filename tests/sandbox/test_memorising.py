"""Forms that hold a table of noise instead of a law: they win where numbers are free, and are refused with us."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lawsmith.sandbox import Sandbox, Verdict, evaluate
from lawsmith.tasks import Task
from lawsmith.tasks.frontier.folds import Fold, frontier_folds
from tests.made import made_task

ROWS = 30
NOISE = np.random.default_rng(1).standard_normal(ROWS)
PLACES = range(1, ROWS + 1)
SMALL = np.clip(np.rint(4 * NOISE), -12, 12).astype(int)
LEVELS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])[np.clip(np.rint(NOISE) + 2, 0, 4).astype(int)]
TEXT = " ".join(f"{value:.4f}" for value in NOISE)
LENGTHS = ", ".join(f"len('{'x' * round((value + 4) * 20)}')" for value in NOISE)
NAMES = [f"k{k:02d}_{round((value + 5) * 1000):04d}" for k, value in enumerate(NOISE)]
DIGITS = int("".join(f"{round((value + 5) * 1000):04d}" for value in NOISE))


def form(body: str, before: str = "") -> str:
    head = f"import numpy as np\nPARAMETERS = ('a',)\n{before}"
    return f"{head}def form(x, p):\n    n = x['n']\n    return p['a'] * ({body})\n"


def added(term: str, values: np.ndarray = SMALL) -> str:
    return " + ".join(term.format(v=value, s=abs(value), k=k) for k, value in zip(PLACES, values, strict=True))


READ = {
    "an indicator for each row": form(added("{v} * (n == {k})")),
    "levels that any law is written with": form(added("{v} * (n == {k})", LEVELS)),
    "nested thresholds": form(
        "".join(f"np.where(n < {k}.5, {v}, " for k, v in zip(PLACES, SMALL[:-1], strict=False)) + "0" + ")" * 29
    ),
    "tents": form(added("{v} * np.maximum(0, 1 - np.abs(n - {k}))", LEVELS)),
    "bells": form(added("{v} * np.exp(-10 * (n - {k}) ** 2)")),
    "fractions": form(added("{v} / 8 * np.maximum(0, 1 - np.abs(n - {k}))")),
    "sums of ones": form(added("{v} * np.maximum(0, 1 - np.abs(n - {k} * (n / n)))", LEVELS)),
    "a helper": form("t(n)", f"def t(n):\n    return {added('{v} * np.maximum(0, 1 - np.abs(n - {k}))')}\n"),
}
OPAQUE = {
    "an array": form(f"np.array({NOISE.tolist()})[n.astype(int) - 1]"),
    "a dictionary of floats": form(
        f"np.array([{dict(zip(map(float, PLACES), NOISE.tolist(), strict=True))}[float(k)] for k in n])"
    ),
    "a text": form(f"np.array('{TEXT}'.split()).astype(float)[n.astype(int) - 1]"),
    "bytes": form(f"np.frombuffer({NOISE.tobytes()!r})[n.astype(int) - 1]"),
    "hexadecimal": form(f"np.frombuffer(bytes.fromhex('{NOISE.tobytes().hex()}'))[n.astype(int) - 1]"),
    "one whole number": form(f"np.array([({DIGITS} // 10000 ** (30 - int(k))) % 10000 for k in n]) / 1000 - 5"),
    "complex numbers": form(f"np.array({[complex(v) for v in NOISE]}).real[n.astype(int) - 1]"),
    "short texts": form(f"np.array({[f'{v + 5:.3f}' for v in NOISE]}).astype(float)[n.astype(int) - 1] - 5"),
    "names of keywords": form(
        f"np.array([int(k[4:]) for k in dict({', '.join(f'{name}=0' for name in NAMES)})])"
        "[n.astype(int) - 1] / 1000 - 5"
    ),
    "names of functions": form(
        f"np.array([int(f.__name__[4:]) for f in [{', '.join(NAMES)}]])[n.astype(int) - 1] / 1000 - 5",
        "".join(f"def {name}(): pass\n" for name in NAMES),
    ),
    "names of variables": form(
        "np.array([int(k[4:]) for k in sorted(globals()) if k[:1] == 'k'])[n.astype(int) - 1] / 1000 - 5",
        "".join(f"{name} = None\n" for name in NAMES),
    ),
    "truth values": form(
        f"(np.array({[bool(round((v + 4) * 30) >> bit & 1) for v in NOISE for bit in range(8)]}).reshape(30, 8)"
        " @ (2.0 ** np.arange(8)))[n.astype(int) - 1] / 30 - 4"
    ),
    "lengths of texts": form(f"np.array([{LENGTHS}])[n.astype(int) - 1] / 20 - 4"),
}


@pytest.fixture(scope="module")
def task() -> Task:
    return made_task({"n": np.arange(1.0, ROWS + 1)}, NOISE, group="g", cap=4)


@pytest.fixture(scope="module")
def folds(task: Task) -> list[Fold]:
    return list(frontier_folds(task.train))


@pytest.mark.parametrize("name", [*READ, *OPAQUE])
def test_a_table_of_noise_is_refused(name: str, sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    source = (READ | OPAQUE)[name]
    found = evaluate(sandbox, source, task, folds)
    assert (found.verdict, found.stage) == (Verdict.OVER_CAP, "check"), found.message


@pytest.mark.parametrize("name", [*READ, *OPAQUE])
def test_control_it_would_win_if_numbers_were_free(name: str, sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    without_cap = replace(task, schema=task.schema.model_copy(update={"cap": None}))
    found = evaluate(sandbox, (READ | OPAQUE)[name], without_cap, folds)
    assert found.verdict is Verdict.OK, found.message
    assert found.opaque == (name in OPAQUE), found.unread
    assert found.validation_r2 is not None and found.validation_r2 > (0.1 if name in READ else 0.9)


def test_what_a_form_says_of_itself_is_not_there_when_it_runs(sandbox: Sandbox, task: Task, folds: list[Fold]) -> None:
    """A docstring holds any table, and is not counted: so the source is compiled without it."""
    source = form("np.array((form.__doc__ or '0 ' * 30).split()).astype(float)[n.astype(int) - 1]").replace(
        "(x, p):\n", f"(x, p):\n    '{TEXT}'\n"
    )
    found = evaluate(sandbox, source, task, folds)
    assert found.opaque and (found.validation_r2 or 0) < 0.5


def test_categories_with_a_constant_for_each_level_cost_their_constants_alone(task: Task) -> None:
    from lawsmith.sandbox.law.parse import read_candidate

    names = [f"b{k}" for k in range(40)]
    body = " + ".join(f"p['{name}'] * (x['n'] == {k})" for k, name in enumerate(names))
    source = f"PARAMETERS = {names!r}\ndef form(x, p):\n    return {body}\n"
    assert read_candidate(source, schema=task.schema).literals == 0
    shared = source.replace("p['b39'] * (x['n'] == 39)", "p['b39'] * ((x['n'] == 39) + (x['n'] == 40))")
    assert read_candidate(shared, schema=task.schema).literals == 0
