"""All sessions of a server: what they search on, which are open, and how one is found again after a restart."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from lawsmith.agent.command.job import Job, OwnTable
from lawsmith.agent.command.registry import CLIENT, Chosen
from lawsmith.agent.command.runner import Command
from lawsmith.agent.mcp.session import McpTask, Session, check_text
from lawsmith.agent.search.evaluator import Evaluator
from lawsmith.runs import Archive, new_run_id
from lawsmith.runs.records.find import addresses
from lawsmith.runs.records.ownership import marked
from lawsmith.sandbox import Sandbox, Tier
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Dataset, InputError, Schema, load, names, schema
from lawsmith.tasks.sources import whereabouts

MAX_MODEL = 80  # characters of a model's name


@dataclass(frozen=True)
class Bounds:
    """Limits of clients. Candidates are per session, the built-in search not counted; sessions are those
    open at a time; `floor_seconds` of built-in search are per call."""

    max_candidates: int
    max_sessions: int
    floor_seconds: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise InputError(f"--{name.replace('_', '-')} is {value}; it must be positive.")


class Sessions:
    """Opens, finds and closes sessions; safe to use from several threads. Where as many are open as may be, the one
    that was idle longest is closed: it is opened again when its client asks for it by its name.

    Args:
        table: a table of the user's own, offered as one more task.
        sandbox: executes every candidate; not closed here.

    Raises InputError when the own table is not valid.
    """

    def __init__(
        self, sandbox: Sandbox, runs_dir: Path, data_dir: Path | None, bounds: Bounds, table: OwnTable | None
    ) -> None:
        self.bounds = bounds
        self._sandbox, self._runs_dir, self._data_dir, self._table = sandbox, runs_dir, data_dir, table
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._unfinished: dict[str, Path] = {}
        self._tasks: list[McpTask] = []
        self._stack = ExitStack()
        self._own = None if table is None else table.read()
        self._loaded: dict[str, Dataset] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in self._sessions.values():
            if session.lock.acquire(blocking=False):  # a call under way keeps its archive until the process ends
                session.archive.close()
        self._stack.__exit__(kind, error, trace)

    def unfinished(self) -> tuple[Path, ...]:
        """The archives of the sessions that were begun, or gone on with, and not finished."""
        return tuple(self._unfinished.values())

    def schemas(self) -> dict[str, tuple[Schema, str]]:
        """Name of a task -> its schema, and where its rows are from; nothing is loaded."""
        own = {} if self._own is None else {self._own.task.schema.name: (self._own.task.schema, "file")}
        found = {name: whereabouts(name, self._data_dir) for name in names()}
        sources = {name: "missing" if told == ("file", None) else told[0] for name, told in found.items()}
        return {name: (schema(name), source) for name, source in sources.items()} | own

    def mcp_task(self, task: str) -> McpTask:
        """Raises InputError for an unknown task, or one whose data cannot be had."""
        if self._own is not None and task == self._own.task.schema.name:
            return self._task(self._own)
        with self._lock:
            if (name := schema(task).name) not in self._loaded:
                self._loaded[name] = load(name, self._data_dir)
        return self._task(self._loaded[name])

    def _task(self, dataset: Dataset) -> McpTask:
        """Sessions on the same rows share a mcp_task, so that nothing is evaluated twice."""
        task = dataset.task
        with self._lock:
            for mcp_task in self._tasks:
                same = mcp_task.dataset.task
                if (same.schema, same.provenance.sha256) == (task.schema, task.provenance.sha256):
                    return mcp_task
            evaluator = Evaluator(self._sandbox, SearchTask.of(task))  # as a command, which may have to end it
            self._tasks.append(McpTask(dataset, self._stack.enter_context(evaluator)))
            return self._tasks[-1]

    def start(self, task: str, model: str | None, seed: int) -> str:
        """Begin a session; returns its name, which is the run's.

        Raises InputError as `mcp_task`, and when as many sessions are busy as are allowed.
        """
        check_text("model", model or "", MAX_MODEL)
        mcp_task = self.mcp_task(task)
        job = self._job(mcp_task.dataset, seed)
        chosen = Chosen(CLIENT, model or None, "a client leads it")
        planned = Command(job, mcp_task.dataset, chosen, self._runs_dir, new_run_id()).plan(0).manifest
        manifest = marked(planned).model_copy(update={"search_task": mcp_task.evaluator.search_task.digest})
        with self._lock:
            self._make_room()
            archive = Archive.create(self._runs_dir, manifest)
            self._open(Session(mcp_task, archive, self.bounds.max_candidates))
        return manifest.run

    def _open(self, session: Session) -> None:
        name = session.archive.run
        self._sessions[name], self._unfinished[name] = session, session.archive.path

    def _job(self, dataset: Dataset, seed: int) -> Job:
        bare = self._sandbox.tier is Tier.NONE
        job = Job(agent=CLIENT, seed=seed, settings={"candidates": self.bounds.max_candidates}, unsafe_local=bare)
        name = dataset.task.schema.name
        if self._table is not None and self._own is not None and name == self._own.task.schema.name:
            return job.of(self._table, None)
        return job.of(name, self._data_dir)

    def _make_room(self) -> None:
        """Nobody is told whose sessions are open: the name of one is all that it takes to go on with it."""
        if len(self._sessions) < self.bounds.max_sessions:
            return
        for name, session in sorted(self._sessions.items(), key=lambda one: one[1].used):
            if session.lock.acquire(blocking=False):
                with suppress(KeyError):  # finished meanwhile
                    del self._sessions[name]
                session.archive.close()
                session.lock.release()
                return
        raise InputError(f"All {len(self._sessions)} sessions that may be open are busy; ask again later.")

    @contextmanager
    def session(self, name: str) -> Iterator[Session]:
        """The session of that name, for one call; one that a stopped server left is taken up again.

        Raises InputError when there is none, when it is finished, or when another server has it.
        """
        while True:
            session = self._sessions.get(name) or self._reopen(name)
            with session.lock:
                if self._sessions.get(name) is session:  # it was not finished, nor closed for another one
                    session.used = monotonic()
                    yield session
                    return

    def forget(self, session: Session) -> None:
        """A finished session is open no longer."""
        del self._sessions[session.archive.run], self._unfinished[session.archive.run]

    def _reopen(self, name: str) -> Session:
        path = next((p for p in addresses(self._runs_dir, published=False).values() if p.name == name), None)
        manifest = None if path is None else Archive.open(path).manifest
        if path is None or manifest is None or manifest.agent != CLIENT or manifest.origin != "run":
            raise InputError(f"There is no session {name!r}; `start` begins one and returns its name.")
        if Archive.open(path).result is not None:
            raise InputError(f"The session {name} is finished: its law is archived. `start` begins another one.")
        command = Command.recorded(path)
        mcp_task = self._task(command.dataset)
        with self._lock:
            if name not in self._sessions:
                self._make_room()
                allowed = (command.job.settings or {}).get("candidates")
                self._open(Session(mcp_task, Archive.resume(path), allowed if isinstance(allowed, int) else 0))
            return self._sessions[name]
