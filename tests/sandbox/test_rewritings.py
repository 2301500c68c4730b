"""A hundred more ways to write a few laws: each is read, has one key and price, and predicts what its source does."""

from __future__ import annotations

import numpy as np
import pytest
from power_rewritings import THREE, form
from rewritings import LAWS

from lawsmith.sandbox import Sandbox, evaluate, read_candidate
from lawsmith.sandbox.law.key import source_key
from lawsmith.sandbox.law.nodes import Statement
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.traits import traits
from lawsmith.tasks import Schema
from lawsmith.tasks.frontier.folds import frontier_folds
from tests.made import made_task, quick_first

TARGETS, FEATURES = ("y",), ("N", "D")
SCHEMA = Schema(name="t", long_name="t", title="", features=FEATURES, targets=TARGETS, group=None)
SPELLED = [pytest.param(name, source, id=f"{name} {k}") for name, all_ in LAWS.items() for k, source in enumerate(all_)]


@pytest.mark.parametrize(("name", "source"), SPELLED)
def test_every_rewriting_is_the_same_law(name: str, source: str) -> None:
    first = LAWS[name][0]
    assert isinstance(read(source, TARGETS, FEATURES), Statement)
    assert source_key(source, TARGETS, FEATURES) == source_key(first, TARGETS, FEATURES)
    assert traits(source, TARGETS, FEATURES) == traits(first, TARGETS, FEATURES)


@pytest.mark.parametrize(("name", "source"), SPELLED)
def test_what_is_read_predicts_what_the_source_does(name: str, source: str) -> None:
    rng = np.random.default_rng(0)
    x = {"N": rng.uniform(0.5, 40, 50), "D": rng.uniform(1, 9, 50)}
    candidate = read_candidate(source, schema=SCHEMA)
    assert candidate.statement is not None
    p = {one.name: rng.uniform(0.2, 2) for one in candidate.statement.parameters}
    own: dict[str, object] = {}
    ours: dict[str, object] = {}
    exec(source, own)
    exec(candidate.law, ours)
    written = ours["form"](x, p)  # type: ignore[operator]
    expected = own["form"](x, p)  # type: ignore[operator]
    np.testing.assert_allclose(np.broadcast_to(np.squeeze(written), 50), expected, rtol=1e-9)


CONSTANTS = {"E": 0.5, "A": 3.0, "B": 2.0, "a": 0.4, "b": 0.6, "c": 0.7}


@pytest.mark.parametrize("name", quick_first(LAWS, 8))
def test_every_rewriting_is_fitted_as_well(name: str, sandbox: Sandbox) -> None:
    """Also where a guard hides the slopes from a fit that looks for them at zero."""
    rng = np.random.default_rng(0)
    x = {"N": rng.uniform(0.5, 12, 40), "D": rng.uniform(1, 9, 40)}
    own: dict[str, object] = {}
    exec(LAWS[name][0], own)
    y = own["form"](x, CONSTANTS) * (1 + 0.01 * rng.standard_normal(40))  # type: ignore[operator]
    task = made_task(x, y)
    programs = {read_candidate(source, schema=SCHEMA).law: source for source in LAWS[name]}
    found = [evaluate(sandbox, source, task, frontier_folds(task.train)[:2]) for source in programs.values()]
    assert {one.verdict for one in found} == {"ok"}
    errors = [one.train.nmse for one in found if one.train is not None]
    np.testing.assert_allclose(errors, errors[0], rtol=1e-4)
    np.testing.assert_allclose([one.validation_r2 for one in found], found[0].validation_r2, atol=1e-5)


GUARDS = [
    "np.maximum(y, 0)",
    "np.clip(y, 1e-9, None)",
    "np.where(y > 0, y, 0.0)",
    "np.where(np.isfinite(y), y, 0.0)",
    "np.clip(y, 0, 1e9)",
    "np.maximum(y, 1e-3)",
    "np.minimum(y, 1e6)",
]
GUARDED = [
    'p["a"] * x["N"] ** p["b"] * x["D"] ** -p["c"]',
    'p["a"] + p["b"] * x["N"] ** -p["c"]',
    'p["a"] / (1 + np.exp(-p["b"] * (x["N"] - p["c"])))',
]


@pytest.mark.parametrize("shared", ["", 'SHARED = ("c",)'])
@pytest.mark.parametrize("law", GUARDED)
def test_a_guard_that_does_not_act_changes_no_digit(law: str, shared: str, sandbox: Sandbox) -> None:
    rng = np.random.default_rng(1)
    codes = np.repeat([0, 1], 20)
    x = {"N": rng.uniform(0.5, 12, 40), "D": rng.uniform(1, 9, 40)}
    own: dict[str, object] = {}
    exec(form(law), own)
    p = {"a": np.array([2.0, 2.4])[codes], "b": 0.7, "c": 0.4}
    y = own["form"](x, p) * (1 + 0.02 * rng.standard_normal(40))  # type: ignore[operator]
    task, wide = made_task(x, y, codes, ("u", "v"), group="g"), THREE.replace("9", "50")
    sources = [form(guard, wide, before=f"    y = {law}\n", extra=shared) for guard in ("y", *GUARDS)]
    first, *others = [evaluate(sandbox, source, task, frontier_folds(task.train)[:2]) for source in sources]
    for one in others:
        assert one.constants == first.constants and one.folds == first.folds


def test_a_guard_that_acts_is_fitted_with_it(sandbox: Sandbox) -> None:
    n = np.linspace(0.1, 6, 40)
    y = np.maximum(3 - n, 0) + 0.01 * np.random.default_rng(0).standard_normal(40)
    task = made_task({"N": n, "D": np.ones(40)}, y)
    found = evaluate(sandbox, form('np.maximum(p["a"] - p["b"] * x["N"], 0)', '("a", "b")'), task, ())
    assert found.train is not None and found.train.nmse < 1e-3


def test_what_the_reader_follows_is_bounded() -> None:
    doubled = "    q = [p['a']]\n" + "    q = [*q, *q]\n" * 60
    unending = "    k = 1\n    while k > 0:\n        k += 1\n"
    nested = "    f = lambda n: n\n" + "    f = functools.partial(f)\n" * 3000
    for before, law in ((doubled, "sum(q)"), (unending, "k"), (nested, 'f(x["N"])')):
        assert not isinstance(read(form(law, before=before), TARGETS, FEATURES), Statement)


@pytest.mark.parametrize(
    "body",
    [
        "    y = 0\n    for n in x['N']:\n        y = y + n\n",
        "    y = []\n    for n in x['N']:\n        y.append(n)\n        y.append(n)\n",
        "    y = [0]\n    for n in x['N']:\n        y.append(y[-1] + n)\n",
        "    y = {}\n    for n in x['N']:\n        y['n'] = n\n    y = y['n']\n",
        "    for y in x['N']:\n        pass\n",
        "    for n in x['N']:\n        return n\n",
        "    y = 0 * x['N']\n    for i, n in enumerate(x['N']):\n        y[i] = y[i - 1] + n\n",
    ],
)
def test_a_loop_in_which_rows_act_on_one_another_is_not_read(body: str) -> None:
    assert not isinstance(read(form("y", before=body), TARGETS, FEATURES), Statement)


@pytest.mark.parametrize(
    ("law", "other"),
    [
        ('np.tanh(p["b"] * x["N"])', '(np.exp(2 * p["b"] * x["N"]) - 1) / (np.exp(2 * p["b"] * x["N"]) + 1)'),
        ('np.tanh(p["b"] * x["N"])', 'np.sinh(p["b"] * x["N"]) / np.cosh(p["b"] * x["N"])'),
        ('np.tanh(p["b"] * x["N"])', '(np.exp(z := p["b"] * x["N"]) - np.exp(-z)) / (np.exp(z) + np.exp(-z))'),
        ('np.arctanh(x["N"] / 99)', 'np.log((1 + x["N"] / 99) / (1 - x["N"] / 99)) / 2'),
        ('np.maximum(x["N"] - p["b"], 0)', '(x["N"] - p["b"] + np.abs(x["N"] - p["b"])) / 2'),
    ],
)
def test_functions_in_terms_of_others_have_their_key(law: str, other: str) -> None:
    assert source_key(form(f'p["a"] * {law}')) == source_key(form(f'p["a"] * {other}'))


@pytest.mark.parametrize(
    "law",
    [
        "np.exp(x['N'], where=x['N'] > 1)",
        "np.sum([x['N'], 1], where=x['N'] > 1, out=np.ones(2))",
        "np.sum([x['N'], x['D']])",
        "np.array([x['N'], x['D']]).max(axis=1)",
        "np.column_stack([x['N'], x['D']]).sum(axis=0)",
        "np.column_stack([x['N'], x['D']])[0]",
        "np.array([x['N'], x['D']])[:, 0]",
        "sum(n for n in x['N'])",
        "np.sum([n for n in x['N']])",
        "np.mean(list(x['N']))",
        "np.array([n for n in x['N'] if n > 1])",
        "np.array([(p['a'] := p['a'] + n) for n in x['N']])",
        "np.array([n * d for n in x['N'] for d in x['D']])",
        "np.repeat(x['N'], len(x['N']))",
    ],
)
def test_what_takes_some_rows_or_brings_rows_together_is_not_read(law: str) -> None:
    assert not isinstance(read(form(law), TARGETS, FEATURES), Statement)
