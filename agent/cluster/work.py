"""What a worker does: keep a sandbox warm and the training rows at hand, and evaluate one candidate per call.

These functions run in a worker process, and know nothing of the engine that called them.
"""

import pickle
import threading
from collections import OrderedDict
from dataclasses import dataclass

from lawsmith.agent.cluster.search_task import Packed, SearchTask
from lawsmith.runs.environment import versions
from lawsmith.sandbox import Limits, Sandbox, SandboxUnavailable, Tier

STUDIES = 4
"""Studies that a worker keeps; of more, the one that was not used for longest is forgotten."""

LEARN_SECONDS = 60.0
"""A candidate that came before the search_task waits this long for it: the command teaches whoever joins."""

_lock = threading.Condition()
_search_tasks: OrderedDict[str, SearchTask] = OrderedDict()
_sandboxes: dict[tuple[Limits, bool], Sandbox] = {}


@dataclass(frozen=True)
class Worker:
    """What a worker says of itself. tier: None where it cannot isolate candidates; `refused` says why.

    versions: of what results depend on.
    """

    versions: dict[str, str]
    holds: bool
    tier: Tier | None = None
    refused: str = ""


def introduce(digest: str, limits: Limits, unsafe_local: bool, threads: int) -> Worker:
    """Start and prove this worker's sandbox, unless that was done; `threads` candidates may share it."""
    with _lock:
        sandbox = _sandboxes.get((limits, unsafe_local))
        if sandbox is None:
            sandbox = _sandboxes[limits, unsafe_local] = Sandbox(limits, threads, unsafe_local)
        holds = digest in _search_tasks
    try:
        return Worker(versions(), holds, sandbox.tier)
    except SandboxUnavailable as error:
        return Worker(versions(), holds, refused=str(error))


def learn(packed: Packed) -> None:
    """Keep a search_task."""
    search_task = pickle.loads(packed.content)
    with _lock:
        _search_tasks[packed.digest] = search_task
        while len(_search_tasks) > STUDIES:
            _search_tasks.popitem(last=False)
        _lock.notify_all()


def work(digest: str, source: str) -> str | None:
    """The evaluation of a candidate as JSON; None when this worker was not taught the search_task in time.

    Raises SandboxUnavailable where nothing can be isolated.
    """
    with _lock:
        if not _lock.wait_for(lambda: digest in _search_tasks, LEARN_SECONDS):
            return None
        search_task = _search_tasks[digest]
        _search_tasks.move_to_end(digest)
        sandbox = _sandboxes[search_task.limits, search_task.unsafe_local]
    return search_task.evaluate(sandbox, source).model_dump_json()
