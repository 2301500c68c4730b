"""`discover predict`: what the law of a run says at a point, or for every row of a table, with intervals."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.table import Table as Shown

from lawsmith.agent.terminal.output import announce, line, out, print_json, shown, text, warn
from lawsmith.runs.intervals import Interval, Uncertainty
from lawsmith.runs.intervals import predict as intervals
from lawsmith.runs.intervals.archived import recorded
from lawsmith.runs.intervals.beyond_data import remarks
from lawsmith.runs.intervals.predict import check_level
from lawsmith.runs.laws.archived_law import NO_INTERVAL
from lawsmith.runs.laws.law import Law
from lawsmith.runs.records.files import write_atomic
from lawsmith.sandbox import Sandbox
from lawsmith.tasks import InputError, Table
from lawsmith.tasks.asked import meant, without_unit
from lawsmith.tasks.errors import counted, listing, nearest
from lawsmith.tasks.new_rows import new_rows, stated

if TYPE_CHECKING:
    import pandas as pd

GRAVE = ("do not rely", "too flat", "no optimum", NO_INTERVAL)  # in sentences that nobody should overlook


def check(at: Sequence[str] | None, rows: Path | None, output: Path | None, level: float) -> None:
    """Raise InputError where neither a point nor a table is given, or both; for --out without rows; and for a level
    that is no probability."""
    if bool(at) == (rows is not None):
        raise InputError("Say where to predict: --at FEATURE=NUMBER,…, or --rows FILE for every row of a table.")
    if output is not None and rows is None:
        raise InputError("--out needs --rows; a single point is only printed.")
    check_level(level)


def point(law: Law, at: Sequence[str]) -> dict[str, float]:
    """Feature -> value for every feature of the formula, as ``--at N=70B,D=2e12`` names them. Raises InputError for one
    that is missing, and for what is unknown or not a number."""
    given = pairs(law, at)
    missing = [name for name in law.features if name not in given]
    if missing:
        raise InputError(f"--at lacks {', '.join(missing)}; the formula needs {', '.join(law.features)}.")
    return given


def pairs(law: Law, at: Sequence[str]) -> dict[str, float]:
    """Feature -> value of what ``--at`` names; raises InputError for what is unknown, named twice or not a number."""
    schema, given = law.schema, dict[str, float]()
    short = [re.sub(r".*[./](?=.)", "", without_unit(name)[0]) for name in schema.features]
    names = "|".join(re.escape(name) for name in (*schema.features, *short))
    separator = re.compile(rf",(?=\s*(?:{names})\s*=|\s*$)")  # a feature's name may hold a comma itself
    for part in (part for piece in at for part in separator.split(piece) if part.strip()):
        name, equals, value = part.rpartition("=")
        known = meant(name.strip(), schema.features) or meant(f"{name.strip()}.size", schema.features) if equals else []
        if len(known) != 1:
            raise InputError(_not_a_feature(law, part.strip(), name.strip() if equals else ""))
        name = known[0]
        if name in given:
            raise InputError(f"--at names {name} twice.")
        given[name] = stated(schema, name, value, "--at ")
    return given


def _not_a_feature(law: Law, part: str, left: str) -> str:
    """What is wrong with a part of ``--at``: an unknown name, or no name at all."""
    features = law.schema.features
    unknown = left.rpartition(",")[2].strip()  # N=1e9,d=2 ends with the name that is unknown
    if not unknown or "=" in unknown:
        return f"--at {part!r} is not understood; write FEATURE=NUMBER,… for {', '.join(law.features)}."
    if unknown == law.schema.group:
        return f"--at: {unknown} is the group, not a feature; name one of its labels with --group."
    decided = law.schema.decided.roles if law.schema.decided else ()
    if (role := next((one for one in decided if one.name == unknown), None)) is not None:
        return f"--at: {unknown} is no feature of the law ({role.role}: {role.reason}); leave it out."
    near = nearest(unknown, features)
    return f"--at: there is no feature {unknown!r}{near or f'; the table has {listing(features, 8)}.'}"


def _for_groups(
    law: Law, given: Mapping[str, list[Any]], groups: Sequence[str]
) -> tuple[dict[str, list[Any]], str | None]:
    """One row for each group, and the group where there is no column for it."""
    if law.schema.group is None or len(groups) == 1:
        return dict(given), groups[0]
    repeated = {name: values * len(groups) for name, values in given.items()}
    return {**repeated, law.schema.group: list(groups)}, None


def _predicted(
    law: Law, rows: tuple[Mapping[str, Any], str | None], level: float, data_dir: Path | None
) -> tuple[Table, list[list[Interval]] | list[list[float]], Uncertainty | None]:
    """The rows, and for each of them and each target an interval, or a bare value where errors are unknown."""
    with Sandbox() as sandbox:
        if not law.has_intervals:
            table = law.table(*rows)
            return table, law.values(table, sandbox).tolist(), None
        law.table(*rows)  # what is wrong with the rows is told before errors are measured
        known = uncertainty(law, sandbox, data_dir)
        table = law.table(*rows, known)
        return table, intervals(known, law.schema, table, sandbox, level), known


def uncertainty(law: Law, sandbox: Sandbox, data_dir: Path | None) -> Uncertainty:
    """The law's uncertainty; says so where it is measured first. Raises InputError where nothing can be."""
    if law.has_intervals and (not law.chosen or recorded(law.archive) is None):
        announce("Measuring the law's errors on held-out training rows (once per law) …")
    return law.uncertainty(sandbox, data_dir)


def say(sentences: Iterable[str]) -> None:
    """Print sentences about predictions; a grave one as a warning."""
    for sentence in sentences:
        if any(words in sentence for words in GRAVE):
            warn(sentence)
        else:
            line(sentence)


def _entries(table: Table, found: Sequence[Sequence[Any]], targets: Sequence[str]) -> list[dict[str, Any]]:
    """One JSON object for each row and target."""
    entries = []
    for row, values in enumerate(found):
        where = {"group": table.groups[table.codes[row]]} if len(table.groups) > 1 else {}
        for target, value in zip(targets, values, strict=True):
            bare = {"target": target, "value": value, "low": None, "high": None, "level": None}
            entries.append({**(asdict(value) if isinstance(value, Interval) else bare), **where})
    return entries


def at_point(
    law: Law, at: Sequence[str], group: str | None, level: float, data_dir: Path | None, as_json: bool
) -> None:
    """Predict at one point, for a group or for all of them, and print the predictions."""
    one = {name: law.schema.written(name, [value]) for name, value in point(law, at).items()}
    rows = _for_groups(law, one, law.groups if group is None else (group,))
    table, found, known = _predicted(law, rows, level, data_dir)
    said = [NO_INTERVAL] if known is None else remarks(known, table)
    entries = _entries(table, found, law.schema.targets)
    whose: dict[str, list[str]] = {}
    for code, sentence in zip(table.codes, said, strict=False):
        whose.setdefault(sentence or "", []).append(table.groups[code])
    told = [one if len(of) == len(table) else f"{listing(of)}: {one}" for one, of in whose.items() if one]
    some = [table.groups[code] for code in np.unique(table.codes)[:24]]
    reaches = [] if known is None else [law.finite_up_to(known, group) for group in some]
    finite = min((reach for reach in reaches if reach is not None), default=None)
    if as_json:
        content = {"predictions": entries, "warnings": told, "law": law.id, "chosen": law.chosen}
        print_json({**content, "finite_up_to": finite})
        return
    first = {name: law.schema.written(name, table.features[name][:1])[0] for name in law.features}
    where = ", ".join(f"{name} = {value if isinstance(value, str) else f'{value:g}'}" for name, value in first.items())
    line(f"{listing(law.schema.targets)} {f'at {where}' if where else 'anywhere'}")
    several = {"group": len(table) > 1, "target": len(law.schema.targets) > 1}
    out.print(_listed(entries, [name for name, shown in several.items() if shown], level))
    if known is not None:
        line(
            f"A new measurement lies in the first interval with probability {level:.0%}, the mean of many measurements "
            "in the second. Both come from the law's errors on held-out rows."
        )
        _parts(entries[0])
    if told and finite is not None:
        up_to = f"finite at least up to {finite:,.0f} times"
        line(f"The law is {'not finite everywhere within ten times' if finite <= 1 else up_to} beyond the data.")
    if not law.chosen:
        line(f"This is law {law.id}, which the search did not choose.")
    say(told)


def _listed(entries: Sequence[Mapping[str, Any]], named: Sequence[str], level: float) -> Shown:
    """The predictions in a table, with what they are of in columns `named`, and intervals where there are any."""
    listed = Shown(*named, box=box.SIMPLE_HEAD, pad_edge=False)
    spans = {"low": f"a new measurement ({level:.0%})", "mean_low": f"the mean ({level:.0%})"}
    known = {low: heading for low, heading in spans.items() if entries[0][low] is not None}
    for heading in ("value", *known.values()):
        listed.add_column(heading, justify="right")
    for entry in entries:
        ranges = [f"{entry[low]:.4g} to {entry[low.replace('low', 'high')]:.4g}" for low in known]
        listed.add_row(*(text(entry[name]) for name in named), f"{entry['value']:.5g}", *ranges)
    return listed


def _parts(entry: Mapping[str, Any]) -> None:
    """What the width of an interval is made of, largest first."""
    parts = {
        "the noise of one measurement": entry["noise"],
        "the uncertainty of the constants": entry["parameter"],
        "the choice of the formula": entry["model"],
        "the distance from the data": entry["extrapolation"],
    }
    told = [f"{name} {size:.2g}" for name, size in sorted(parts.items(), key=lambda part: -part[1]) if size > 0]
    if told:
        line(f"Standard deviations behind the width: {', '.join(told)}.")


def for_rows(
    law: Law, rows: Path, group: str | None, level: float, data_dir: Path | None, output: Path | None, as_json: bool
) -> None:
    """Write a table with a prediction beside each row, as CSV to a file or to stdout, or as JSON."""
    frame, columns = new_rows(rows, law.schema, law.features)
    written = {name: law.schema.written(name, values) for name, values in columns.items()}
    table, found, known = _predicted(law, (written, group), level, data_dir)
    targets = law.schema.targets
    said = [NO_INTERVAL] * len(table) if known is None else remarks(known, table)
    if as_json:
        print_json({"predictions": _entries(table, found, targets), "remarks": said, "level": level})
        if output is None:
            return
    content = _csv(frame, found, said, targets)
    if output is None:
        sys.stdout.write(content)
    else:
        write_atomic(output, content.encode())
        announce(f"wrote {shown(output)}: {counted(len(table), 'row')}")
    far = sum(sentence is not None and "do not rely" in sentence for sentence in said)
    outside = sum(sentence is not None for sentence in said) if known is not None else 0
    if far:
        warn(f"{counted(far, 'row')} far outside the data: do not rely on their intervals (column `remark`).")
    elif outside:
        announce(f"{counted(outside, 'row')} beyond the data; the column `remark` says how far.")
    elif known is None:
        warn(NO_INTERVAL)


def _csv(
    frame: pd.DataFrame, found: Sequence[Sequence[Any]], said: Sequence[str | None], targets: Sequence[str]
) -> str:
    """The cells of a table as they are written, and beside them the predictions and what is said of them."""
    import pandas as pd

    with_intervals = bool(found) and isinstance(found[0][0], Interval)
    ends = {"predicted": "value", "low": "low", "high": "high", "mean low": "mean_low", "mean high": "mean_high"}
    beside = {
        f"{target} {end}": [repr(getattr(row[t], name) if with_intervals else row[t]) for row in found]
        for t, target in enumerate(targets)
        for end, name in (ends.items() if with_intervals else [("predicted", "")])
    }
    cells = frame.astype(str).reset_index(drop=True)
    return pd.concat([cells, pd.DataFrame({**beside, "remark": said})], axis=1).to_csv(index=False, lineterminator="\n")
