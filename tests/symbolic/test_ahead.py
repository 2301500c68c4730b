"""Stages that are searched ahead are those that are searched when they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lawsmith.agent.symbolic.ahead import SearchedAhead
from lawsmith.agent.symbolic.general_forms import GeneralForms
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import Loss
from tests.made import made_task, narrow_beams

SECONDS = 30.0  # that a thread may take before a test fails


def never() -> bool:
    return False


class Stages:
    """Three stages, "1 of 3" to "3 of 3"; each waits for leave to end, and ends early where it is stopped."""

    def __init__(self) -> None:
        self.begun, self.leave = threading.Semaphore(0), threading.Semaphore(0)
        self.wanted: list[int] = []

    def __call__(self, stop: Callable[[], bool]) -> Iterator[str]:
        for k in (1, 2, 3):
            self.wanted.append(k)
            self.begun.release()
            assert self.leave.acquire(timeout=SECONDS)
            yield f"{k} of 3{', ended early' if stop() else ''}"


def test_a_stage_is_found_before_it_is_asked_for_and_once() -> None:
    stages = Stages()
    searched = SearchedAhead(stages)
    with searched.ahead(never):
        assert stages.begun.acquire(timeout=SECONDS)  # nobody asked
        stages.leave.release(3)
        assert [searched.get(k, never) for k in range(4)] == ["1 of 3", "2 of 3", "3 of 3", None]
    assert [searched.get(k, never) for k in range(4)] == ["1 of 3", "2 of 3", "3 of 3", None]
    assert stages.wanted == [1, 2, 3]


def test_a_stage_that_nobody_waited_for_ends_early_and_others_go_on_behind_it() -> None:
    stages = Stages()
    searched = SearchedAhead(stages)
    with searched.ahead(never):
        stages.leave.release()
        assert searched.get(0, never) == "1 of 3"
        assert stages.begun.acquire(timeout=SECONDS)
        assert stages.begun.acquire(timeout=SECONDS)  # the second is under way
    stages.leave.release(10)
    assert [searched.get(k, never) for k in range(4)] == ["1 of 3", "2 of 3, ended early", "3 of 3", None]
    assert stages.wanted == [1, 2, 3]


def test_no_stage_begins_when_the_time_is_up() -> None:
    stages = Stages()
    with SearchedAhead(stages).ahead(lambda: True):
        pass
    assert not stages.begun.acquire(timeout=0.1)


def test_what_goes_wrong_in_the_thread_is_raised_where_a_stage_is_asked_for() -> None:
    def broken(stop: Callable[[], bool]) -> Iterator[str]:
        raise ZeroDivisionError("of the search")
        yield ""

    searched = SearchedAhead(broken)
    with searched.ahead(never), pytest.raises(ZeroDivisionError, match="of the search"):
        searched.get(0, never)


def test_the_search_over_sums_finds_the_same_ahead() -> None:
    rng = np.random.default_rng(1)
    x = {"a": rng.uniform(-1, 2, 40), "b": rng.uniform(0.5, 3, 40)}
    y = 1 + 2 * x["a"] ** 2 - np.exp(-x["b"]) + 0.01 * rng.normal(size=40)
    task = made_task(x, y)

    def keys(general: GeneralForms) -> list[tuple[int, list[str]]]:
        found = [stage for k in range(3) if (stage := general.stages.get(k, never)) is not None]
        return [(stage.tried, [form.key for form in stage.forms]) for stage in found]

    general = GeneralForms(task, profile(task.train), Loss.SQUARED)
    with narrow_beams():
        alone = keys(GeneralForms(task, profile(task.train), Loss.SQUARED))
        with general.stages.ahead(never):
            assert keys(general) == alone
    assert len(alone) == 3
