"""Other systems' results as archives: a law from a file, or a table of scores. They are marked as imported.

A law is executed in the sandbox on the benchmark's rows, and its scores are what came out; its file is kept
as it is. A table of scores is taken at its word, and the archive says where it came from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from lawsmith.runs.laws.law_file import render_law
from lawsmith.runs.laws.winner import LawFailed, score_law
from lawsmith.runs.records.archive import MANIFEST, Archive
from lawsmith.runs.records.files import read_bounded
from lawsmith.runs.records.record import DataRecord, FinalScores, Manifest, RunResult, SplitScores
from lawsmith.runs.records.trials import candidate_id
from lawsmith.sandbox import Constants, FitJob, JobResult, Refused, Sandbox, read_candidate
from lawsmith.sandbox.law.parse import Candidate
from lawsmith.sandbox.law.write_text import source_formula
from lawsmith.tasks import Dataset, InputError, Schema, schema
from lawsmith.tasks.reading.formats import parse_table, read_bytes, read_table

if TYPE_CHECKING:
    import pandas as pd

SCORE_COLUMNS = ("task", "system", "r2")


def import_law(
    path: Path,
    dataset: Dataset,
    runs_dir: Path,
    sandbox: Sandbox,
    *,
    system: str,
    model: str | None = None,
    source: str | None = None,
) -> Archive:
    """Archive the law in a file and score it in the sandbox.

    Args:
    path: Python with `law(input_data, group)`; SLDAgent's pair and our forms are fitted on the training rows.
    dataset: the rows it is scored on.
    runs_dir: where the archive goes.
    sandbox: where the law is executed; it is not trusted.
    system: the name of what made it, `model` the model it used, `source` where it was published.

    Raises InputError: the file cannot be read, or its law cannot be executed, fitted or scored; the reason is told.
    """
    text, candidate = _read_law(path, sandbox)
    task = dataset.task
    constants = None if candidate.kind == "law" else _fitted(candidate, dataset, sandbox, path)
    manifest = _manifest(task.schema, system, model, DataRecord.of(task.provenance), source or path.name)
    provenance = {"Imported from": manifest.source, "System": system, "Run": manifest.address}
    law = render_law(text, task.schema, constants, provenance, task.train.groups)
    result = RunResult(
        scores=_scored(law, dataset, sandbox, path),
        winner=candidate_id(text),
        kind=candidate.kind,
        expression=source_formula(text, task.schema.targets) or None,
        constants=None if constants is None else constants.by_group(),
        constants_count=None if constants is None else len(constants.names),
        reason="imported",
    )
    event = {"event": "imported", "id": result.winner, "source": text, "from": manifest.source}
    return _archived(manifest, event, result, law, runs_dir)


def _manifest(task: Schema, system: str, model: str | None, data: DataRecord | None, source: str) -> Manifest:
    return Manifest(origin="imported", task=task, agent=system, model=model, seed=None, data=data, source=source)


def _scored(law: str, dataset: Dataset, sandbox: Sandbox, path: Path) -> FinalScores:
    try:
        return score_law(law, dataset, sandbox)
    except LawFailed as failure:
        raise InputError(f"{path}: {failure}") from None


def _archived(
    manifest: Manifest, event: Mapping[str, JsonValue], result: RunResult, law: str | None, runs_dir: Path
) -> Archive:
    """The archive of an import; what was imported before is not archived again."""
    folder = (runs_dir / manifest.address).parent
    told = ("origin", "agent", "model", "data", "source")
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        earlier = Archive.open(path.parent)
        same = all(getattr(earlier.manifest, name) == getattr(manifest, name) for name in told)
        if same and earlier.result == result:
            return earlier
    with Archive.create(runs_dir, manifest) as archive:
        archive.append_event(event)
        archive.finish(result, law)
    return Archive.open(archive.path)


def _read_law(path: Path, sandbox: Sandbox) -> tuple[str, Candidate]:
    try:
        text = read_bounded(path, sandbox.limits.source_bytes).decode("utf-8")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}; check the path.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}); save it again as UTF-8.") from None
    try:
        return text, read_candidate(text, sandbox.limits)
    except Refused as refused:
        raise InputError(f"{path} cannot be imported as a law: {refused.message}") from None


def _fitted(candidate: Candidate, dataset: Dataset, sandbox: Sandbox, path: Path) -> Constants:
    fitted: JobResult = sandbox.run(FitJob(candidate.source, dataset.task.schema, dataset.task.train))
    if fitted.constants is None:
        raise InputError(f"{path} cannot be fitted to the training rows: {fitted.message}")
    return fitted.constants


def import_scores(path: Path, runs_dir: Path, *, source: str | None = None) -> list[Archive]:
    """Archive a table of published scores, one archive for each task and system; returns them.

    The table (CSV, Parquet, JSON lines, or a JSON list of objects) has one row per run, with the columns
    task, system and r2 (on the test split, as published) and, if known, model. The archive's score is the
    mean over the runs, as leaderboards rank; the single runs are kept beside it. Nothing was executed, and
    `replay` says so.

    Raises: InputError: the table cannot be read, lacks a column, names an unknown task, or has an r2 that is
    no number.
    """
    rows = _score_rows(path)
    archives = []
    for (name, system, model), scores in rows.items():
        archives.append(_archive_scores(schema(name), system, model, scores, runs_dir, source or path.name))
    return archives


def _score_rows(path: Path) -> dict[tuple[str, str, str | None], list[float]]:
    frame = _json_list(path) if path.suffix.lower() == ".json" else read_table(path).frame
    missing = [name for name in SCORE_COLUMNS if name not in frame.columns]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; a table of scores needs {', '.join(SCORE_COLUMNS)}.")
    rows: dict[tuple[str, str, str | None], list[float]] = {}
    for number, row in enumerate(frame.to_dict("records"), start=1):
        r2 = _score(row["r2"], path, number)
        task, system, model = (_cell(row.get(column)) for column in ("task", "system", "model"))
        if not system:
            raise InputError(f"{path}, row {number}: the system has no name.")
        rows.setdefault((schema(task).name, system, model or None), []).append(r2)
    return rows


def _json_list(path: Path) -> pd.DataFrame:
    """The rows of a file that holds one list of objects."""
    try:
        listed = json.loads(read_bytes(path))
    except (ValueError, RecursionError):
        raise InputError(f"{path} is not valid JSON; a table of scores is a list of objects.") from None
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        raise InputError(f"{path} is not a list of objects; write one object for each run.")
    lines = "\n".join(json.dumps(row) for row in listed)
    return parse_table(lines.encode(), "scores.jsonl", str(path)).frame


def _cell(value: object) -> str:
    """A cell as text; empty where there is none."""
    return "" if value is None or value != value else str(value).strip()  # NaN differs from itself


def _score(value: object, path: Path, number: int) -> float:
    try:
        r2 = float(str(value))
    except ValueError:
        r2 = float("nan")
    if not r2 <= 1:
        raise InputError(f"{path}, row {number}: r2 is {value!r}; it must be a number of at most 1.")
    return r2


def _archive_scores(
    task: Schema, system: str, model: str | None, scores: Sequence[float], runs_dir: Path, source: str
) -> Archive:
    manifest = _manifest(task, system, model, None, source)
    ordered = tuple(sorted(scores, reverse=True))
    event: Mapping[str, JsonValue] = {"event": "imported", "test_r2": list(ordered), "from": source}
    result = RunResult(
        scores=FinalScores(test=SplitScores(r2=sum(ordered) / len(ordered))),
        siblings=ordered,
        reason=f"imported: the mean of {len(ordered)} published scores",
    )
    return _archived(manifest, event, result, None, runs_dir)
