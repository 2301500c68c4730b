"""The uncertainty of an archived run: measured once, then kept with the archive."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from lawsmith.runs.intervals.estimate import EvaluatedLaw, estimate
from lawsmith.runs.intervals.model import Uncertainty
from lawsmith.runs.records.archive import UNCERTAINTY, Archive
from lawsmith.runs.records.canonical_json import seal
from lawsmith.runs.records.data import open_data
from lawsmith.runs.records.searched import disbelieved_rows, weighed
from lawsmith.sandbox import Constants, Sandbox
from lawsmith.tasks import InputError, Task


def fitted_laws(archive: Archive, law: str | None = None) -> tuple[EvaluatedLaw, ...]:
    """`law` (by default the winner), then the laws that the winner could not be separated from; empty where the first
    has no fold scores."""
    result = archive.result
    if result is None or result.winner is None:
        return ()
    first = result.winner if law is None else law
    wanted = tuple(dict.fromkeys((first, result.winner, *result.inseparable)))
    found = {}
    for trial in archive.trials():
        evaluation = trial.evaluation
        if trial.id in wanted and evaluation.folds and evaluation.constants is not None:
            constants = Constants.from_json(evaluation.constants)
            if trial.id == result.winner and result.constants is not None:
                constants = _fitted_to_all_rows(constants.names, result.constants)
            found[trial.id] = EvaluatedLaw(trial.id, trial.proposal.source, constants, evaluation.folds)
    return tuple(found[id] for id in wanted if id in found) if first in found else ()


def _fitted_to_all_rows(names: tuple[str, ...], constants: Mapping[str, Mapping[str, float]]) -> Constants:
    """The winner's constants of the result; a search in a large table knows only those fitted to a part of it."""
    if any(set(own) != set(names) for own in constants.values()):
        raise InputError("The archive is damaged: its result and its record name the winner's constants differently.")
    values = np.array([[own[name] for name in names] for own in constants.values()])
    return Constants(names, tuple(constants), values)


def uncertainty(
    archive: Archive, sandbox: Sandbox, data_dir: Path | None = None, law: str | None = None
) -> Uncertainty:
    """What is known of the errors of a law (by default the winner); measured on the run's training rows the first
    time.

    The winner's measurement is attached to the archive where that can be written; another law's is made anew. Raises
    InputError: the run is unfinished or damaged, has no law whose errors could be measured, or its data cannot be had
    or has changed.
    """
    of_winner = law is None or (archive.result is not None and law == archive.result.winner)
    known = recorded(archive) if of_winner else None
    if known is not None:
        return known
    archive.require_sound()
    laws = fitted_laws(archive, law)
    if not laws:
        raise InputError(f"There is no interval for {archive.run}: {_why_not(archive)}.")
    task = open_data(archive, data_dir).task
    if archive.manifest.data is not None and task.provenance.sha256 != archive.manifest.data.sha256:
        raise InputError(f"The data of {archive.run} has changed since the run; its errors cannot be measured on it.")
    counted = weighed(archive, task)
    growing, task = counted is not task, _believed(counted, archive)
    try:
        known = estimate(task, laws, sandbox, seed=archive.manifest.seed or 0, growing=growing)
    except ValueError as error:
        raise InputError(f"There is no interval for {archive.run}: {error}.") from None
    if of_winner and os.access(archive.path, os.W_OK):
        archive.attach(seal(known.model_dump(mode="json")), UNCERTAINTY)
    return known


def _believed(task: Task, archive: Archive) -> Task:
    """The task without the outliers of the run: their errors say nothing of the law's errors."""
    off = {row - 1 for row, _ in disbelieved_rows(archive.result)}
    kept = np.array([place not in off for place in range(len(task.train))])
    return task if kept.all() else replace(task, train=task.train.take(kept))


def recorded(archive: Archive) -> Uncertainty | None:
    """The measurement that the archive holds; None without one, or with one in the format of another version. Raises
    InputError where it is damaged."""
    content = archive.sealed(UNCERTAINTY)
    with suppress(ValidationError):
        return None if content is None else Uncertainty.model_validate(content)
    return None


def _why_not(archive: Archive) -> str:
    result = archive.result
    if result is None:
        return f"the run is {archive.state}"
    if result.winner is None and archive.law is None:
        return result.error or "it has no law"
    return "its law has no scores on held-out rows, from which its errors could be judged"
