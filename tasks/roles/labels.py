"""Columns of labels: the group, the categories, and those that say no more than other columns do."""

import re
from collections import Counter

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import IntArray, along
from lawsmith.tasks.errors import InputError, listing, option
from lawsmith.tasks.numerals import FACTORS, numeral
from lawsmith.tasks.roles.deciding import GROUP_ROWS, MOST_LEVELS, Deciding
from lawsmith.tasks.roles.follows import is_made, label_of

FEWEST_VALUES = 3  # of sizes in names
RESTATES = 0.95  # correlation of ranks of sizes in names with a column that states them
_SIZE = re.compile(r"(?:(?<![A-Za-z\d.])|(?<=\dx))(\d+(?:\.\d+)?)([kKMBTmb](?![A-Za-z])|[x×](?=[A-Z]))")
_UNITS = ({"m"}, {"K"}, {"T"})  # which alone may be metres, kelvin and tesla


def decide_labels(d: Deciding) -> None:
    """Columns of text: the group, categories, or neither."""
    _leave_out_sizes(d)
    texts = [name for name in d.open() if d.numbers[name] is None or name in d.labelled]
    if "group" in texts and d.asked.group is None and 1 < len(set(d.labels_of("group"))) <= d.rows / 2:
        d.set("group", "group", "by its name")
    codes = {name: _codes_of_labels(d, name) for name in texts if name not in d.role}
    left = {name: found for name, found in codes.items() if found is not None}
    _group_or_categories(d, left)
    _leave_out_lone(d)
    _tell_measures(d, [name for name in texts if name in d.role and d.role[name][0] in ("group", "category")])


def _codes_of_labels(d: Deciding, name: str) -> IntArray | None:
    """A code for each row of a column that may be the group or a category; any other column is left out."""
    labels = d.labels_of(name)
    cells = d.cells.frame[name].tolist()
    word = next((cell for cell in cells if isinstance(cell, str)), None)
    if word is not None and any(isinstance(cell, float) and cell == cell for cell in cells):
        d.notices.append(f"lawsmith took {name} for names, because some cells are words ({word!r}).")
    if all(labels) and _states_sizes(d, labels):
        d.notices.append(
            f"{name} states sizes that no other column holds ({labels[0]!r}); write them as numbers in a column of "
            "their own."
        )
    codes = np.unique(np.array(labels, dtype=object), return_inverse=True)[1]
    if not all(labels):
        d.set(name, "left out", f"text, empty in {labels.count('')} of {d.rows} rows")
    elif len(set(labels)) > max(2, d.rows / 2) or all(map(two_clocks, labels)):
        units, clock = units_of(labels), two_clocks(labels[-1])
        d.set(name, "left out", units or clock or f"text that hardly repeats, such as {labels[0][:20]!r}")
        if told := f"it holds {units}; write all of it in one unit" if units else clock:
            d.notices.append(f"lawsmith left out {name}: {told}.")
    elif restated := label_of(codes, d.candidates()):
        set_from = words.has(name, "codes") and all(is_made(words.tokens(one)) for one in restated)  # an optimizer's lr
        if set_from or all(words.has(one, "coordinates") for one in restated):
            for one in restated:
                d.set(one, "left out", f"says the same as {name}")
            return codes
        d.set(name, "left out", f"says the same as {listing(restated)}")
    elif words.WORDS["of_rows"].issuperset(map(str.lower, labels)) and not d.crossed(name):
        d.set(name, "left out", "says which rows are for training and which for a test")
        d.notices.append(f"lawsmith uses all rows, whatever {name} says; put those of a test into a file for --test.")
    else:
        return codes
    return None


def _tell_measures(d: Deciding, names: list[str]) -> None:
    """Say of each of these columns whose labels are measures that the target may be of several kinds."""
    for name in names:
        measures = list(dict.fromkeys(d.labels_of(name)))
        if all(map(words.is_outcome, measures)):
            d.notices.append(
                f"{name} says which measure {d.asked.target[0]} holds in each row ({listing(measures, 4)}). With "
                f"--target {option(measures[0])} only that measure is read."
            )


def _leave_out_lone(d: Deciding) -> None:
    """Leave out the rows of labels that stand once, where nobody named the group."""
    group = next((name for name, (role, _) in d.role.items() if role == "group"), None)
    if group is None or d.asked.group is not None:
        return
    counted = Counter(d.labels_of(group))
    d.lone = tuple(label for label, count in counted.items() if count == 1)
    if d.lone:
        d.notices.append(
            f"lawsmith left out {group} {listing(d.lone, 8)}: a single row is too few for constants of its own; "
            "--group none keeps all rows."
        )


def _states_sizes(d: Deciding, labels: list[str]) -> bool:
    """Whether all labels, such as ``Pythia-70M`` or ``8xA100``, state sizes with which no column moves along."""
    found = [_SIZE.findall(label) for label in labels]
    if not all(found) or len({one[0] for one in found}) < FEWEST_VALUES:
        return False
    sizes = np.array([float(one[0][0]) * FACTORS.get(one[0][1], 1.0) for one in found])
    return not any(along(sizes, other) > RESTATES for other in d.candidates().values())


def _leave_out_sizes(d: Deciding) -> None:
    """Leave out sizes that were read from names where they are few, or where another column states them."""
    for name in (name for name in d.open() if name.endswith(".size") and name.removesuffix(".size") in d.names):
        columns = d.candidates()
        sizes = columns.pop(name, None)
        units = {one[1] for label in d.labels_of(name.removesuffix(".size")) for one in _SIZE.findall(label)}
        results = {other for other in columns if words.is_outcome(other) or words.is_performance(other)}
        others = [other for other in columns if not is_made(words.tokens(other))]  # a learning rate is set from sizes
        others = [other for other in others if other not in results]
        alike = [other for other in others if sizes is not None and along(sizes, columns[other]) > RESTATES]
        if alike:
            d.set(name, "left out", f"sizes in names, which {alike[0]} states, too")
        elif (
            sizes is None
            or len(np.unique(sizes)) < FEWEST_VALUES
            or (units in _UNITS and not words.has(name, "networks"))
        ):
            d.set(name, "left out", "few sizes in names, or none")
        else:
            d.notices.append(f"{name} holds the sizes that stand in the names of {name.removesuffix('.size')}.")


def two_clocks(cell: str) -> str | None:
    """What a cell such as ``08:15`` may be, and what to write; None for any other."""
    if (clock := re.fullmatch(r"(\d+):(\d\d)", cell)) is None:
        return None
    told = f"{cell} may be {int(clock[1])} min {clock[2]} s or {int(clock[1])} h {clock[2]} min"
    return f"{told}; write 00:{cell} or {cell}:00, or put mm:ss or hh:mm behind the column's name"


def units_of(labels: list[str]) -> str | None:
    """``numbers in different units (ms and s)`` of cells that are numbers with several units; None for others."""
    found = [numeral(label) for label in labels]
    units = list(dict.fromkeys(one.suffix for one in found if one is not None))
    marks = [unit for unit in units if " " in unit or (unit and not any(one.isalpha() or one in "%°" for one in unit))]
    if None in found or marks or len(units) < 2 or len(units) > MOST_LEVELS:
        return None
    return f"numbers in different units ({listing([unit or 'none' for unit in units])})"


def _told_by(name: str, labels: dict[str, IntArray]) -> str | None:
    """Another label from which this one follows; of two that tell each other the first stays."""
    before = list(labels).index(name)
    others = (other for other in labels if other != name)
    told = (one for one in others if _tells(labels[one], labels[name], list(labels).index(one) < before))
    return next(told, None)


def _group_or_categories(d: Deciding, labels: dict[str, IntArray]) -> None:
    """Decide on labels: those that say no more than others and repeats first, then the group."""
    _leave_out_finer(d, labels)
    for name in list(labels):
        same = _told_by(name, labels) if name in labels else None
        if same is not None and words.is_label(same) and words.has(name, "treatments"):
            d.set(same, "replicate", f"repeats each {name}")
            d.notices.append(f"{same} repeats each {name}; --group {option(same)} gives each constants of its own.")
            del labels[same]
        elif same is not None:
            d.set(name, "left out", f"follows from {same}")
            del labels[name]
    course = len(labels) == 1 and [words.has(axis, "progress") for axis in d.candidates()] == [True]
    for name in [name for name in labels if words.has(name, "repeats")]:
        if d.crossed(name) and not course:
            d.set(name, "replicate", "tells repeated measurements apart")
            del labels[name]
    _decide_group(d, labels)


def _decide_group(d: Deciding, labels: dict[str, IntArray]) -> None:
    """The group among labels that are left, and the roles of the others."""
    has_group = d.asked.group is not None or any(role == "group" for role, _ in d.role.values())
    many = [name for name, codes in labels.items() if codes.max() >= MOST_LEVELS]
    if not has_group and len(many) > 1:
        raise InputError(
            f"{d.where}: {listing(many)} could each be the group; choose one with --group, or give --group none."
        )
    group = many[0] if many else _lone_group(d, labels)
    if group is not None and not has_group and _has_rows_enough(d, labels[group]):
        d.set(group, "group", "a label that repeats while features vary; it has constants of its own")
        if words.has(group, "codes"):
            d.notices.append(
                f"Each label of {group} has constants of its own; with --category {option(group)} they shift or "
                "scale one law."
            )
    for name, codes in labels.items():
        if name in d.role:
            continue
        if name == group and not has_group and d.asked.features is None and codes.max() < MOST_LEVELS:
            d.notices.append(
                f"{name} has labels of fewer than {GROUP_ROWS} rows, too few for constants of their own, so it shifts "
                f"or scales one law; --group {option(name)} gives each label constants."
            )
        if d.asked.group == "":
            d.set(name, "left out", "text, which --group none leaves out; --category keeps it")
        elif codes.max() < MOST_LEVELS and d.asked.features is None:
            d.category(name, "a label of a few levels")
            if group is None and len(labels) == 1 and not has_group and _has_rows_enough(d, codes):
                d.notices.append(
                    f"{name} shifts or scales one law; --group {option(name)} gives each label constants of its own."
                )
        else:
            unnamed = "not among the features that were named; --category keeps it"
            d.set(name, "left out", "text" if d.asked.features is None else unnamed)


def _leave_out_finer(d: Deciding, labels: dict[str, IntArray]) -> None:
    """Leave out labels that say no more than a coarser one and the features do: a model's name beside its family and
    size."""
    for name in list(labels):
        coarser = {
            other: codes for other, codes in labels.items() if other != name and _tells(labels[name], codes, False)
        }
        for other, codes in coarser.items():
            restated = label_of(labels[name], {**d.candidates(), other: codes.astype(float)})
            if other in restated and len(restated) > 1:
                d.set(name, "left out", f"says the same as {listing(restated)} together")
                del labels[name]
                break


def _has_rows_enough(d: Deciding, codes: IntArray) -> bool:
    """Whether labels have rows enough for constants of their own: on average, and each of a few. A label of one row
    may be a slip; its row is left out."""
    counts = np.bincount(codes)
    each = counts[counts > 1].min(initial=d.rows) >= GROUP_ROWS or len(counts) > MOST_LEVELS
    return bool(d.rows / len(counts) >= GROUP_ROWS and each)


def _lone_group(d: Deciding, labels: dict[str, IntArray]) -> str | None:
    """The one label, unless it is called a kind of something and was tried at equal features, or other columns are
    categories too and its name is none of a group."""
    others = [name for name in (*d.open(), *d.levels) if name in d.cells.booleans or name in d.levels]
    if len(labels) != 1:
        return None
    (name,) = labels
    if words.has(name, "groups"):
        return name
    return None if others or (words.has(name, "codes") and d.crossed(name)) else name


def _tells(one: IntArray, two: IntArray, alike: bool) -> bool:
    """Whether every label of `one` stands beside one label of `two`, and not the other way round unless `alike`."""
    pairs = len(np.unique(one.astype(np.int64) * (int(two.max()) + 1) + two))
    return bool(pairs == one.max() + 1 and (one.max() > two.max() or (alike and one.max() == two.max())))
