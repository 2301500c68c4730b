"""Runs at the same time, and what ends them."""

import signal
import threading
import time

import pytest

from lawsmith.agent.threads import RunThreads


def test_results_come_in_their_order() -> None:
    with RunThreads() as threads:
        assert threads.map(lambda index: 10 * index, 5, 2, lambda: None) == (0, 10, 20, 30, 40)


def test_ctrl_c_that_another_thread_receives_ends_all_runs_at_once() -> None:
    over = threading.Event()
    began = time.monotonic()

    def interrupted(index: int) -> None:
        if index == 0:
            over.wait(0.2)  # until the main thread waits as well
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        over.wait(60)

    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it
    try:
        with pytest.raises(KeyboardInterrupt), RunThreads() as threads:
            threads.map(interrupted, 2, 2, over.set)
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert over.is_set()
    assert time.monotonic() - began < 30
