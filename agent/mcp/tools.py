"""The tools: what a client may ask. None takes a path, and none reads a test row or a test score."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, ParamSpec

import anyio.from_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from lawsmith.agent.mcp import answers
from lawsmith.agent.mcp.answers import Answer
from lawsmith.agent.mcp.session import Progress
from lawsmith.agent.mcp.sessions import Sessions
from lawsmith.runs import Archive
from lawsmith.tasks import InputError

INSTRUCTIONS = """\
lawsmith finds laws: compact formulas that still hold beyond the rows they were fitted on. Work in this order: \
list_tasks, describe_task, start; then submit candidates (Python source with PARAMETERS and form(x, p); the sandbox \
fits the constants), with diagnose to see what each one misses; then finish. Laws are selected by validation R2, \
measured on folds cut from the far end of the training rows, constants counted against them; the final test lies \
farther out still and no tool shows it. floor runs the built-in symbolic search, whose laws compete with yours. \
Always call finish: it archives the best law found, by you or by the floor."""

P = ParamSpec("P")
TaskName = Annotated[str, Field(max_length=200, description="As list_tasks names it.")]
SessionName = Annotated[str, Field(max_length=100, description="As start returned it.")]
CandidateId = Annotated[str, Field(max_length=64, description="A candidate of this session.")]
GroupName = Annotated[str | None, Field(max_length=400, description="Only rows of this group.")]

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def build_server(sessions: Sessions) -> MCPServer:
    """The server with its tools, to be run on a transport."""
    server: MCPServer = MCPServer(
        "lawsmith", instructions=INSTRUCTIONS, version=version("lawsmith"), log_level="WARNING"
    )
    asked = Tools(sessions)
    for reads in (asked.list_tasks, asked.describe_task, asked.training_rows, asked.history, asked.diagnose):
        server.add_tool(_in_words(reads), annotations=_READS)
    for writes in (asked.start, asked.submit, asked.floor, asked.finish):
        server.add_tool(_in_words(writes), annotations=_WRITES)
    return server


def _in_words(function: Callable[P, Answer]) -> Callable[P, Answer]:
    """What the client has to change reaches it as a sentence."""

    @functools.wraps(function)
    def tool(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except InputError as error:
            raise ToolError(str(error)) from None

    return tool


class Tools:
    """One method per tool; its docstring is what clients read."""

    def __init__(self, sessions: Sessions) -> None:
        self._desk = sessions

    def list_tasks(self) -> Answer:
        """List the tasks: tables of measurements to explain, with their features and targets."""
        known = self._desk.schemas().values()
        return {"tasks": [answers.task_line(schema, source) for schema, source in known]}

    def describe_task(self, task: TaskName) -> Answer:
        """Describe a task: columns, units, ranges, groups, a sample of training rows, how laws are judged, and
        how a candidate is written."""
        return answers.description(self._desk.mcp_task(task).dataset)

    def training_rows(
        self,
        task: TaskName,
        group: GroupName = None,
        offset: Annotated[int, Field(ge=0)] = 0,
        limit: Annotated[int, Field(ge=1, le=answers.MAX_ROWS)] = 20,
    ) -> Answer:
        """Read training rows, a page at a time."""
        return answers.rows(self._desk.mcp_task(task).dataset.task.train, group, offset, limit)

    def start(
        self,
        task: TaskName,
        model: Annotated[
            str | None, Field(description="Your model's name, for the record; it is not checked.")
        ] = None,
        seed: Annotated[int, Field(ge=0, le=2**31, description="Of the built-in search.")] = 0,
    ) -> Answer:
        """Begin a session: one archived run on a task. Returns the session's name and its budget."""
        name = self._desk.start(task, model, seed)
        with self._desk.session(name) as session:
            return {"session": name, **answers.standing(session)}

    def submit(
        self,
        session: SessionName,
        source: Annotated[str, Field(description="Python, at most 64 KiB.")],
        parents: Annotated[list[str], Field(description="Candidates that it was derived from.")] = [],  # noqa: B006
        note: Annotated[str, Field(description="The idea, for the record.")] = "",
    ) -> Answer:
        """Submit a candidate law and wait for its verdict: fitted and scored on folds in the sandbox. Returns
        scores, or at which stage it failed and why."""
        with self._desk.session(session) as found:
            return answers.verdict(found, found.submit(source, parents, note))

    def diagnose(self, session: SessionName, candidate: CandidateId) -> Answer:
        """See what a candidate misses: its residuals by group, range and far end of the training rows, the folds
        it predicts worst, its fitted constants and its source."""
        with self._desk.session(session) as found:
            return answers.diagnosis(found, found.trial(candidate))

    def history(self, session: SessionName) -> Answer:
        """List the best candidates of a session, the last failures, and what is left of the budget."""
        with self._desk.session(session) as found:
            return answers.candidates(found)

    def floor(
        self, session: SessionName, context: Context, seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    ) -> Answer:
        """Run the built-in symbolic search for some seconds and see its best laws. Call it again to continue it;
        floor_ended tells when it has nothing more to propose."""
        with self._desk.session(session) as found:
            found.search_floor(min(seconds, self._desk.bounds.floor_seconds), _progress(context))
            return {"laws": answers.laws(found.history, 5), **answers.standing(found)}

    def finish(self, session: SessionName, context: Context) -> Answer:
        """End a session: the law is chosen among all candidates by validation, written down and archived. The
        built-in search runs first if it never did, so that there is a law even when nothing was submitted."""
        with self._desk.session(session) as found:
            found.finish(self._desk.bounds.floor_seconds, _progress(context))
            self._desk.forget(found)
            return answers.outcome(Archive.open(found.archive.path))


def _progress(context: Context) -> Progress:
    """Tells a client that waits, which keeps it from giving up."""

    def told(candidates: int) -> None:
        anyio.from_thread.run(
            context.report_progress, float(candidates), None, f"{candidates} candidates on record"
        )

    return told
