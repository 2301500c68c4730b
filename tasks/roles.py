"""Decide, once and in one place, what every column of a user's table is to the search, and say why.

What the user names is taken as named. Everything else is decided from names and values in the order of the methods of
`_Decision.decide`; the first rule that fits a column decides it.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array, IntArray, Mask
from lawsmith.tasks.asked import Asked, resolve
from lawsmith.tasks.cells import Cells
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.follows import derived, label_of
from lawsmith.tasks.numerals import is_missing, is_null
from lawsmith.tasks.schema import ColumnRole, Role, Weight

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 8  # of a category that is not named as one
GROUP_ROWS = 4  # rows, on average, that each label of a group has for constants of its own
COMPANION = 1 - 1e-5  # correlation of a column with a function of the target that makes it another outcome


@dataclass(frozen=True)
class Roles:
    """The decision. features: in the table's order, categories among them. levels: category -> its labels.

    columns: the role of every column of the table. state: the column that says which runs have finished.
    """

    targets: tuple[str, ...]
    features: tuple[str, ...]
    group: str | None
    levels: dict[str, tuple[str, ...]]
    weight: Weight | None
    columns: tuple[ColumnRole, ...]
    state: str | None
    only_measured: bool
    notices: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The used columns that hold numbers."""
        weight = () if self.weight is None else (self.weight.column,)
        return (*(name for name in self.features if name not in self.levels), *self.targets, *weight)

    @property
    def labels(self) -> tuple[str, ...]:
        """The used columns that hold labels."""
        return (*self.levels, *(() if self.group is None else (self.group,)))


def decide(cells: Cells, asked: Asked, where: str) -> Roles:
    """The role of every column. Raises InputError for a name that no column has, for a column with two roles, and where
    no feature is left."""
    named = resolve(asked, [str(name) for name in cells.frame.columns], where)
    state = _state(cells, named)
    rows = finished(cells.labels, state)
    decision = _Decision(take(cells, rows), named, where, state)
    if not rows.all():
        decision.notices.append(f"{_count(~rows)} of runs that have not finished ({state}) left out.")
    if decision.tracker and not (measured := filled(cells.frame, named.target))[rows].all():
        decision.restrict(take(cells, rows & measured))
        decision.notices.append(
            f"{_count(rows & ~measured)} without a value of {listing(named.target)} left out."
        )
        rows = rows & measured
    if not rows.any():
        raise InputError(
            f"{where} has no row that can be used: {' '.join(decision.notices) or 'it is empty.'}"
        )
    found = decision.decide()
    if asked.drop_incomplete:
        kept = filled(cells.frame, found.numbers) & filled_labels(cells.labels, found.labels)
        if not kept[rows].any():
            raise InputError(
                f"{where} has no row in which all used columns are filled; leave some out with --ignore."
            )
        if not kept[rows].all():
            decision = _Decision(take(cells, rows & kept), named, where, state)
            decision.notices.append(f"{_count(rows & ~kept)} without a value in some used column left out.")
            found = decision.decide()
    return found


def filled(frame: "pd.DataFrame", columns: tuple[str, ...]) -> Mask:
    """The rows (n,) that hold something in all of the columns of numbers that the frame has."""
    rows = np.ones(len(frame), dtype=bool)
    for name in columns:
        if name in frame.columns:
            column = frame[name]
            if column.dtype.kind == "f":
                rows &= ~np.isnan(column.to_numpy(dtype=np.float64))
            else:
                rows &= np.array([not is_missing(cell) for cell in column.tolist()])
    return rows


def filled_labels(labels: "pd.DataFrame", columns: tuple[str, ...]) -> Mask:
    """The rows (n,) that have a label in the group column and in all categories."""
    rows = np.ones(len(labels), dtype=bool)
    for name in columns:
        rows &= np.array([not is_null(cell) and bool(str(cell).strip()) for cell in labels[name].tolist()])
    return rows


def _state(cells: Cells, asked: Asked) -> str | None:
    """The column in which a tracker says whether a run has finished."""
    known = words.FINISHED | words.UNFINISHED
    for name in cells.labels.columns:
        if words.bare(name) in ("state", "status") and name not in (*asked.target, *(asked.features or ())):
            said = {str(label).strip().lower() for label in cells.labels[name].unique()}
            if said <= known and said & words.FINISHED:
                return str(name)
    return None


def finished(labels: "pd.DataFrame", state: str | None) -> Mask:
    """The rows (n,) of runs that a tracker's column `state` calls finished; all where there is none."""
    if state is None:
        return np.ones(len(labels), dtype=bool)
    return np.array([str(label).strip().lower() in words.FINISHED for label in labels[state].tolist()])


def take(cells: Cells, rows: Mask) -> Cells:
    """The cells of the rows (n,) that are true."""
    if rows.all():
        return cells
    return replace(cells, frame=cells.frame[rows], labels=cells.labels[rows])


def _count(rows: Mask) -> str:
    count = int(rows.sum())
    return "1 row" if count == 1 else f"{count} rows"


class _Decision:
    """A decision under way: which columns are still open, and the roles of the others."""

    def __init__(self, cells: Cells, asked: Asked, where: str, state: str | None) -> None:
        self.asked, self.where, self.state = asked, where, state
        self.names = [str(name) for name in cells.frame.columns]
        self.role: dict[str, tuple[Role, str]] = {}
        self.levels: dict[str, tuple[str, ...]] = {}
        self.labelled: set[str] = set()  # columns of numbers that are labels
        self.weight: Weight | None = None
        self.notices: list[str] = []
        self.restrict(cells)
        self.tracker = state is not None or any(
            name.lower().startswith((*words.INPUTS, *words.RESULTS)) for name in self.names
        )

    def restrict(self, cells: Cells) -> None:
        """Decide on these rows."""
        self.cells, self.rows = cells, len(cells.frame)
        self.numbers = {name: self._numbers(name) for name in self.names}

    def decide(self) -> Roles:
        """Apply the rules in order."""
        self._named()
        self._empty_and_constant()
        self._weights()
        self._bookkeeping()
        self._companions()
        self._gaps()
        self._labels()
        self._codes()
        if self.asked.features is None:
            self._features()
        else:
            self._close("left out", "not among the features that were named")
        return self._roles()

    # -- facts ---------------------------------------------------------------------------------------------

    def _numbers(self, name: str) -> Array | None:
        """A column's values (n,), NaN for a missing or unreadable one; None for a column of text."""
        column = self.cells.frame[name]
        if column.dtype.kind == "f":
            return np.asarray(column.to_numpy(dtype=np.float64))
        values = [cell if isinstance(cell, float) else np.nan for cell in column.tolist()]
        known = sum(isinstance(cell, float) and cell == cell for cell in values)
        filled = sum(not is_missing(cell) for cell in column.tolist())
        return np.array(values) if 2 * known > filled > 0 else None

    def _open(self) -> list[str]:
        return [name for name in self.names if name not in self.role]

    def _candidates(self) -> dict[str, Array]:
        """Columns that are features, or may become some, without gaps."""
        names = [
            name
            for name in self.names
            if self.role.get(name, ("feature", ""))[0] == "feature"
            and name not in self.levels
            and name not in self.labelled
        ]
        found = {name: self.numbers[name] for name in names}
        return {
            name: values for name, values in found.items() if values is not None and np.isfinite(values).all()
        }

    def _labels_of(self, name: str) -> list[str]:
        return ["" if is_null(cell) else str(cell).strip() for cell in self.cells.labels[name].tolist()]

    def _missing(self, name: str) -> int:
        values = self.numbers[name]
        if values is None:
            return sum(not label for label in self._labels_of(name))
        if self.cells.frame[name].dtype.kind == "f":
            return int(np.isnan(values).sum())
        return sum(is_missing(cell) for cell in self.cells.frame[name].tolist())

    def _set(self, name: str, role: Role, reason: str) -> None:
        self.role[name] = (role, reason)

    def _close(self, role: Role, reason: str) -> None:
        for name in self._open():
            self._set(name, role, reason)

    # -- rules, in order -----------------------------------------------------------------------------------

    def _named(self) -> None:
        asked = self.asked
        for name in asked.target:
            self._set(name, "target", "named")
        if self.state is not None:
            self._set(self.state, "bookkeeping", "says which runs have finished")
        for name in asked.ignore:
            self._set(name, "left out", "asked for")
        for name in asked.category:
            self._category(name, "named")
        for name in asked.features or ():
            if name not in self.role:
                self._named_feature(name)
        if asked.group:
            self._set(asked.group, "group", "named")
        if asked.sigma is not None:
            self._weigh(asked.sigma, self._kind_of_weight(asked.sigma), "named")

    def _named_feature(self, name: str) -> None:
        labels = set(self._labels_of(name))
        if name in self.cells.booleans or (self.numbers[name] is None and 2 <= len(labels) <= MOST_LEVELS):
            self._category(name, "named, and its values are labels")
        else:
            self._set(name, "feature", "named")

    def _empty_and_constant(self) -> None:
        for name in self._open():
            missing, values = self._missing(name), self.numbers[name]
            same = (
                len(set(self._labels_of(name))) == 1
                if values is None
                else missing == 0 and bool((values == values[0]).all())
            )
            if missing == self.rows:
                self._set(name, "left out", "empty")
            elif missing > self.rows / 2:
                self._set(name, "left out", f"empty in {missing} of {self.rows} rows")
            elif same and self.rows > 1:
                self._set(name, "left out", "the same in every row")

    def _weights(self) -> None:
        others = tuple(name for name in self._open() if self.numbers[name] is not None)
        errors = {name: words.error_of(name, self.asked.target, others) for name in others}
        for name, of in errors.items():
            if words.bounds_of(name, self.asked.target):
                self._set(name, "companion", f"by its name an end of an interval of {self.asked.target[0]}")
            elif words.variance_of(name, self.asked.target):
                self._weight_of_target(name, self.asked.target[0])
            if of is None or of == name or name in self.role:
                continue
            if of in self.asked.target or (of == "" and self._looks_like_error(name)):
                self._weight_of_target(name, of or self.asked.target[0])
            elif of:
                self._set(name, "left out", f"by its name the error of {of}")
        for name in self._open():
            if words.is_count(name) and self._is_count(name):
                if self.weight is None and len(self.asked.target) == 1:
                    self._weigh(name, "count", "by its name a number of measurements; rows count by it")
                else:
                    self._set(
                        name, "left out", "a number of measurements; the errors already say how rows count"
                    )

    def _weight_of_target(self, name: str, of: str) -> None:
        if len(self.asked.target) > 1:
            self._set(name, "left out", f"the error of {of}; with several targets all rows count alike")
        elif self.weight is not None:
            self._set(name, "left out", f"an error of {of}; {self.weight.column} already says how rows count")
        elif not self._positive(name):
            self._set(name, "left out", f"by its name the error of {of}, but not positive in every row")
        else:
            kind = self._kind_of_weight(name)
            self._weigh(name, kind, f"by its name the {kind} of {of}; rows count by it")

    def _kind_of_weight(self, name: str) -> Literal["error", "variance", "count"]:
        if words.is_count(name):
            return "count"
        return "variance" if words.variance_of(name, self.asked.target) else "error"

    def _weigh(self, name: str, kind: Literal["error", "variance", "count"], reason: str) -> None:
        self.weight = Weight(column=name, kind=kind)
        self._set(name, "weight", reason)

    def _positive(self, name: str) -> bool:
        values = self.numbers[name]
        return values is not None and bool(np.isfinite(values).all() and values.min() > 0)

    def _looks_like_error(self, name: str) -> bool:
        """Whether a column called sigma, say, is smaller than the target varies, and no setting of a few levels."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        if values is None or target is None or not self._positive(name):
            return False
        return (
            bool(np.median(values) < np.nanmax(target) - np.nanmin(target))
            and len(np.unique(values)) > self.rows / 4
        )

    def _is_count(self, name: str) -> bool:
        values = self.numbers[name]
        return (
            values is not None
            and self._positive(name)
            and bool((values == np.round(values)).all() and values.max() <= 1e4)
        )

    def _bookkeeping(self) -> None:
        for name in self._open():
            plain = words.bare(name)
            if name in self.cells.dates:
                continue  # a feature, where there is no other
            if words.is_label(name) and self._repeats(name):
                self.labelled.add(name)
            elif words.is_replicate(name):
                self._set(name, "replicate", "tells repeated measurements apart")
            elif words.is_bookkeeping(name) or (self.tracker and plain in words.TRACKER):
                self._set(name, "bookkeeping", "by its name")

    def _repeats(self, name: str) -> bool:
        """Whether a column of text or whole numbers has labels, each in several rows."""
        values, labels = self.numbers[name], self._labels_of(name)
        whole = values is None or bool(np.isfinite(values).all() and (values == np.round(values)).all())
        return whole and all(labels) and 1 < len(set(labels)) <= self.rows / GROUP_ROWS

    def _companions(self) -> None:
        target = self.asked.target[0]
        outcome = any(words.is_outcome(name) for name in self.asked.target)
        for name in self._open():
            if self.numbers[name] is None or name in self.labelled:
                continue
            if name.lower().startswith(words.RESULTS) or (outcome and words.is_outcome(name)):
                self._set(name, "companion", f"another outcome beside {target}")
            elif self._is_function_of_target(name):
                self._set(name, "companion", f"follows from {target} itself")

    def _is_function_of_target(self, name: str) -> bool:
        """Whether a column restates the target (its exponential, its logarithm, a multiple) in a table where other
        columns were set to a few values each."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        settings = [
            v
            for other, v in self._candidates().items()
            if other != name and 2 * len(np.unique(v)) <= self.rows
        ]
        if values is None or target is None or len(settings) < 2 or self.rows < 8:
            return False
        if not np.isfinite([values, target]).all() or len(np.unique(values)) < 0.8 * self.rows:
            return False
        return any(_correlated(a, b) for a in _views(values) for b in _views(target))

    def _gaps(self) -> None:
        if self.asked.features is not None or self.asked.drop_incomplete:
            return
        for name in self._open():
            missing = self._missing(name)
            if missing and self.numbers[name] is not None:
                self._set(
                    name, "left out", f"empty in {missing} of {self.rows} rows; --drop-incomplete keeps it"
                )
                self.notices.append(
                    f"{name} has no value in {missing} of {self.rows} rows and was left out; --drop-incomplete leaves "
                    "the rows out instead."
                )

    def _labels(self) -> None:
        """Columns of text: the group, categories, or neither."""
        texts = [name for name in self._open() if self.numbers[name] is None or name in self.labelled]
        if (
            "group" in texts
            and self.asked.group is None
            and 1 < len(set(self._labels_of("group"))) <= self.rows / 2
        ):
            self._set("group", "group", "by its name")
        left: dict[str, IntArray] = {}
        for name in (name for name in texts if name not in self.role):
            labels = self._labels_of(name)
            codes = np.unique(np.array(labels, dtype=object), return_inverse=True)[1]
            if not all(labels):
                self._set(name, "left out", f"text, empty in {labels.count('')} of {self.rows} rows")
            elif len(set(labels)) > max(2, self.rows / 2):
                self._set(name, "left out", "text that hardly repeats")
            elif restated := label_of(codes, self._candidates()):
                self._set(name, "left out", f"a label of {listing(restated)}, which says the same")
            else:
                left[name] = codes
        self._group_or_categories(left)

    def _group_or_categories(self, labels: dict[str, IntArray]) -> None:
        for name in list(labels):
            before = list(labels).index(name)
            same = next(
                (
                    other
                    for place, other in enumerate(labels)
                    if other != name and _tells(labels[other], labels[name], place < before)
                ),
                None,
            )
            if same is not None:
                self._set(name, "left out", f"follows from {same}")
                del labels[name]
        has_group = self.asked.group is not None or any(role == "group" for role, _ in self.role.values())
        many = [name for name, codes in labels.items() if codes.max() >= MOST_LEVELS]
        if not has_group and len(many) > 1:
            raise InputError(
                f"{self.where}: {listing(many)} could each be the group; choose one with --group, or give --group none."
            )
        group = many[0] if many else self._lone_group(list(labels))
        if group is not None and not has_group and self.rows / (labels[group].max() + 1) >= GROUP_ROWS:
            self._set(group, "group", "a label that repeats while features vary; it has constants of its own")
        for name, codes in labels.items():
            if name in self.role:
                continue
            if self.asked.group == "":
                self._set(name, "left out", "text; no group was asked for (--category keeps it)")
            elif codes.max() < MOST_LEVELS and self.asked.features is None:
                self._category(name, "a label of a few levels")
            else:
                self._set(name, "left out", "text")

    def _lone_group(self, labels: list[str]) -> str | None:
        """The one label, unless other columns are categories too and its name is none of a group."""
        others = [
            name
            for name in (*self._open(), *self.levels)
            if name in self.cells.booleans or name in self.levels
        ]
        if len(labels) != 1 or (others and not words.is_group(labels[0])):
            return None
        return labels[0]

    def _category(self, name: str, reason: str) -> None:
        labels = self._labels_of(name)
        if self.asked.drop_incomplete:
            labels = [label for label in labels if label]
        if "" in labels:
            raise InputError(
                f"{self.where}: the category {name!r} is empty in some rows; --drop-incomplete leaves them out."
            )
        levels = tuple(sorted(set(labels), key=_in_order))
        if len(levels) < 2:
            raise InputError(f"{self.where}: the category {name!r} is {levels[0]!r} in every row.")
        self.levels[name] = levels
        self._set(name, "category", f"{reason}: {listing(levels, 8)}")

    def _codes(self) -> None:
        """Truth values, and whole numbers from 0 that are codes: no more and no less of something."""
        if self.asked.features is not None:
            return
        for name in self._open():
            values = self.numbers[name]
            if values is None or np.isnan(values).any():
                continue
            levels = np.unique(values)
            if name in self.cells.booleans or np.array_equal(levels, [0.0, 1.0]):
                self._category(name, "true or false" if name in self.cells.booleans else "0 or 1")
            elif 3 <= len(levels) <= MOST_LEVELS and np.array_equal(
                levels - levels[0], np.arange(len(levels))
            ):
                if words.is_code(name) and levels[0] in (0, 1):
                    self._category(name, "by its name codes")
                elif levels[0] == 0 and self._goes_up_and_down(name):
                    self._category(name, "codes, with which the target goes up and down")

    def _goes_up_and_down(self, name: str) -> bool:
        """Whether the target, all other features equal, clearly neither rises nor falls with these whole numbers."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        others = [column for other, column in self._candidates().items() if other != name]
        others += [
            np.array([self.levels[c].index(label) for label in self._labels_of(c)], float)
            for c in self.levels
        ]
        if values is None or target is None or not np.isfinite(target).all() or not others:
            return False
        cell = np.unique(np.column_stack(others), axis=0, return_inverse=True)[1].reshape(-1)
        return _up_and_down(values.astype(np.intp), cell, np.asarray(target))

    def _features(self) -> None:
        """What is left and varies is a feature, save counters and dates beside others and what follows from others."""
        dated = [name for name in self._open() if name in self.cells.dates]
        counters = [name for name in self._open() if _counts_rows(self.numbers[name])]
        spare = [*dated, *counters]
        for name in self._open():
            if self.numbers[name] is None:
                self._set(name, "left out", "text")
            elif name not in spare:
                self._set(name, "feature", "a number that varies")
        chosen = [name for name, (role, _) in self.role.items() if role == "feature"] + list(self.levels)
        if not chosen:
            self._spare_feature(dated, counters)
        for name in dated:
            if name not in self.role:
                self._set(name, "bookkeeping", "dates beside other features")
        for name in counters:
            if name not in self.role:
                self._set(name, "bookkeeping", "row numbers")
        self._derived()

    def _spare_feature(self, dated: list[str], counters: list[str]) -> None:
        """Without any other feature: dates, the epochs of a learning curve, or an outcome beside the target."""
        roles = self.role.items()
        pool = [(name, "dates, the only feature") for name in dated]
        pool += [(name, "row numbers, the only feature") for name in counters]
        pool += [
            (name, "another outcome, the only feature") for name, (role, _) in roles if role == "companion"
        ]
        pool += [
            (name, "kept, because it is the only feature") for name, (_, why) in roles if "--drop" in why
        ]
        pool += [
            (name, "by its name bookkeeping, but the only feature")
            for name, (role, _) in roles
            if role in ("bookkeeping", "replicate") and self._varies(name)
        ]
        if pool:
            self._set(pool[0][0], "feature", pool[0][1])
            return
        reasons = ", ".join(
            f"{name} ({why})"
            for name, (role, why) in self.role.items()
            if role not in ("target", "group", "weight")
        )
        seen = f"; left out: {reasons}" if reasons else ""
        raise InputError(f"{self.where} has no column to be a feature{seen}; name some with --features.")

    def _varies(self, name: str) -> bool:
        values = self.numbers[name]
        return values is not None and bool(np.isfinite(values).all() and np.ptp(values) > 0)

    def _derived(self) -> None:
        columns = self._candidates()
        found = derived(columns, {name: words.tokens(name) for name in columns})
        for name, (others, closeness) in found.items():
            self._set(
                name, "derived", f"follows from {listing(others)} (R² {closeness:.5f} between logarithms)"
            )
        if found:
            kept = ",".join([*(name for name in self._features_in_order()), *found])
            self.notices.append(
                f"{listing(list(found))} {'follows' if len(found) == 1 else 'follow'} from the other features and "
                f"{'was' if len(found) == 1 else 'were'} left out; keep {'it' if len(found) == 1 else 'them'} with "
                f"--features {kept}."
            )

    def _features_in_order(self) -> list[str]:
        return [name for name in self.names if self.role[name][0] in ("feature", "category")]

    # -- the result ----------------------------------------------------------------------------------------

    def _roles(self) -> Roles:
        features = self._features_in_order()
        if self.asked.features is not None:
            named = [name for name in self.asked.features if name in features]
            features = [*named, *(name for name in features if name not in named)]
        group = next((name for name, (role, _) in self.role.items() if role == "group"), None)
        columns = tuple(ColumnRole(name=n, role=self.role[n][0], reason=self.role[n][1]) for n in self.names)
        companions = [name for name in self.names if self.role[name][0] == "companion"]
        if companions:
            verb = "is another outcome" if len(companions) == 1 else "are other outcomes"
            self.notices.append(
                f"{listing(companions)} {verb} of the same runs and left out; --features says what to keep."
            )
        return Roles(
            targets=self.asked.target,
            features=tuple(features),
            group=group,
            levels=self.levels,
            weight=self.weight,
            columns=columns,
            state=self.state,
            only_measured=self.tracker,
            notices=tuple(self.notices),
        )


def _in_order(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label


def _views(values: Array) -> list[Array]:
    views = [values]
    if values.min() > 0:
        views.append(np.log(values))
    return views


def _correlated(one: Array, two: Array) -> bool:
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return False
    a, b = ((v - v.min()) / np.ptp(v) for v in (one, two))
    return bool(abs(np.corrcoef(a, b)[0, 1]) > COMPANION)


def _tells(one: IntArray, two: IntArray, alike: bool) -> bool:
    """Whether every label of `one` stands beside one label of `two`, and not the other way round unless `alike`."""
    pairs = len(np.unique(one.astype(np.int64) * (int(two.max()) + 1) + two))
    return bool(pairs == one.max() + 1 and (one.max() > two.max() or (alike and one.max() == two.max())))


def _counts_rows(values: Array | None) -> bool:
    if values is None or len(values) < 3:
        return False
    return values[0] in (0, 1) and np.array_equal(values, np.arange(len(values)) + values[0])


def _up_and_down(codes: IntArray, cell: IntArray, target: Array) -> bool:
    """Whether level means within cells differ clearly, and neither rise nor fall throughout."""
    counts = np.bincount(cell)
    means = np.bincount(cell, target) / counts
    rest = target - means[cell]
    sizes = np.bincount(codes)
    effect = np.bincount(codes, rest) / sizes
    left = rest - effect[codes]
    freedom = len(target) - len(counts) - len(sizes) + 1
    if freedom < 1 or np.mean(counts) < 2:
        return False
    error = np.sqrt(left @ left / freedom / sizes)
    steps = np.diff(effect) / np.sqrt(error[1:] ** 2 + error[:-1] ** 2 + np.finfo(float).tiny)
    return bool(steps.max() > 4 and steps.min() < -4)
