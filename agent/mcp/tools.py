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
from pydantic import Field, ValidationError

from lawsmith.agent.client.text import clip
from lawsmith.agent.feedback.prompts import Prompts
from lawsmith.agent.feedback.toolbox import TOOLS, Laws, numbered
from lawsmith.agent.feedback.views import failure
from lawsmith.agent.mcp.session import SUBMITTED, Progress, Session
from lawsmith.agent.mcp.sessions import Sessions
from lawsmith.runs.records.archive import Archive, plain_dict
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox import Verdict
from lawsmith.tasks import Dataset, InputError, Schema
from lawsmith.tasks.frozen import first_fault

MAX_LAW = 64 * 1024  # characters: law.py of any law that people read
DESCRIPTION_TOKENS = 9000  # of the description that an agent asks for

Answer = dict[str, Any]


def task_line(schema: Schema, source: str) -> Answer:
    """One task of a list."""
    return {
        "task": schema.name,
        "title": clip(schema.title),
        "features": list(schema.features),
        "targets": list(schema.targets),
        "group": schema.group,
        "constants_per_group_and_target": schema.cap,
        "data": source,
    }


def description(dataset: Dataset) -> Answer:
    """A task in words: columns, ranges, groups, a sample of training rows, and what a candidate must be."""
    task = dataset.task
    prompts = Prompts(task, DESCRIPTION_TOKENS, structured=False)
    return {
        "task": task.schema.name,
        "training_rows": len(task.train),
        "data": task.provenance.source,
        "notes": list(dataset.notices),
        "description": prompts.fit("tools.j2", lambda detail: {}, share=1.0),
    }


def verdict(session: Session, trial: Trial) -> Answer:
    """What became of a candidate, and how it compares."""
    found = trial.evaluation
    scored = {
        "validation_r2": found.validation_r2,
        "train_r2": found.train_r2,
        "constants_per_group": found.constants_count,
        "folds": [{name: getattr(fold, name) for name in ("name", "kind", "rows", "r2")} for fold in found.folds],
        "formula": found.formula,
    }
    return plain_dict(
        {
            "candidate": trial.id,
            "number": session.history.place(trial),
            "verdict": found.verdict,
            "selectable": trial.usable,
            **(scored if found.verdict is Verdict.OK else failure(trial)),
            "told": session.told(trial),
            **standing(session),
        }
    )


def standing(session: Session) -> Answer:
    """The best law so far, and what may still be spent."""
    best = None
    if (leader := session.leader) is not None:
        by, found = "you" if leader.proposal.origin == SUBMITTED else "floor", leader.evaluation
        scores = {"validation_r2": found.validation_r2, "constants_per_group": found.constants_count}
        best = {"candidate": leader.id, "by": by, **scores}
    return {"best": best, "candidates_left": session.left, "floor_ended": session.floor_ended, "notes": session.notes}


def outcome(archive: Archive) -> Answer:
    """How a finished run ended, without the test score: a client could begin another session and search for it."""
    result, law = archive.result, archive.law
    assert result is not None
    by = next((e.get("origin") for e in archive.events() if e.get("id") == result.winner), None)
    return plain_dict(
        {
            "run": archive.run,
            "archive": str(archive.path.absolute()),
            "error": result.error if law is None else None,
            "winner": result.winner,
            "by": "you" if by == SUBMITTED else "floor",
            "reason": result.reason,
            "formula": result.expression,
            "constants_per_group": result.constants_count,
            "validation_r2": result.validation_r2,
            "train_r2": result.train_r2,
            "law": law if law is not None and len(law) <= MAX_LAW else None,
            "test": "The archive records one score on the test rows; no tool returns it.",
            "next": f"discover inspect {archive.run}; discover replay {archive.run}",
        }
    )


INSTRUCTIONS = """\
lawsmith finds laws: compact formulas that still hold beyond the rows they were fitted on. Work in this order: \
list_tasks, describe_task, start. Look at the rows with rows, plot and run (your own numpy code). Then try \
candidates (Python source with PARAMETERS and form(x, p); the sandbox fits the constants) and read the errors of each \
one. Note what you learn. Then finish. Laws are chosen by their typical error on held-out rows at the far end of the \
training rows; each constant raises it. No tool shows the test score. floor runs the built-in symbolic search, whose \
laws compete with yours; laws lists all laws. Always call finish: it archives the best law, yours or the search's."""

TaskName = Annotated[str, Field(max_length=200, description="The name of a task from list_tasks.")]
SessionName = Annotated[str, Field(max_length=100, description="The session that start returned.")]

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)


def build_server(sessions: Sessions) -> MCPServer:
    """The server with its tools, to be run on a transport."""
    server: MCPServer = Server("lawsmith", instructions=INSTRUCTIONS, version=version("lawsmith"), log_level="CRITICAL")
    asked = Tools(sessions)
    reads: list[Callable[..., Answer]] = [asked.list_tasks, asked.describe_task]
    for looks in reads + [asked.looking(name) for name in ("rows", "plot", "run", "laws")]:
        server.add_tool(_in_words(looks), annotations=_READS)
    for writes in (asked.start, asked.note, asked.floor, asked.finish):
        server.add_tool(_in_words(writes), annotations=_WRITES)
    server.add_tool(_in_words(asked.try_law), name="try", annotations=_WRITES)
    return server


class Server(MCPServer):
    """Words what pydantic says of arguments."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """Call a tool; a wrong argument is a sentence."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            wrong = error.__cause__
            raise ToolError(f"{name}: {first_fault(wrong)}.") if isinstance(wrong, ValidationError) else error from None


def _in_words(function: Callable[..., Answer]) -> Callable[..., Answer]:
    """What the client has to change reaches it as a sentence."""

    @functools.wraps(function)
    def tool(*args: Any, **kwargs: Any) -> Answer:
        try:
            return function(*args, **kwargs)
        except InputError as error:
            raise ToolError(error.args[0]) from None

    return tool


class Tools:
    """One method per tool; its docstring is what clients read."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def list_tasks(self) -> Answer:
        """List the tasks: tables of measurements to explain, with their features and targets."""
        known = self._sessions.schemas().values()
        return {"tasks": [task_line(schema, source) for schema, source in known]}

    def describe_task(self, task: TaskName) -> Answer:
        """Describe a task: columns, units, ranges, groups, a sample of training rows, how laws are judged, and
        how a candidate is written."""
        return description(self._sessions.mcp_task(task).dataset)

    def start(
        self,
        task: TaskName,
        model: Annotated[str | None, Field(description="Your model's name, for the record; it is not checked.")] = None,
        seed: Annotated[int, Field(ge=0, le=2**31, description="The seed of the built-in search.")] = 0,
    ) -> Answer:
        """Begin a session: one archived run on a task. Returns the session's name and its budget."""
        name = self._sessions.start(task, model, seed)
        with self._sessions.session(name) as session:
            return {"session": name, **standing(session)}

    def note(self, session: SessionName, text: Annotated[str, Field(max_length=2000)]) -> Answer:
        """Keep a fact or a lesson in the archive; `laws` and `try` show the notes again."""
        with self._sessions.session(session) as found:
            found.note(text)
            return {"notes": found.notes}

    def try_law(
        self,
        session: SessionName,
        source: Annotated[str, Field(description="Python, at most 64 KiB.")],
        hypothesis: Annotated[str, Field(description="Why this law: mechanism or limit.")] = "",
        parents: Annotated[list[int], Field(description="Numbers of the laws from which you made it.")] = [],  # noqa: B006
    ) -> Answer:
        """Fit and score a candidate law and wait for its verdict: scores, constants and bounds hit, held-out errors
        with sign and size, rank among the known laws; or at which stage it failed and why."""
        with self._sessions.session(session) as found:
            named = tuple(numbered(found.history, place).id for place in parents)
            return verdict(found, found.submit(source, named, hypothesis))

    def looking(self, name: str) -> Callable[..., Answer]:
        """A tool of the toolbox that only looks, in a session: what it takes stands in its model."""
        model = TOOLS[name]

        def tool(session: str, **given: Any) -> Answer:
            with self._sessions.session(session) as found:
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
        with self._sessions.session(session) as found:
            found.search_floor(min(seconds, self._sessions.bounds.floor_seconds), _progress(context))
            return {"laws": found.look(Laws(number=None)), **standing(found)}

    def finish(self, session: SessionName, context: Context) -> Answer:
        """End a session: the law is chosen among all candidates by validation, written down and archived. The
        built-in search runs first if it never did, so that there is a law even when nothing was submitted."""
        with self._sessions.session(session) as found:
            found.finish(self._sessions.bounds.floor_seconds, _progress(context))
            self._sessions.forget(found)
            return outcome(Archive.open(found.archive.path))


def _progress(context: Context) -> Progress:
    """Tells a client that waits, which keeps it from giving up."""

    def told(candidates: int) -> None:
        anyio.from_thread.run(context.report_progress, float(candidates), None, f"{candidates} candidates on record")

    return told
