"""Make a data set from a user's own table: read it, decide the roles of its columns once, validate its rows."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from lawsmith.tasks.arrays import is_logarithmic
from lawsmith.tasks.asked import Asked, with_commas, without_unit
from lawsmith.tasks.catalog import names as benchmark_names
from lawsmith.tasks.errors import InputError, counted, listing, option
from lawsmith.tasks.frontier.folds import frontier_features
from lawsmith.tasks.frontier.leading import idle_categories, leading
from lawsmith.tasks.frontier.outward import lies_below
from lawsmith.tasks.knowledge import Knowledge, rate_range, read_knowledge, read_reach
from lawsmith.tasks.new_rows import WHOLE, notation_of
from lawsmith.tasks.numerals import is_numeral
from lawsmith.tasks.reading.cells import Cells, NumberNotation, convert
from lawsmith.tasks.reading.formats import parse_table, read_bytes, require_columns
from lawsmith.tasks.reading.quantities import unit_in_name
from lawsmith.tasks.reading.shapes import with_target_as_column
from lawsmith.tasks.roles.columns import Roles, decide
from lawsmith.tasks.rows import filled, filled_labels, finished, take, with_telling_names
from lawsmith.tasks.schema import Column, Decided, Schema
from lawsmith.tasks.suspicions import suspicions
from lawsmith.tasks.table import Table
from lawsmith.tasks.task import Dataset, Task
from lawsmith.tasks.user_files import ColumnMeaning, TaskFile, task_file, told_with
from lawsmith.tasks.validation import Split, dataset

if TYPE_CHECKING:
    import pandas as pd

OTHER_WAY, MOSTLY = 0.1, 0.9  # shares of pairs of rows that contradict what was stated, controlled and not
STEP, FEWEST_STEPS = 0.05, 3  # of the target's range, which noise hardly passes; pairs that tell


def read_dataset(
    train: Path,
    target: Sequence[str],
    features: Sequence[str] | None = None,
    group: str | None = None,
    test: Path | None = None,
    cap: int | None = None,
    task_toml: Path | None = None,
    **said: Any,
) -> Dataset:
    """As `read_own_table`, with the fields of `Asked` as arguments."""
    chosen = None if features is None else tuple(features)
    asked = Asked(target=tuple(target), features=chosen, group=group, cap=cap, **said)
    return read_own_table(train, asked, test, task_toml)


def read_own_table(train: Path, asked: Asked, test: Path | None = None, task_toml: Path | None = None) -> Dataset:
    """A data set from files of a user's own; see `lawsmith.tasks.reading.formats` for the formats.

    Args:
        test: rows to score the chosen law on.
        task_toml: (default: ``task.toml`` beside `train`, if there) states meanings and units, which a proposer sees,
            and whatever else is not `asked`.

    Raises InputError for whatever the modules of `lawsmith.tasks.reading`, `lawsmith.tasks.roles.columns` and
    `lawsmith.tasks.validation` refuse, and for a damaged `task_toml`.
    """
    if asked.cap is not None and asked.cap < 1:
        raise InputError(f"A cap of {asked.cap} allows no constant; it must be at least 1.")
    notation = _notation(asked.decimal, asked.thousands)
    cells, read = _cells(train, notation, asked.target)
    toml = task_toml or train.parent / "task.toml"
    said = task_file(task_toml, toml)
    whose = f"{toml} describes every table in its folder, so move it or the table; {train.name}"
    require_columns(cells.frame, tuple(said.columns), whose)
    given = tuple(with_commas(asked.target, [str(name) for name in cells.frame.columns]))
    asked = asked.completed(said).model_copy(update={"target": given})
    with told_with(said, toml):
        roles = decide(cells, asked, called(train))
        schema = _schema(train, asked.cap, roles, said, cells, _decided(roles, cells, notation))
        split = _split(cells, schema, train)
        known, told = _known(asked, schema, roles, cells, split.frame)
    schema = schema.model_copy(update={"knowledge": known})
    pairs = [(one, name) for one, name in zip(given, roles.targets, strict=True) if one != name]
    meant = [f"{one} means the column {name.rstrip('.')}." for one, name in pairs]
    found = _dataset(schema, cells, split, test, (*read, *_said(cells, schema), *meant, *roles.notices, *told))
    return replace(found, notices=(*found.notices, *_of_rows(found.task)))


def _of_rows(task: Task) -> tuple[str, ...]:
    """Sentences about the rows that are left of a file, and about what leads in them."""
    rows, schema = task.train, task.schema
    levels = [column.levels for column in schema.columns.values()]
    asked_for = (schema.decided or Decided()).asked_categories
    return (*suspicions(rows, levels), *_what_leads(rows, asked_for))


def _schema(train: Path, cap: int | None, roles: Roles, said: TaskFile, cells: Cells, decided: Decided) -> Schema:
    """What the table is to the search, under a name for folders."""
    name = _name(train)
    return Schema(
        name=name,
        long_name=name,
        title=said.title or f"{listing(list(roles.targets))} from {train.name}",
        features=roles.features,
        targets=roles.targets,
        group=roles.group,
        cap=cap,
        columns=_columns(roles, said, cells.units),
        decided=decided,
    )


def _decided(roles: Roles, cells: Cells, notation: NumberNotation) -> Decided:
    """What is decided once, for the archive."""
    return Decided(
        roles=roles.columns,
        weight=roles.weight,
        state=roles.state,
        only_filled=roles.only_filled,
        only_measured=roles.only_measured,
        lone=roles.lone,
        percents=tuple(name for name in roles.features if name in cells.percents),
        decimal=notation.decimal,
        thousands=notation.thousands,
    )


def _known(
    asked: Asked, schema: Schema, roles: Roles, cells: Cells, frame: "pd.DataFrame"
) -> tuple[Knowledge, tuple[str, ...]]:
    """What is known of the law, as the user states it and as rates are, with a sentence for what was not said so."""
    plain = [name for name in schema.features if name not in roles.levels]
    stated, shares = _in_shares(read_knowledge(asked.ranges, asked.expect, schema.targets, plain), cells.percents)
    known, rates = _with_rates(stated, frame, schema.targets)
    numbers = {name: frame[name].to_numpy() for name in schema.features if frame[name].dtype.kind in "fiu"}
    scales = [name for name, values in numbers.items() if np.isfinite(values).all() and is_logarithmic(values)]
    far = read_reach(asked.reach, schema.features, scales)
    return known.model_copy(update={"reach": far}), (
        *shares,
        *_outside(stated, frame),
        *_against(stated, frame, [*schema.features, *([schema.group] if schema.group else [])]),
        *rates,
    )


def _what_leads(table: Table, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Sentences where the table has more features than forms are made of, categories that say nothing, or losses."""
    names, told = frontier_features(table), []
    if below := listing([name for name in names if lies_below(name)]):
        told.append(
            f"What lies beyond the rows of {below} is below the smallest value: the name says that less is better."
        )
    kept = leading(table, names)
    if len(kept) < len(names):
        said = f"The search uses {len(kept)} of the {len(names)} features, the ones that explain the target best"
        told.append(f"{said}: {', '.join(kept)}. Name others with --features.")
    if idle := idle_categories(table, kept, asked):
        told.append(
            f"No formula uses {listing(idle)}: beside the features, {listing(tuple(table.targets))} differs between "
            f"labels no more than by chance; --category {option(*idle)} keeps {'it' if len(idle) == 1 else 'them'}."
        )
    return tuple(told)


def read_decided(schema: Schema, train: Path, test: Path | None = None) -> Dataset:
    """The data set of a table whose roles were decided before, as the schema says; nothing is decided again.

    Raises InputError as `read_dataset`.
    """
    cells, read = _cells(train, notation_of(schema), schema.targets)
    return _dataset(schema, cells, _split(cells, schema, train), test, (*read, *_said(cells, schema)))


def _dataset(schema: Schema, own: Cells, train: Split, test: Path | None, notices: tuple[str, ...]) -> Dataset:
    """`own`: the cells that `train` holds rows of."""
    if test is None:
        return dataset(schema, "file", train, None, notices)
    if is_numeral(test.name) and not test.exists():
        raise InputError(
            f"--test takes a file of rows to score the law on, not a share such as {test.name}. Without --test, parts "
            "of the training rows judge the law."
        )
    cells, read = _cells(test, notation_of(schema), schema.targets, schema.features)
    lacking = [name for name in schema.names if name not in cells.frame.columns]
    if lacking and set(lacking) <= set(schema.targets):
        told = f"{called(test)} has no column {listing(lacking)}, so no law can be scored on it"
        raise InputError(f"{told}; discover predict takes such rows.")
    _refuse_other_units(own, cells, schema.names, called(test))
    new = tuple(one for one in (*read, *_said(cells, schema)) if one not in notices)
    split = _split(cells, schema, test)
    if out := len(cells.frame) - len(split.frame):
        told = f"lawsmith left out {counted(out, 'row')} of {called(test)} for what training rows are left out for."
        new = (*new, told)
    return dataset(schema, "file", train, split, (*notices, *new))


def _refuse_other_units(train: Cells, test: Cells, names: Sequence[str], where: str) -> None:
    """Raise InputError where the cells of test rows name another unit than those of the training rows, or hold plain
    numbers above 1 where those are in per cent."""
    for name in names:
        one, two = train.units.get(name), test.units.get(name)
        if one and two and one != two:
            raise InputError(f"{where} holds {name!r} in {two!r}, the training rows in {one!r}; use one unit.")
        if name not in test.frame.columns or (name in train.percents) == (name in test.percents):
            continue
        largest = [_largest(cells, name) for cells in (train, test)]
        if max(largest) > WHOLE >= min(largest):
            told = "with % behind its numbers" if name in test.percents else "without % behind its numbers"
            raise InputError(
                f"{where} writes {name!r} {told} (up to {largest[1]:g}), the training rows do not; write both alike."
            )


def _largest(cells: Cells, name: str) -> float:
    values = cells.frame[name].to_numpy()
    return float(np.nanmax(np.abs(values))) if values.dtype.kind == "f" and np.isfinite(values).any() else 0.0


def called(path: Path) -> str:
    """What a sentence calls a table: its path, but for one that was saved for the user, from Python or standard input,
    as ``tables/DIGEST/NAME.parquet``."""
    saved = path.parent.parent.name == "tables" and re.fullmatch(r"[0-9a-f]{16}", path.parent.name)
    name = "" if path.stem in ("table", "stdin") else f" {path.stem!r}"
    return f"The table{name}" if saved else str(path)


def _notation(decimal: str, thousands: str) -> NumberNotation:
    try:
        return NumberNotation.model_validate({"decimal": decimal, "thousands": thousands}).check()
    except ValidationError:
        raise InputError(
            "--decimal may be '.' or ',', and --thousands '.', ',', \"'\" or a blank; such as --decimal , --thousands ."
        ) from None


def _cells(
    path: Path, notation: NumberNotation, targets: Sequence[str], features: Sequence[str] = ()
) -> tuple[Cells, tuple[str, ...]]:
    """The cells of a file as numbers where they are, and what was unusual about the file."""
    reading = parse_table(read_bytes(path), path.name, called(path), targets, features)
    reading = with_target_as_column(reading, targets, called(path))
    cells = convert(reading.frame, reading.separator, notation, called(path))
    if reading.units:
        cells = with_telling_names(replace(cells, units={**reading.units, **cells.units}), targets)
    return cells, reading.notices


def _said(cells: Cells, schema: Schema) -> tuple[str, ...]:
    """What was done to the cells of the columns that are used."""
    weight = None if schema.decided is None else schema.decided.weight
    labels = {schema.group, *(name for name, column in schema.columns.items() if column.levels)}
    used = (*(name for name in schema.names if name not in labels), *(() if weight is None else weight.columns))
    return tuple(sentence for name, sentence in cells.said.items() if name in used)


def _split(cells: Cells, schema: Schema, path: Path) -> Split:
    """The rows of a file that the schema keeps; raises InputError where it lacks a column."""
    require_columns(cells.frame, schema.names, called(path))
    decided = schema.decided or Decided()
    state = decided.state if decided.state in cells.labels.columns else None
    rows = finished(cells.labels, state)
    if decided.only_measured:
        rows &= filled(cells.frame, schema.targets)
    if decided.lone:
        rows &= np.array([str(label).strip() not in decided.lone for label in cells.labels[schema.group].tolist()])
    if decided.weight is not None and decided.weight.kind == "count" and decided.weight.column in cells.frame:
        rows &= (cells.frame[decided.weight.column] != 0).to_numpy()
    if decided.only_filled:
        levels = tuple(name for name, column in schema.columns.items() if column.levels)
        weight = () if decided.weight is None else decided.weight.columns
        labels = (*levels, *(() if schema.group is None else (schema.group,)))
        numbers = (*schema.targets, *(name for name in schema.features if name not in levels), *weight)
        rows &= filled(cells.frame, numbers) & filled_labels(cells.labels, labels)
    kept = take(cells, rows)
    return Split(kept.frame, called(path), path, kept.labels)


def _columns(roles: Roles, said: TaskFile, units: Mapping[str, str]) -> dict[str, Column]:
    """Meanings and units of the used columns, and the levels of categories."""
    group = () if roles.group is None else (roles.group,)
    found = {}
    for name in (*roles.features, *roles.targets, *group):
        known = said.columns.get(name, ColumnMeaning())
        unit = known.unit or units.get(name, without_unit(name)[1] or unit_in_name(name))
        found[name] = Column(name=name, meaning=known.meaning, unit=unit, levels=roles.levels.get(name, ()))
    return found


def _in_shares(stated: Knowledge, percents: frozenset[str]) -> tuple[Knowledge, tuple[str, ...]]:
    """Ranges that were stated in per cent, of targets that are written so, as shares; and a sentence for each."""
    ranges, said = dict(stated.ranges), []
    for name in percents & ranges.keys():
        low, high = ranges[name]
        if max(abs(bound) for bound in (low, high) if np.isfinite(bound)) > WHOLE:
            ranges[name] = (low / 100, high / 100)
            said.append(
                f"{name} is written in per cent; lawsmith made it shares, in the range {low / 100:g} to {high / 100:g}."
            )
    return stated.model_copy(update={"ranges": ranges}), tuple(said)


def _with_rates(
    stated: Knowledge, frame: "pd.DataFrame", targets: tuple[str, ...]
) -> tuple[Knowledge, tuple[str, ...]]:
    """What is known, with the range of targets that are rates by name and values, and a notice of each."""
    ranges, notices = dict(stated.ranges), []
    for name in targets:
        values = frame[name].to_numpy()
        if name in ranges or values.dtype.kind != "f" or not len(values):
            continue
        found = rate_range(name, float(np.min(values)), float(np.max(values)))
        if found is not None:
            ranges[name] = found
            notices.append(
                f"{name} is a rate by its name and values, so laws must stay between 0 and {found[1]:g}, also beyond "
                f"the data; --range {option(f'{name}=:')} lifts that."
            )
    assumed = tuple(name for name in ranges if name not in stated.ranges)
    return stated.model_copy(update={"ranges": ranges, "assumed": assumed}), tuple(notices)


def _outside(stated: Knowledge, frame: "pd.DataFrame") -> tuple[str, ...]:
    """A sentence for each target that was measured outside its stated range, or in shares of one in per cent."""
    said = []
    for name, (low, high) in stated.ranges.items():
        values = frame[name].to_numpy(dtype=float)
        out = values[(values < low) | (values > high)]
        if len(out):
            worst = out[np.argmax(np.maximum(low - out, out - high))]
            said.append(
                f"{name} lies outside its stated range ({low:g} to {high:g}) in {len(out)} of {len(values)} rows, "
                f"such as {worst:g}. No law within the range can fit these rows."
            )
        elif high == 100 and low >= 0 and values.max() <= WHOLE:
            said.append(
                f"{name} is {values.max():g} at most, but its stated range ends at 100. If it is a share, give "
                f"--range {option(f'{name}=0:1')}."
            )
    return tuple(said)


def _against(stated: Knowledge, frame: "pd.DataFrame", columns: Sequence[str]) -> tuple[str, ...]:
    """A sentence for each feature along which the target goes the other way than is stated, between rows next to each
    other: of rows alike in all other `columns`, or where these are few, of all rows in nearly all pairs."""
    said = []
    for one, name in ((each, name) for each in stated.expectations for name in each.features):
        if not frame[name].dtype.kind == frame[one.target].dtype.kind == "f":
            continue
        others = [other for other in columns if other != name]
        for alike, share, how in ((others, OTHER_WAY, " that differ in nothing else"), ([], MOSTLY, "")):
            means = frame.groupby([*alike, name])[one.target].mean()
            steps = (means.groupby(level=alike).diff() if alike else means.diff()).dropna()
            against = int(((steps if one.direction == "falls" else -steps) > STEP * np.ptp(means)).sum())
            if len(steps) >= FEWEST_STEPS:
                if against > share * len(steps):
                    said.append(
                        f"{one.target} {'falls' if one.direction == 'rises' else 'rises'} with {name} in {against} of "
                        f"{len(steps)} pairs of neighbouring rows{how}, but --expect says that it {one.direction}. "
                        "Laws that follow these rows lose to those that respect --expect; check it."
                    )
                break
    return tuple(said)


def _name(train: Path) -> str:
    """A name for folders: the file's, or its folder's for ``train.csv``; never a benchmark task's."""
    stem = train.resolve().parent.name if train.stem in ("train", "data") else train.stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:40] or "table"
    return f"{name}_table" if name in benchmark_names() else name
