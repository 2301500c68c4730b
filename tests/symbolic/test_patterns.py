"""Laws that miss the rows in a pattern are refuted where another law leaves nothing but noise."""

from dataclasses import replace

import numpy as np

from lawsmith.agent.command.law_verdict import verdict
from lawsmith.agent.search.patterns import NONE, pattern, refuted
from lawsmith.agent.search.score import RULES
from lawsmith.agent.search.selection import choose
from lawsmith.runs.record import FinalScores, SplitScores
from lawsmith.runs.trials import Proposal, Trial
from lawsmith.sandbox import Sandbox, evaluate
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, Provenance, Schema, Table, Task
from lawsmith.tasks.folds import frontier_folds
from lawsmith.tasks.probes import probe_rows

FORM = """import numpy as np
PARAMETERS = {{"L": (0, 9), "A": (0, 99), "a": (0, 3), "h": (0.001, 99)}}
def form(x, p):
    return {law}
"""
TRUE = "p['L'] + p['A'] / (x['n'] ** p['a'] + p['h'])"
CURVED = "p['L'] + p['A'] * (x['n'] + p['h']) ** -p['a']"


def task(noise: float) -> Task:
    rng = np.random.default_rng(1)
    n = np.geomspace(0.05, 20, 100)
    truth = 1.2 + 4 / (n**0.45 + 1.3)
    loss = truth + noise * truth.std() * rng.standard_normal(100)
    schema = Schema(name="t", long_name="t", title="", features=("n",), targets=("loss",), group="g")
    rows = Table({"n": n}, {"loss": loss}, ("a",), np.zeros(100, dtype=np.intp))
    return Task(schema, rows, Provenance("file", "", None))


def tried(law: str, of: Task, sandbox: Sandbox) -> Trial:
    source = FORM.format(law=law)
    folds, probes = frontier_folds(of.train), probe_rows(of.train)
    return Trial(law, Proposal(source, origin=law), evaluate(sandbox, source, of, folds, probes=probes))


def test_a_law_that_misses_rows_in_a_pattern_is_refuted_by_one_that_does_not(sandbox: Sandbox) -> None:
    noisy = task(0.01)
    true, curved = (tried(law, noisy, sandbox) for law in (TRUE, CURVED))
    sizes = [pattern(trial, noisy) for trial in (true, curved)]
    assert None not in sizes
    assert sizes[0] < NONE < RULES.pattern < sizes[1]
    assert refuted([true, curved], noisy, RULES.pattern) == {CURVED}
    better = curved.evaluation.model_copy(update={"validation_r2": 1.0})
    chosen = true.evaluation.model_copy(update={"validation_r2": 0.8})
    trials = replace(true, evaluation=chosen), replace(curved, evaluation=better)
    data, seen = Dataset(noisy, None), SearchTask.of(noisy)
    scores = FinalScores(train=SplitScores(r2=1.0))
    sentences = verdict(trials[0], (), trials, data, seen, scores).sentences
    assert any("passed over: its errors follow a pattern" in sentence for sentence in sentences)
    assert refuted([curved], noisy, RULES.pattern) == frozenset()
    assert choose([curved, true], noisy).winner is true


def test_noise_that_hides_the_pattern_refutes_nothing(sandbox: Sandbox) -> None:
    noisy = task(0.3)
    trials = [tried(law, noisy, sandbox) for law in (TRUE, CURVED)]
    assert refuted(trials, noisy, RULES.pattern) == frozenset()
