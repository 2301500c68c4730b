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

from lawsmith.agent.feedback.tables import MAX_ROWS
from lawsmith.agent.feedback.toolbox import Arguments, Laws, PlotArguments, RowsArguments, RunArguments, numbered
from lawsmith.agent.mcp import answers
from lawsmith.agent.mcp.answers import Answer
from lawsmith.agent.mcp.session import Progress
from lawsmith.agent.mcp.sessions import Sessions
from lawsmith.runs import Archive
from lawsmith.tasks import InputError

INSTRUCTIONS = """\
lawsmith finds laws: compact formulas that still hold beyond the rows they were fitted on. Work in this order: \
list_tasks, describe_task, start; look at the rows with rows, plot and run (your own numpy code); then try \
candidates (Python source with PARAMETERS and form(x, p); the sandbox fits the constants) and read what each one \
misses; note what you learn; then finish. Laws are chosen by their typical error on held-out rows, cut from the far \
end of the training rows, constants counted against them; no tool shows the final test. floor runs the built-in \
symbolic search, whose laws compete with yours; laws lists them all. Always call finish: it archives the best law \
found, by you or by the floor."""

P = ParamSpec("P")
TaskName = Annotated[str, Field(max_length=200, description="As list_tasks names it.")]
SessionName = Annotated[str, Field(max_length=100, description="As start returned it.")]

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def build_server(sessions: Sessions) -> MCPServer:
    """The server with its tools, to be run on a transport."""
    server: MCPServer = MCPServer(
        "lawsmith", instructions=INSTRUCTIONS, version=version("lawsmith"), log_level="CRITICAL"
    )
    asked = Tools(sessions)
    for reads in (asked.list_tasks, asked.describe_task, asked.rows, asked.plot, asked.run, asked.laws):
        server.add_tool(_in_words(reads), annotations=_READS)
    for writes in (asked.start, asked.note, asked.floor, asked.finish):
        server.add_tool(_in_words(writes), annotations=_WRITES)
    server.add_tool(_in_words(asked.try_law), name="try", annotations=_WRITES)
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

    def start(
        self,
        task: TaskName,
        model: Annotated[str | None, Field(description="Your model's name, for the record; it is not checked.")] = None,
        seed: Annotated[int, Field(ge=0, le=2**31, description="Of the built-in search.")] = 0,
    ) -> Answer:
        """Begin a session: one archived run on a task. Returns the session's name and its budget."""
        name = self._desk.start(task, model, seed)
        with self._desk.session(name) as session:
            return {"session": name, **answers.standing(session)}

    def rows(
        self,
        session: SessionName,
        where: Annotated[
            list[str], Field(description="Conditions, all of which hold: 'N >= 1e9', 'group = NAME'.")
        ] = [],  # noqa: B006
        sort: Annotated[str, Field(description="Column to sort by; '-N' sorts descending.")] = "",
        limit: Annotated[int, Field(ge=1, le=MAX_ROWS)] = 20,
        offset: Annotated[int, Field(ge=0)] = 0,
        by: Annotated[list[str], Field(description="Aggregate over ranges of these columns ('group' is one).")] = [],  # noqa: B006
        residuals_of: Annotated[int | None, Field(description="Number of a law to show residuals of.")] = None,
    ) -> Answer:
        """Read training rows: any slice, sorted, or aggregated over ranges of one or two columns; with the residuals of
        a law, if one is named."""
        asked = RowsArguments(where=where, sort=sort, limit=limit, offset=offset, by=by, residuals_of=residuals_of)
        return self._looked(session, asked)

    def plot(
        self,
        session: SessionName,
        x: Annotated[str, Field(description="Column along the axis.")],
        y: Annotated[str, Field(description="Column whose mean is shown.")],
        by: Annotated[str, Field(description="Column, or 'group', to split by.")] = "",
        where: Annotated[list[str], Field(description="Conditions as in rows.")] = [],  # noqa: B006
        bins: Annotated[int, Field(ge=2, le=20)] = 12,
    ) -> Answer:
        """Plot the mean of one column over ranges of another, as text."""
        return self._looked(session, PlotArguments(x=x, y=y, by=by, where=where, bins=bins))

    def run(self, session: SessionName, code: Annotated[str, Field(description="Python, at most 16 KiB.")]) -> Answer:
        """Run analysis code on the training rows in the sandbox: x["N"] and y["loss"] are numpy arrays by column, group
        is an array of names, np is numpy; scipy can be imported. Print what you want to see. No files, no network."""
        return self._looked(session, RunArguments(code=code))

    def laws(
        self,
        session: SessionName,
        number: Annotated[int | None, Field(description="Number of one law to see in detail.")] = None,
    ) -> Answer:
        """List the laws so far, the built-in search's included, best first, with what each misses; or one law in
        detail: source, constants and bounds hit, held-out errors with sign and size, worst rows."""
        return self._looked(session, Laws(number=number))

    def note(self, session: SessionName, text: Annotated[str, Field(max_length=2000)]) -> Answer:
        """Keep a fact or a lesson in the archive; `laws` and `try` show the notes again."""
        with self._desk.session(session) as found:
            found.note(text)
            return {"notes": found.notes}

    def try_law(
        self,
        session: SessionName,
        source: Annotated[str, Field(description="Python, at most 64 KiB.")],
        hypothesis: Annotated[str, Field(description="Why this law: mechanism or limit.")] = "",
        parents: Annotated[list[int], Field(description="Numbers of the laws that it was made from.")] = [],  # noqa: B006
    ) -> Answer:
        """Fit and score a candidate law and wait for its verdict: scores, constants and bounds hit, held-out errors
        with sign and size, rank among the known laws; or at which stage it failed and why."""
        with self._desk.session(session) as found:
            named = tuple(numbered(found.history, place).id for place in parents)
            return answers.verdict(found, found.submit(source, named, hypothesis))

    def _looked(self, session: str, asked: Arguments) -> Answer:
        with self._desk.session(session) as found:
            return {"text": found.look(asked)}

    def floor(
        self, session: SessionName, context: Context, seconds: Annotated[float, Field(gt=0, le=600)] = 20.0
    ) -> Answer:
        """Run the built-in symbolic search for some seconds and see its best laws. Call it again to continue it;
        floor_ended tells when it has nothing more to propose."""
        with self._desk.session(session) as found:
            found.search_floor(min(seconds, self._desk.bounds.floor_seconds), _progress(context))
            return {"laws": found.look(Laws(number=None)), **answers.standing(found)}

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
        anyio.from_thread.run(context.report_progress, float(candidates), None, f"{candidates} candidates on record")

    return told
