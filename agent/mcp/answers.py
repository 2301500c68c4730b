"""What the tools answer: JSON of bounded size, made of training rows and of what was found from them alone."""

from typing import Any

from lawsmith.agent.client.text import clip
from lawsmith.agent.feedback.describe import fold_words
from lawsmith.agent.feedback.prompts import Prompts
from lawsmith.agent.mcp.session import SUBMITTED, Session
from lawsmith.runs import Archive
from lawsmith.runs.archive import plain_dict
from lawsmith.runs.trials import Trial
from lawsmith.sandbox import Verdict
from lawsmith.tasks import Dataset, Schema

MAX_MESSAGE = 1200  # characters of what went wrong: the end of a trace says it
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
    prompts = Prompts(task, fold_words(task), DESCRIPTION_TOKENS, structured=False)
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
        "train_r2": None if found.train is None else found.train.r2,
        "constants_per_group": found.constants_count,
        "folds": [{name: getattr(fold, name) for name in ("name", "kind", "rows", "r2")} for fold in found.folds],
        "formula": found.formula,
    }
    failed = {"stage": found.stage, "message": found.message[:MAX_MESSAGE], "advice": found.verdict.advice}
    return plain_dict(
        {
            "candidate": trial.id,
            "number": session.number(trial),
            "verdict": found.verdict,
            "selectable": trial.usable,
            **(scored if found.verdict is Verdict.OK else failed),
            "told": session.told(trial),
            **standing(session),
        }
    )


def standing(session: Session) -> Answer:
    """The best law so far, and what may still be spent."""
    leader = session.leader
    best = None if leader is None else {"candidate": leader.id, "by": _maker(leader), **_scores(leader)}
    return {"best": best, "candidates_left": session.left, "floor_ended": session.floor_ended, "notes": session.notes}


def outcome(archive: Archive) -> Answer:
    """How a finished run ended. The test score stays in the archive: whoever can begin another session on the
    same task must not learn it here."""
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
            "test": "Scored once, for the record in the archive; not told here.",
            "next": f"discover inspect {archive.run}; discover replay {archive.run}",
        }
    )


def _maker(trial: Trial) -> str:
    return "you" if trial.proposal.origin == SUBMITTED else "floor"


def _scores(trial: Trial) -> Answer:
    found = trial.evaluation
    return {"validation_r2": found.validation_r2, "constants_per_group": found.constants_count}
