"""What the tools answer: JSON of bounded size, made of training rows and of what was found from them alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from lawsmith.agent.feedback.describe import fold_words
from lawsmith.agent.feedback.formulas import formula_of
from lawsmith.agent.feedback.prompts import Prompts
from lawsmith.agent.feedback.text import clip
from lawsmith.agent.mcp.session import SUBMITTED, Session
from lawsmith.runs import Archive
from lawsmith.runs.canonical_json import plain
from lawsmith.runs.trials import History, Trial
from lawsmith.sandbox import Verdict
from lawsmith.tasks import Dataset, InputError, Schema, Table
from lawsmith.tasks.errors import listing

MAX_ROWS = 100
MAX_CELLS = 2000
MAX_MESSAGE = 1200
MAX_LISTED = 40
MAX_LAW = 64 * 1024
DESCRIPTION_TOKENS = 9000
FINDINGS, SOURCE = 8, 6000

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
    prompts = Prompts(task, fold_words(task), DESCRIPTION_TOKENS, structured=False)
    return {
        "task": task.schema.name,
        "training_rows": len(task.train),
        "data": task.provenance.source,
        "notes": list(dataset.notices),
        "description": prompts.fit("tools.j2", lambda detail: {}, share=1.0),
    }


def rows(table: Table, group: str | None, offset: int, limit: int) -> Answer:
    """Training rows in their order, from `offset` on, of all groups or of one; `total` counts them.

    At most `limit`, `MAX_ROWS`, and as many as have `MAX_CELLS` values. Raises InputError for an unknown group.
    """
    if group is not None and group not in table.groups:
        known = listing([clip(name, 60) for name in table.groups], 8)
        raise InputError(f"There is no group {clip(group, 60)!r}; the groups are {known}.")
    of_group = table.codes == table.groups.index(group) if group is not None else np.full(len(table), True)
    chosen = np.flatnonzero(of_group)
    columns = {**table.features, **table.targets}
    most = max(1, min(limit, MAX_ROWS, MAX_CELLS // max(1, len(columns))))
    shown = [
        {"group": table.groups[table.codes[row]], **{name: float(v[row]) for name, v in columns.items()}}
        for row in chosen[offset : offset + most]
    ]
    return {"total": len(chosen), "offset": offset, "rows": shown}


def verdict(session: Session, trial: Trial) -> Answer:
    """What became of a candidate, and how it compares."""
    found = trial.evaluation
    scored = {
        "validation_r2": found.validation_r2,
        "train_r2": None if found.train is None else found.train.r2,
        "constants_per_group": found.constants_count,
        "folds": [_only(fold, ("name", "kind", "rows", "r2")) for fold in found.folds],
        "formula": found.formula,
    }
    failed = {"stage": found.stage, "message": found.message[:MAX_MESSAGE], "advice": found.verdict.advice}
    return _plain(
        {
            "candidate": trial.id,
            "verdict": found.verdict,
            "selectable": trial.usable,
            **(scored if found.verdict is Verdict.OK else failed),
            **standing(session),
        }
    )


def _only(record: object, names: Iterable[str]) -> Answer:
    return {name: getattr(record, name) for name in names}


def standing(session: Session) -> Answer:
    """The best law so far, and what may still be spent."""
    leader = session.history.leader
    best = None if leader is None else {"candidate": leader.id, "by": _maker(leader), **_scores(leader)}
    return {"best": best, "candidates_left": session.left, "floor_ended": session.floor_ended}


def laws(history: History, count: int) -> list[Answer]:
    """The best laws, sources included."""
    return [
        {"candidate": t.id, "by": _maker(t), **_scores(t), "source": t.proposal.source[:SOURCE]}
        for t in history.best(count)
    ]


def candidates(session: Session) -> Answer:
    """The best candidates, and the last that failed, one line each."""
    best = [
        {"candidate": t.id, "by": _maker(t), "law": formula_of(t), **_scores(t)}
        for t in session.history.best(MAX_LISTED)
    ]
    failed = [t for t in session.history if t.evaluation.verdict is not Verdict.OK][-8:]
    failures = [
        {"candidate": t.id, "verdict": t.evaluation.verdict, "message": t.evaluation.message[:200]}
        for t in failed
    ]
    return _plain(
        {"tried": len(session.history), "best_laws": best, "failures": failures, **standing(session)}
    )


def diagnosis(session: Session, trial: Trial) -> Answer:
    """Where a law fails on the training rows and folds, its constants and source."""
    view = session.viewer.view(trial, source=SOURCE, findings=FINDINGS)
    units = "Residuals are measured minus predicted, in standard deviations of the target."
    return _plain({**asdict(view), "units": units})


def outcome(archive: Archive) -> Answer:
    """How a finished run ended. The test score stays in the archive: whoever can begin another session on the
    same task must not learn it here."""
    result, law = archive.result, archive.law
    assert result is not None
    by = next((e.get("origin") for e in archive.events() if e.get("id") == result.winner), None)
    return _plain(
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
            "train_r2": None if result.scores.train is None else result.scores.train.r2,
            "law": law if law is not None and len(law) <= MAX_LAW else None,
            "test": "Scored once, for the record in the archive; not told here.",
            "next": f"discover inspect {archive.run}; discover replay {archive.run}",
        }
    )


def _maker(trial: Trial) -> str:
    return "you" if trial.proposal.origin == SUBMITTED else "floor"


def _scores(trial: Trial) -> Answer:
    found = trial.evaluation
    return {"validation_r2": found.validation_r2, "constants_per_group": found.constants_count}


def _plain(answer: Answer) -> Answer:
    content = plain(answer)
    assert isinstance(content, dict)
    return content
