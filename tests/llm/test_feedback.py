"""What proposers see: tables of rows, held-out errors with sign, noise, formulas in full; what may be stated again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from llm_driver import HINGE, config, hinge_task, run

from lawsmith.agent.client.messages import Request
from lawsmith.agent.client.scripted import ScriptedModel
from lawsmith.agent.feedback.describe import at_the_noise, noise_line
from lawsmith.agent.feedback.diagnostics import diagnose
from lawsmith.agent.feedback.fold_text import fold_labels, held_out_lines
from lawsmith.agent.feedback.formulas import Standing, fit_words, formula_of, law_lines
from lawsmith.agent.feedback.prompts import Prompts
from lawsmith.agent.feedback.tables import Slice, aggregate_text, data_table, plot_text, rows_text
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.sandbox import Sandbox, Verdict, evaluate
from lawsmith.tasks import InputError, Table
from lawsmith.tasks.frontier.folds import frontier_folds
from lawsmith.tasks.knowledge import Expectation, Knowledge
from lawsmith.tasks.schema import Column
from tests.made import made_evaluation, made_fold, made_task


def grid() -> Table:
    n, d = (part.ravel() for part in np.meshgrid([1.0, 2.0, 4.0], [10.0, 20.0, 40.0, 80.0]))
    return Table({"n": n, "d": d}, {"y": n + d}, ("all",), np.zeros(12, int))


def test_a_design_is_shown_as_its_grid() -> None:
    lines = data_table(grid(), 12, 6)
    assert lines[0] == "mean y, n down, d across: | 10 | 20 | 40 | 80"
    assert lines[1:] == ["1 | 11 | 21 | 41 | 81", "2 | 12 | 22 | 42 | 82", "4 | 14 | 24 | 44 | 84"]


def test_other_rows_are_shown_as_means_by_group_with_the_frontier_apart() -> None:
    rng = np.random.default_rng(0)
    n = rng.lognormal(size=400)
    codes = np.arange(400) % 3
    table = Table({"n": n, "still": np.ones(400)}, {"y": codes + 0.0 * n}, ("a", "b", "c"), codes)
    head, *groups = data_table(table, 2, 6)
    assert head.startswith("mean y by n: | ") and head.endswith("(frontier)")
    assert [line.split(" | ")[0] for line in groups] == ["a", "b", "1 other groups"]
    assert all(cell.startswith("1 (") for cell in groups[1].split(" | ")[1:])
    last = [int(line.rsplit("(", 1)[1].rstrip(")")) for line in groups]
    assert sum(last) == pytest.approx(40, abs=2)  # the tenth of the rows that lies farthest out


def test_any_slice_of_the_rows_can_be_read() -> None:
    text = rows_text(grid(), Slice(("n >= 2", "d != 40"), sort="-y", limit=2))
    assert text.splitlines() == ["6 rows match, 2 shown", "n | d | y", "4 | 80 | 84", "2 | 80 | 82"]
    assert aggregate_text(grid(), Slice(("d = 10",)), ["n"]).splitlines()[1:] == [
        "1 | 1 | 11 ± 0",
        "2 | 1 | 12 ± 0",
        "4 | 1 | 14 ± 0",
    ]
    assert plot_text(grid(), "n", "y", ("d = 10",)).splitlines()[-1].endswith("(1) ########################")
    for where in ("m > 1", "n ~ 1", "n > one", "group = z"):
        with pytest.raises(InputError):
            rows_text(grid(), Slice((where,)))


def test_held_out_parts_are_ranges_and_misses_have_a_sign() -> None:
    table = hinge_task().train
    labels = fold_labels(table)
    assert labels["N>1"] == "N from 1e+03 on, 2 rows"
    found = made_evaluation(made_fold(-1.0, bias=(0.9,), group_bias={"a": (1.7,), "b": (0.01,)}))
    [line] = held_out_lines(found, ("y",), np.array([2.0]), np.array([0.25]), labels)
    assert line == (
        "N from 1e+03 on, 2 rows: R² -1.000, rms 0.5σ (4 times the noise); predicted too low by 0.45σ; "
        "a too low by 0.85σ"
    )


def test_an_evaluation_records_the_sign_of_what_it_misses(sandbox: Sandbox) -> None:
    task = hinge_task()
    level = "PARAMETERS = ('a',)\ndef form(x, p):\n    return p['a'] + 0.0 * x['N']\n"
    fold = evaluate(sandbox, level, task, frontier_folds(task.train)[:1]).folds[0]
    assert fold.bias[0] > 0.3  # measurements rise beyond the cut, a level does not
    assert set(fold.group_bias) == {"a", "b"} and fold.group_bias["b"] > fold.group_bias["a"]


def test_noise_is_stated_where_rows_were_repeated() -> None:
    n = np.repeat(np.geomspace(1, 100, 8), 4)
    jitter = np.tile([-1.0, 1.0, -1.0, 1.0], 8)
    table = Table({"n": n}, {"y": np.log(n) + 0.1 * jitter}, ("all",), np.zeros(32, int))
    line = noise_line(table)
    assert line is not None and f"y {0.1 * np.sqrt(4 / 3) / table.spread[0]:.3g}σ" in line
    assert noise_line(grid()) is None
    assert at_the_noise(table, (0.1 * jitter)[:, None]) and not at_the_noise(table, (0.2 * jitter)[:, None])


def law(body: str, more: str = "", r2: float = 0.5) -> Trial:
    source = f"import numpy as np\nPARAMETERS = ('a', 'b')\n{more}def form(x, p):\n{body}"
    error = float(np.sqrt(1 - r2))
    proposal = Proposal(source, origin="try 0 m")
    found = made_evaluation(made_fold(r2, error), validation_r2=r2, constants_count=2, rmse=(error,))
    return Trial(proposal.id, proposal, found)


def test_formulas_are_in_full_and_equal_ones_are_one_line() -> None:
    body = '    u = np.log(x["N"])\n    v = p["b"] * u\n    return p["a"] + v\n'
    plain, tied = law(body), law(body, 'LOSS = "robust"\nSHARED = ("b",)\n', r2=0.7)
    other = law('    return p["a"] + p["b"] / x["N"]\n', r2=-3.0)
    assert formula_of(plain) == "a + b * log(N)"
    assert fit_words(tied) == "robust loss, shared b" and fit_words(plain) == ""
    standing = Standing(hinge_task())
    for trial in (plain, tied, other):
        standing.learn(trial)
    lines = law_lines([other, plain, tied], standing, 5)
    assert len(lines) == 2
    assert "(robust loss, shared b)" in lines[0] and lines[0].endswith("| 2 constants | a + b * log(N)")
    assert [trial.id for trial in standing.ranking] == [tied.id, plain.id, other.id]
    assert standing.place(plain) == (2, 3)


@pytest.mark.parametrize("low", [-0.9, 0.5])
def test_the_example_is_finite_on_the_very_task(low: float, sandbox: Sandbox) -> None:
    x = np.linspace(low, 3.0, 12)
    task = made_task({"x": x}, 1 + x**2)
    prompts = Prompts(task, 8000, structured=False)
    source = prompts.system.content.split("```python\n")[1].split("```")[0]
    assert " / 1\n" not in source
    assert evaluate(sandbox, source, task, ()).verdict is Verdict.OK


def test_a_law_whose_constant_met_its_bound_may_be_stated_again(sandbox: Sandbox, tmp_path: Path) -> None:
    narrow = HINGE.replace('"b": (-10, 10)', '"b": (-10, 0.1)')
    model = ScriptedModel([narrow, HINGE, HINGE.replace("(0, 4)", "(0, 5)")])
    found = run(sandbox, tmp_path, "refine", config(), models={"m": model}, calls=3)
    assert [trial.proposal.origin.split()[0] for trial in found.history] == ["line", "line", "refine", "refine"]
    assert found.report["lost"] == {"repetition": 1}  # nothing met a bound in the second


def test_a_guess_of_the_columns_is_kept_and_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    def guessing(request: Request) -> str:
        guess = "Columns: N is a number of tokens. It bends.\n"
        return guess + HINGE.replace("(0, 4)", f"(0, {4 + len(model.requests)})")

    model = ScriptedModel(guessing)
    found = run(sandbox, tmp_path, "evolve", config(), models={"m": model}, calls=4)
    assert "Guess first what each column is" in model.requests[0].messages[-1].content
    assert found.report["notes"][0] == "Columns: N is a number of tokens"
    assert "- Columns: N is a number of tokens" in model.requests[-1].messages[-1].content


def test_categories_and_what_is_known_are_stated(sandbox: Sandbox) -> None:
    known = Knowledge(
        ranges={"y": (0.0, 10.0)}, expectations=(Expectation(target="y", direction="falls", features=("n",)),)
    )
    n, act = np.geomspace(1, 100, 12), np.arange(12) % 2
    columns = {"act": Column(name="act", levels=("gelu", "relu"))}
    task = made_task({"n": n, "act": act}, 1 / n + act, columns=columns, knowledge=known)
    text = Prompts(task, 8000, structured=False).fit("tools.j2", lambda detail: {}, share=1.0)
    assert "- act — 2 levels: 0 = gelu, 1 = relu" in text
    assert "not chosen: y stays within 0 and 10. y falls with 'n'." in text or "y falls with n." in text


def test_noise_is_called_random_and_a_trend_is_not() -> None:
    rng = np.random.default_rng(3)
    n = np.tile(np.linspace(1.0, 9.0, 24), 3)
    y = 2.0 * n + rng.normal(0, 0.1, 72)
    table = Table({"n": n}, {"y": y}, ("a", "b", "c"), np.repeat([0, 1, 2], 24))
    [found] = diagnose(table, 2.0 * n[:, None])
    assert found.random and not found.groups and found.rows
    for bent in (2.0 * n + 0.04 * (n - 5) ** 2, 2.0 * n + 0.3 * (table.codes == 1), 1.97 * n):
        [found] = diagnose(table, bent[:, None])
        assert not found.random


def test_a_bias_within_chance_is_not_told() -> None:
    def said(rows: int, bias: float) -> list[str]:
        return held_out_lines(made_evaluation(made_fold(rows=rows, bias=(bias,))), ("y",), np.ones(1), None, {})

    assert "predicted" not in said(100, 0.19)[0] and "predicted too low by 0.21σ" in said(100, 0.21)[0]
    assert "predicted" not in said(4, -0.45)[0] and "predicted too high by 0.55σ" in said(4, -0.55)[0]
