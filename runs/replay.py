"""Re-executes an archived law in the sandbox and compares every score with the archived one."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from lawsmith.runs.archive import Archive
from lawsmith.runs.law import score_law
from lawsmith.runs.record import FinalScores, Manifest, Result, SplitScores
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import Dataset, InputError, load, names, read_dataset, replica
from lawsmith.tasks.validation import Split
from lawsmith.tasks.validation import dataset as validated

TOLERANCE = 1e-9
"""Relative to max(1, |score|): what libraries of another machine may change in the last digits."""


class ReplayScores(BaseModel):
    """The scores as archived and as found now."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    archived: FinalScores
    replayed: FinalScores


class ReplayReport(BaseModel):
    """What a replay found. `differences` are sentences; `reproduced` is true when there are none.

    `exact` tells whether every score that was archived to the last digit came back to the last digit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    run: str
    reproduced: bool
    exact: bool
    scores: ReplayScores
    differences: tuple[str, ...]
    tier: str


def replay(
    archive: Archive, sandbox: Sandbox, data_dir: Path | None = None, dataset: Dataset | None = None
) -> ReplayReport:
    """Check the archive's digests, execute its ``law.py`` on its data, compare every score.

    Args:
        archive: a complete one.
        sandbox: where the law is executed; it comes from the archive and is not trusted.
        data_dir: where the data is; by default where the run found it, then as for a new run.
        dataset: the data itself, where the caller has it.

    Raises:
        InputError: the archive is damaged (file and digest named), unfinished or without a law, or the data
        cannot
            be had.
        LawFailed: the law cannot be executed.
    """
    archive.require_sound()
    result, law = archive.result, archive.law
    if result is None:
        raise InputError(f"The run {archive.run} is {archive.state}; only a complete run can be replayed.")
    if law is None:
        raise InputError(
            f"The run {archive.run} has no law to replay: {result.error or 'none was recorded'}."
        )
    data = dataset if dataset is not None else open_data(archive.manifest, data_dir)
    replayed = score_law(law, data, sandbox)
    differences = [*_data_differences(archive.manifest, data), *_differences(result, replayed)]
    return ReplayReport(
        run=archive.manifest.address,
        reproduced=not differences,
        exact=not differences and _exact(result, replayed),
        scores=ReplayScores(archived=result.scores, replayed=replayed),
        differences=tuple(differences),
        tier=str(sandbox.tier),
    )


def open_data(manifest: Manifest, data_dir: Path | None) -> Dataset:
    """The data of an archived run; raises InputError when it cannot be had.

    A table of the user's own is looked for under its name in `data_dir`, or else where it was.
    """
    record, schema = manifest.data, manifest.task
    if record is not None and record.source == "replica":
        train, test = (Split(frame, f"the replica of {schema.name}", None) for frame in replica.rows(schema))
        return validated(schema, "replica", train, test)
    if record is not None and record.train is not None:
        test_file = None if record.test is None else _moved(record.test, data_dir)
        return read_dataset(
            _moved(record.train, data_dir),
            schema.targets,
            features=schema.features,
            group=schema.group,
            test=test_file,
            cap=schema.cap,
        )
    if schema.name not in names():
        raise InputError(
            f"The archive of {manifest.run} does not say where its table is, so it cannot be replayed."
        )
    found_before = None if record is None or record.source != "file" else record.path
    if data_dir is None and found_before is not None and Path(found_before).is_file():
        data_dir = Path(found_before).parent
    return load(schema.name, data_dir)


def _moved(path: str, data_dir: Path | None) -> Path:
    return Path(path) if data_dir is None else data_dir / Path(path).name


def _data_differences(manifest: Manifest, data: Dataset) -> list[str]:
    found = data.task.provenance
    if manifest.data is None or manifest.data.sha256 == found.sha256:
        return []
    return [f"the data differ: SHA-256 {found.sha256} ({found.source}), archived is {manifest.data.sha256}"]


def _differences(result: Result, replayed: FinalScores) -> list[str]:
    """A sentence for each archived score that is not found again."""
    found: list[str] = []
    for split in ("train", "test"):
        old: SplitScores | None = getattr(result.scores, split)
        new: SplitScores | None = getattr(replayed, split)
        if old is None:
            continue
        if new is None:
            found.append(f"the {split} scores cannot be repeated: the data has no {split} split")
            continue
        for metric, value in old:
            again = getattr(new, metric)
            if value is not None and not _same(value, again, result.decimals):
                found.append(f"{split} {metric} is {again!r}, archived is {value!r}")
    return found


def _same(archived: float, replayed: float, decimals: int | None) -> bool:
    if archived == replayed:
        return True
    if not (math.isfinite(archived) and math.isfinite(replayed)):
        return False
    allowed = TOLERANCE * max(1.0, abs(archived)) if decimals is None else 0.5000001 * 10.0**-decimals
    return abs(archived - replayed) <= allowed


def _exact(result: Result, replayed: FinalScores) -> bool:
    return result.decimals is None and result.scores == replayed
