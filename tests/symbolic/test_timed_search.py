"""The search as benchmarks run it: with a limit of time it goes on until then, and says when each law was there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from benchmarks import extrapolation
from benchmarks.synthetic import LAWS, synthetic
from lawsmith.agent.symbolic.start_forms import Costs
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Task

SOURCE = """
PARAMETERS = ("L", "A")
def form(x, p):
    return p["L"] + p["A"] * x["n"] ** -{exponent}
"""
BROKEN = "PARAMETERS = ('L',)\ndef form(x, p):\n    return p['M']\n"


class TwoBatches:
    """Proposes two batches, of which one form is broken, and then ends."""

    endless: ClassVar[list[bool]] = []

    def __init__(
        self, task: Task, seed: int, costs: Costs, *, endless: bool = False, out_of_time: Callable[[], bool] = bool
    ) -> None:
        self.endless.append(endless)
        self.batches = [[SOURCE.format(exponent=1), BROKEN], [SOURCE.format(exponent=0.5)]]

    def propose(self, history: History) -> Sequence[Proposal]:
        return [Proposal(source) for source in self.batches.pop(0)] if self.batches else []


@pytest.mark.parametrize(("seconds", "endless"), [(np.inf, False), (600.0, True)])
def test_each_law_comes_with_its_time(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, seconds: float, endless: bool
) -> None:
    monkeypatch.setattr(extrapolation, "SymbolicProposer", TwoBatches)
    found = extrapolation.timed(synthetic(LAWS[0], 0, noise=0.01).task, sandbox, seconds)
    whens = [when for when, _ in found]
    assert len(found) == 2 and whens == sorted(whens) and whens[0] > 0
    assert TwoBatches.endless[-1] is endless


@pytest.mark.parametrize("seconds", [3.0, 0.0])
def test_no_batch_begins_when_the_time_is_up_unless_there_is_no_law(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, seconds: float
) -> None:
    monkeypatch.setattr(extrapolation, "SymbolicProposer", TwoBatches)
    clock = iter(np.arange(0.0, 100.0, 1.0))
    monkeypatch.setattr(extrapolation, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    found = extrapolation.timed(synthetic(LAWS[0], 0, noise=0.01).task, sandbox, seconds)
    assert len(found) == 1  # the second batch would begin after the limit
