"""Re-executes an archived law in the sandbox and compares every score with the archived one."""

import math
from functools import partial
from pathlib import Path

from lawsmith.runs.laws.winner import LawFailed, score_law
from lawsmith.runs.quoting import visible
from lawsmith.runs.records.archive import Archive
from lawsmith.runs.records.data import open_data
from lawsmith.runs.records.record import FinalScores, RunResult, SplitScores
from lawsmith.runs.records.searched import CHANGED, is_same, searched
from lawsmith.sandbox import Sandbox, evaluate
from lawsmith.tasks import Dataset
from lawsmith.tasks.frozen import Exact

TOLERANCE = 1e-9
"""Relative to max(1, |score|): what libraries of another machine may change in the last digits."""
FOLD_TOLERANCE = 1e-6
"""The same for a score that follows from new fits."""
NEVER_CHECKED = "A replay cannot check cost, time, number of candidates, lineage and the reason of the choice."


ONLY_REPLICA = (
    "The rows at hand are a REPLICA, computed from the law itself; the archived scores were measured on the real rows. "
    "So nothing was compared: the law was only executed. Name the real rows with --data-dir DIR."
)


class ReplayScores(Exact):
    """The scores as archived and as found now."""

    archived: FinalScores
    replayed: FinalScores


class ReplayReport(Exact):
    """The result of a replay. `differences` are sentences; `reproduced` is true when there are none.

    `reproduced` is None, and a notice says why, where there was nothing to compare: a result that was measured on real
    rows meets only the replica here. `exact` tells whether every score that was archived to the last digit came back
    to the last digit.
    """

    run: str
    reproduced: bool | None
    exact: bool
    scores: ReplayScores
    differences: tuple[str, ...]
    notices: tuple[str, ...] = ()
    validation_r2: float | None = None
    """As found now, from fits to the folds; None where it was not checked, and not a number where that failed."""
    unchecked: tuple[str, ...] = ()
    """Sentences on what the archive claims and nothing repeats."""
    tier: str


def replay(
    archive: Archive, sandbox: Sandbox, data_dir: Path | None = None, dataset: Dataset | None = None
) -> ReplayReport:
    """Check the archive's digests, execute its ``law.py`` on its data, fit it to the folds anew, compare every score.

    Args:
        archive: a complete one.
        sandbox: where its law is executed, which is not trusted.
        data_dir: where the data is; by default where the run found it, then as for a new run.
        dataset: the data itself, where the caller has it.

    Raises InputError: the archive is damaged (file and digest named), unfinished or without a law, or the data cannot
    be had.
    """
    result, law = archive.finished("replay")
    data = dataset if dataset is not None else open_data(archive, data_dir)
    try:
        replayed, failed = score_law(law, data, sandbox), None
    except LawFailed as failure:
        replayed, failed = FinalScores(), str(failure)
    scores = ReplayScores(archived=result.scores, replayed=replayed)
    report = partial(ReplayReport, run=archive.manifest.address, scores=scores, tier=str(sandbox.tier))
    recorded, found = archive.manifest.data, data.task.provenance
    if found.source == "replica" and (recorded is None or recorded.source != "replica"):
        return report(reproduced=None, exact=False, differences=(), notices=(ONLY_REPLICA,))
    validation, unchecked = _validation(archive, result, data, sandbox)
    differences = _differences(result, replayed, failed, validation)
    if recorded is not None and recorded.sha256 != found.sha256:
        now = f"SHA-256 {found.sha256} ({found.source})"
        differences.insert(0, f"the data differ: {now}, archived is {recorded.sha256}")
    return report(
        reproduced=not differences,
        exact=not differences and (result.decimals is None and result.scores == replayed),
        differences=tuple(differences),
        validation_r2=validation,
        unchecked=unchecked,
    )


def _validation(
    archive: Archive, result: RunResult, data: Dataset, sandbox: Sandbox
) -> tuple[float | None, tuple[str, ...]]:
    """Held-out R² from fits to the same folds as the search made, and sentences on what is not repeated."""
    if result.validation_r2 is None:
        return None, (NEVER_CHECKED,)
    source = archive.source()
    if archive.manifest.origin != "run" or source is None:
        return None, ("Held-out R² was not checked: the archive has no form that could be fitted to the folds.",)
    search_task = searched(archive, data.task)
    told = () if is_same(archive, search_task) else (CHANGED,)
    found = evaluate(sandbox, source, search_task.task, search_task.folds, seed=search_task.seed)
    if found.validation_r2 is None:
        why = found.message or found.verdict.value
        return math.nan, (f"The fits to the folds cannot be repeated: {visible(why)[:300]}", *told, NEVER_CHECKED)
    return found.validation_r2, (*told, NEVER_CHECKED)


def _differences(result: RunResult, replayed: FinalScores, failed: str | None, validation: float | None) -> list[str]:
    """A sentence for each archived score that is not found again; where the law `failed`, why in place of them."""
    found = [] if failed is None else [failed]
    allowed = {"rel_tol": TOLERANCE, "abs_tol": TOLERANCE}
    if result.decimals is not None:
        allowed = {"rel_tol": 0.0, "abs_tol": 0.5000001 * 10.0**-result.decimals}
    for split in ("train", "test") if failed is None else ():
        old: SplitScores | None = getattr(result.scores, split)
        new: SplitScores | None = getattr(replayed, split)
        if old is None:
            continue
        if new is None:
            found.append(f"the {split} scores cannot be repeated: the data has no {split} split")
            continue
        for metric, value in old:
            again = getattr(new, metric)
            if value is not None and not math.isclose(value, again, **allowed):
                found.append(f"{split} {metric} is {again!r}, archived is {value!r}")
    held_out = result.validation_r2 or 0.0  # where none is archived, none was looked for
    if validation is not None and not math.isclose(
        validation, held_out, rel_tol=FOLD_TOLERANCE, abs_tol=FOLD_TOLERANCE
    ):
        found.append(f"held-out R² is {validation!r}, archived is {held_out!r}")
    return found
