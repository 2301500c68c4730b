"""A chart that a tracker exports with columns of each run (``run - loss``, ``run - loss__MIN``), as rows of runs."""

import re
from dataclasses import replace

from lawsmith.tasks.delimited import Reading
from lawsmith.tasks.errors import listing
from lawsmith.tasks.numerals import is_missing
from lawsmith.tasks.words import is_progress

_COLUMN = re.compile(r"(.+) - (.+?)(__MIN|__MAX)?")


def with_runs_apart(reading: Reading, where: str) -> Reading:
    """The same with a column ``run`` and one for each measure, where a chart has columns of minima and maxima beside,
    or one axis and one measure of each run.

    A run's rows without any of its measures are steps that it did not reach or log, and none of it.
    """
    import pandas as pd

    frame = reading.frame
    names = {str(name): _COLUMN.fullmatch(str(name)) for name in frame.columns}
    shared = [name for name, found in names.items() if found is None]
    extremes = any(found and found[3] for found in names.values())
    measured = {found[2] for found in names.values() if found and not found[2].startswith("_")}
    few = 2 if shared and is_progress(shared[0]) else 3
    if not extremes and not (len(shared) == len(measured) == 1 and len(names) >= few):
        return reading
    runs: dict[str, dict[str, str]] = {}
    for name, found in names.items():
        if found and not found[3] and not found[2].startswith("_"):
            runs.setdefault(found[1], {})[name] = found[2]
    measures = list(dict.fromkeys(measure for columns in runs.values() for measure in columns.values()))
    if not runs or {"run", *shared} & set(measures) or "run" in shared:
        return reading
    parts = []
    for run, columns in runs.items():
        logged = [not all(map(is_missing, cells)) for cells in frame[list(columns)].to_numpy(dtype=object)]
        part = frame.loc[logged, [*shared, *columns]].rename(columns=columns)
        part.insert(len(shared), "run", run)
        parts.append(part)
    rest = "; the smallest and largest values within each step (__MIN, __MAX) were left out" if extremes else ""
    noun = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    said = f"{where}: the columns of {noun} were read as rows of each run with {listing(measures)}{rest}."
    return replace(reading, frame=pd.concat(parts, ignore_index=True)).after(said)
