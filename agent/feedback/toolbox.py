"""The tools with which a model works on a task: what each takes, and what it answers. For analysts and MCP alike.

Answers are text of bounded size, made of the training rows and of what was found from them alone.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lawsmith.agent.client.messages import Tool
from lawsmith.agent.client.text import clip, number
from lawsmith.agent.feedback.formulas import fit_words, formula_of
from lawsmith.agent.feedback.prompts import Prompts, clip_bytes
from lawsmith.agent.feedback.tables import MAX_ROWS, Slice, aggregate_text, plot_text, rows_text
from lawsmith.agent.feedback.views import Viewer, failure
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Sandbox
from lawsmith.sandbox.analysis import analyse
from lawsmith.tasks import InputError, Task
from lawsmith.tasks.frozen import first_fault

ANSWER_BYTES = 5000
"""Of one answer: some 1500 tokens."""
FINDINGS, SOURCE = 6, 4000  # lines of each kind and characters of source that one law may take of that
MAX_LAWS = 30  # on one list that a model asks for


class Arguments(BaseModel):
    """What a tool takes. Unknown arguments are passed over: models invent some."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Describe(Arguments):
    """Describe the task: columns, units, ranges, groups, means over ranges, noise, how laws are judged and written."""


class RowsArguments(Arguments):
    """Read training rows: any slice, sorted, or aggregated over ranges of one or two columns."""

    where: list[str] = Field(default=[], description="Conditions, all of which hold: 'N >= 1e9', 'group = NAME'.")
    sort: str = Field("", description="Column to sort by; '-N' sorts descending.")
    limit: int = Field(20, ge=1, le=MAX_ROWS)
    offset: int = Field(0, ge=0)
    by: list[str] = Field(
        default=[], description="Aggregate over ranges of these columns (at most two; 'group' is one)."
    )
    residuals_of: int | None = Field(None, description="Number of a law whose residuals are shown as columns.")


class PlotArguments(Arguments):
    """Plot the mean of one column over ranges of another, as text; apart for each value of a third if asked."""

    x: str = Field(description="Column along the axis.")
    y: str = Field(description="Column whose mean is shown.")
    by: str = Field("", description="Column, or 'group', to split by.")
    where: list[str] = Field(default=[], description="Conditions as in rows.")
    bins: int = Field(12, ge=2, le=20)


class RunArguments(Arguments):
    """Run analysis code on the training rows. x["N"] and y["loss"] are numpy arrays by column, group is an array of
    names, np is numpy; scipy can be imported. Print what you want to see; the value of a last expression is printed.
    No files, no network, and nothing is kept from one run to the next."""

    code: str = Field(description="Python, at most 16 KiB.")


class Try(Arguments):
    """Fit and score a candidate law: verdict, constants and bounds hit, held-out errors with sign and size, rank."""

    source: str = Field(description="Python source with PARAMETERS and form(x, p).")
    hypothesis: str = Field("", description="Why this law: mechanism or limiting behaviour, in one to three sentences.")
    parents: list[int] = Field(default=[], description="Numbers of the laws that it was made from.")


class Laws(Arguments):
    """List the laws so far, the symbolic search's included, best first; or one law in detail: what it misses."""

    number: int | None = Field(None, description="Number of one law to see in detail.")


class Note(Arguments):
    """Keep a fact or a lesson: it survives when the conversation is shortened, and reaches later runs."""

    text: str


class Finish(Arguments):
    """End the search. Do so only when nothing is left to try: the budget that is left is lost."""

    reason: str = ""


TOOLS: Mapping[str, type[Arguments]] = {
    "describe": Describe,
    "rows": RowsArguments,
    "plot": PlotArguments,
    "run": RunArguments,
    "try": Try,
    "laws": Laws,
    "note": Note,
    "finish": Finish,
}


def tools() -> tuple[Tool, ...]:
    """All tools as a model is offered them."""
    said = {name: " ".join((model.__doc__ or "").split()) for name, model in TOOLS.items()}
    return tuple(Tool(name=name, description=said[name], parameters=_schema(model)) for name, model in TOOLS.items())


def _schema(model: type[Arguments]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = {name: _plain(part) for name, part in schema.get("properties", {}).items()}
    return {"type": "object", "properties": properties, "required": schema.get("required", [])}


def _plain(part: dict[str, Any]) -> dict[str, Any]:
    """Without titles, and with the type of an optional value, which not every endpoint reads as a union."""
    kept = {key: value for key, value in part.items() if key not in ("title", "anyOf")}
    return kept | next((dict(choice) for choice in part.get("anyOf", ()) if choice.get("type") != "null"), {})


def read_arguments(name: str, text: str) -> Arguments:
    """The arguments of a call. Raises InputError, with what the tool takes, for an unknown tool or bad arguments."""
    if name not in TOOLS:
        raise InputError(f"There is no tool {clip(name, 60)!r}; the tools are {', '.join(TOOLS)}.")
    try:
        found = json.loads(text, strict=False) if text.strip() else {}
        return TOOLS[name].model_validate(found)
    except (ValueError, RecursionError) as error:
        why = first_fault(error) if isinstance(error, ValidationError) else "the arguments are no JSON object"
        raise InputError(f"{name}: {why}. It takes {', '.join(TOOLS[name].model_fields) or 'nothing'}.") from None


class Toolbox:
    """Answers the tools that only look. Laws are numbered in the order in which they were evaluated, from 1."""

    def __init__(self, task: Task, sandbox: Sandbox, viewer: Viewer, prompts: Prompts) -> None:
        self._task, self._sandbox, self._viewer, self._prompts = task, sandbox, viewer, prompts
        self._analyses: dict[str, str] = {}

    def answer(self, arguments: Arguments, history: History) -> str:
        """What a tool answers; a mistake in its arguments is told in words."""
        try:
            match arguments:
                case RowsArguments():
                    found = self._rows(arguments, history)
                case PlotArguments() as asked:
                    where = tuple(asked.where)
                    found = plot_text(self._task.train, asked.x, asked.y, where, asked.by, asked.bins)
                case RunArguments():
                    found = self._run(arguments)
                case Laws(number=None):
                    found = "\n".join(self.law_table(history, MAX_LAWS)) or "There is no law yet."
                case Laws(number=int() as place):
                    found = self._told(numbered(history, place), history, SOURCE)
                case _:
                    found = self.describe()
            return clip_bytes(found, ANSWER_BYTES)
        except InputError as error:
            return str(error)

    def describe(self) -> str:
        """The task, its rows in numbers, and what a candidate must be."""
        return self._prompts.fit("tools.j2", lambda detail: {}, share=1.0)

    def _rows(self, asked: RowsArguments, history: History) -> str:
        wanted = Slice(tuple(asked.where), asked.sort, asked.limit, asked.offset)
        if asked.by:
            return aggregate_text(self._task.train, wanted, asked.by)
        extra = None
        if asked.residuals_of is not None:
            extra = self._viewer.residuals(numbered(history, asked.residuals_of))
        return rows_text(self._task.train, wanted, extra)

    def _run(self, asked: RunArguments) -> str:
        if asked.code not in self._analyses:
            found = analyse(self._sandbox, asked.code, self._task)
            self._analyses[asked.code] = "\n".join(part for part in (found.output, found.error) if part)
        return self._analyses[asked.code]

    def law_table(self, history: History, most: int) -> list[str]:
        """The laws so far, best first: number, held-out error, constants, maker, what it misses most, formula."""
        numbers = {trial.id: place for place, trial in enumerate(history, start=1)}
        ranking = [trial for trial in self._viewer.standing.ranking if trial.id in numbers]
        lines = ["# number | held-out error | constants | by | worst held-out part | formula"] if ranking else []
        for trial in ranking[:most]:
            worst = next(iter(self._viewer.held_out(trial)), "")
            by = "you" if trial.proposal.origin.startswith(("try", "submitted")) else "symbolic search"
            words = fit_words(trial)
            lines.append(
                f"{numbers[trial.id]} | {number(self._viewer.standing.error(trial), 3)} | "
                f"{trial.evaluation.constants_count} | {by} | {clip(worst, 150)} | {clip(formula_of(trial), 200)}"
                + (f" [{words}]" if words else "")
            )
        return lines

    def outcome(self, trial: Trial, history: History) -> str:
        """What is told about a candidate that was just tried: all but its source, and the best law so far."""
        leader, ranking = "It is the best law so far.", self._viewer.standing.ranking
        if trial.usable and ranking[0].id != trial.id:
            error = number(self._viewer.standing.error(ranking[0]), 3)
            leader = f"The best so far is law {history.place(ranking[0])} with {error}: {formula_of(ranking[0])}"
        return clip_bytes(self._told(trial, history, 0, leader), ANSWER_BYTES)

    def _told(self, trial: Trial, history: History, source: int, leader: str = "") -> str:
        content: dict[str, Any] = {"view": None, "number": history.place(trial), **failure(trial)}
        if trial.usable:
            view = self._viewer.view(trial, source=source, findings=FINDINGS, lineage=False)
            content = {"view": view, "number": history.place(trial), "leader": leader}
        return self._prompts.fit("tried.j2", lambda detail: content, share=1.0)


def numbered(history: History, place: int) -> Trial:
    """The law of that number. Raises InputError where there is none."""
    trials: Sequence[Trial] = history.trials
    if not 1 <= place <= len(trials):
        raise InputError(f"There is no law {place}; the numbers go from 1 to {len(trials)}.")
    return trials[place - 1]
