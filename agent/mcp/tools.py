"""The tools: what a client may ask. None takes a path, and none reads a test row or a test score."""

import functools
from collections.abc import Callable
from importlib.metadata import version
from inspect import Parameter, Signature, getdoc
from typing import Annotated, Any

import anyio.from_thread
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from lawsmith.agent.feedback.toolbox import TOOLS, Laws, numbered
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
    reads: list[Callable[..., Answer]] = [asked.list_tasks, asked.describe_task]
    for looks in reads + [asked.looking(name) for name in ("rows", "plot", "run", "laws")]:
        server.add_tool(_in_words(looks), annotations=_READS)
    for writes in (asked.start, asked.note, asked.floor, asked.finish):
        server.add_tool(_in_words(writes), annotations=_WRITES)
    server.add_tool(_in_words(asked.try_law), name="try", annotations=_WRITES)
    return server


def _in_words(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """What the client has to change reaches it as a sentence."""

    @functools.wraps(function)
    def tool(*args: Any, **kwargs: Any) -> Answer:
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

    def looking(self, name: str) -> Callable[..., Answer]:
        """A tool of the toolbox that only looks, in a session: what it takes stands in its model."""
        model = TOOLS[name]

        def tool(session: str, **given: Any) -> Answer:
            with self._desk.session(session) as found:
                return {"text": found.look(model(**given))}

        fields = {field: Annotated[info.annotation, info] for field, info in model.model_fields.items()}
        taken = [
            Parameter(key, Parameter.KEYWORD_ONLY, annotation=of)
            for key, of in {"session": SessionName, **fields}.items()
        ]
        tool.__name__, tool.__doc__ = name, getdoc(model)
        tool.__signature__ = Signature(taken, return_annotation=Answer)  # type: ignore[attr-defined]
        return tool

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
