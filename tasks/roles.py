"""Decide, once and in one place, what every column of a user's table is to the search, and say why.

What the user names is taken as named. Everything else is decided from names and values in the order of the methods of
`_Decision.decide`; the first rule that fits a column decides it.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.asked import Asked, resolve
from lawsmith.tasks.cells import Cells
from lawsmith.tasks.deciding import Deciding
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.follows import derived
from lawsmith.tasks.labels import MOST_LEVELS, decide_codes, decide_labels
from lawsmith.tasks.rows import filled, filled_labels, finished, take
from lawsmith.tasks.schema import ColumnRole, Weight

if TYPE_CHECKING:
    pass

MOST_FEATURES = 200  # that nobody named: each is compared with each other
AGAIN = 0.25  # standard deviations of the target by which repeated measurements typically differ at most
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
        decision.notices.append(f"{_count(rows & ~measured)} without a value of {listing(named.target)} left out.")
        rows = rows & measured
    if not rows.any():
        raise InputError(f"{where} has no row that can be used: {' '.join(decision.notices) or 'it is empty.'}")
    found = decision.decide()
    if asked.drop_incomplete:
        kept = filled(cells.frame, found.numbers) & filled_labels(cells.labels, found.labels)
        if not kept[rows].any():
            raise InputError(f"{where} has no row in which all used columns are filled; leave some out with --ignore.")
        if not kept[rows].all():
            decision = _Decision(take(cells, rows & kept), named, where, state)
            decision.notices.append(f"{_count(rows & ~kept)} without a value in some used column left out.")
            found = decision.decide()
    return found


def _state(cells: Cells, asked: Asked) -> str | None:
    """The column in which a tracker says whether a run has finished."""
    known = words.FINISHED | words.UNFINISHED
    for name in cells.labels.columns:
        if words.bare(name) in ("state", "status") and name not in (*asked.target, *(asked.features or ())):
            said = {str(label).strip().lower() for label in cells.labels[name].unique()}
            if said <= known and said & words.FINISHED:
                return str(name)
    return None


def _count(rows: Mask) -> str:
    count = int(rows.sum())
    return "1 row" if count == 1 else f"{count} rows"


class _Decision(Deciding):
    """The rules, in the order in which they are tried."""

    def decide(self) -> Roles:
        """Apply the rules in order."""
        self._named()
        self._empty_and_constant()
        self._weights()
        self._bookkeeping()
        self._companions()
        self._gaps()
        decide_labels(self)
        decide_codes(self)
        if self.asked.features is None:
            self._features()
        else:
            self.close("left out", "not among the features that were named")
        return self._roles()

    def _named(self) -> None:
        asked = self.asked
        for name in asked.target:
            self.set(name, "target", "named")
        if self.state is not None:
            self.set(self.state, "bookkeeping", "says which runs have finished")
        for name in asked.ignore:
            self.set(name, "left out", "asked for")
        for name in asked.category:
            self.category(name, "named")
        for name in asked.features or ():
            if name not in self.role:
                self._named_feature(name)
        if asked.group:
            self.set(asked.group, "group", "named")
        if asked.sigma is not None:
            self._weigh(asked.sigma, self._kind_of_weight(asked.sigma), "named")

    def _named_feature(self, name: str) -> None:
        labels = set(self.labels_of(name))
        if name in self.cells.booleans or (self.numbers[name] is None and 2 <= len(labels) <= MOST_LEVELS):
            self.category(name, "named, and its values are labels")
        else:
            self.set(name, "feature", "named")

    def _empty_and_constant(self) -> None:
        for name in self.open():
            missing, values = self.missing(name), self.numbers[name]
            same = (
                len(set(self.labels_of(name))) == 1
                if values is None
                else missing == 0 and bool((values == values[0]).all())
            )
            if missing == self.rows:
                self.set(name, "left out", "empty")
            elif missing > self.rows / 2:
                self.set(name, "left out", f"empty in {missing} of {self.rows} rows")
            elif same and self.rows > 1:
                self.set(name, "left out", "the same in every row")

    def _weights(self) -> None:
        others = tuple(name for name in self.open() if self.numbers[name] is not None)
        errors = {name: words.error_of(name, self.asked.target, others) for name in others}
        for name, of in errors.items():
            if words.bounds_of(name, self.asked.target):
                self.set(name, "companion", f"by its name an end of an interval of {self.asked.target[0]}")
            elif words.variance_of(name, self.asked.target):
                self._weight_of_target(name, self.asked.target[0])
            if of is None or of == name or name in self.role:
                continue
            rival = words.is_outcome(name) and any(map(words.is_outcome, self.asked.target))
            if of in self.asked.target or (of == "" and not rival and self._looks_like_error(name)):
                self._weight_of_target(name, of or self.asked.target[0])
            elif of:
                self.set(name, "left out", f"by its name the error of {of}")
        for name in self.open():
            if words.is_count(name, self.asked.target) and self._is_count(name):
                if self.weight is None and len(self.asked.target) == 1:
                    self._weigh(name, "count", "by its name a number of measurements; rows count by it")
                else:
                    self.set(name, "left out", "a number of measurements; the errors already say how rows count")

    def _weight_of_target(self, name: str, of: str) -> None:
        if len(self.asked.target) > 1:
            self.set(name, "left out", f"the error of {of}; with several targets all rows count alike")
        elif self.weight is not None:
            self.set(name, "left out", f"an error of {of}; {self.weight.column} already says how rows count")
        elif not self.is_positive(name):
            self.set(name, "left out", f"by its name the error of {of}, but not positive in every row")
        else:
            kind = self._kind_of_weight(name)
            self._weigh(name, kind, f"by its name the {kind} of {of}; rows count by it")

    def _kind_of_weight(self, name: str) -> Literal["error", "variance", "count"]:
        if words.is_count(name, self.asked.target):
            return "count"
        return "variance" if words.variance_of(name, self.asked.target) else "error"

    def _weigh(self, name: str, kind: Literal["error", "variance", "count"], reason: str) -> None:
        self.weight = Weight(column=name, kind=kind)
        self.set(name, "weight", reason)

    def _looks_like_error(self, name: str) -> bool:
        """Whether a column called sigma, say, is smaller than the target varies, and no setting of a few levels."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        if values is None or target is None or not self.is_positive(name):
            return False
        return (
            bool(np.median(values) < np.nanmax(target) - np.nanmin(target)) and len(np.unique(values)) > self.rows / 4
        )

    def _is_count(self, name: str) -> bool:
        values = self.numbers[name]
        return (
            values is not None
            and self.is_positive(name)
            and bool((values == np.round(values)).all() and values.max() <= 1e4)
        )

    def _bookkeeping(self) -> None:
        for name in self.open():
            plain = words.bare(name)
            if name in self.cells.dates:
                continue  # a feature, where there is no other
            if words.is_label(name) and self.repeats(name):
                self.labelled.add(name)
            elif words.is_replicate(name):
                self.set(name, "replicate", "tells repeated measurements apart")
            elif self.numbers[name] is None and _looks_like_a_date(self.labels_of(name)[0]):
                self.set(name, "bookkeeping", "dates that are not written like 2022-06-01")
            elif words.is_bookkeeping(name) or (self.tracker and plain in words.TRACKER):
                self.set(name, "bookkeeping", "by its name")

    def _companions(self) -> None:
        target = self.asked.target[0]
        outcome = any(words.is_outcome(name) for name in self.asked.target)
        for name in self.open():
            if self.numbers[name] is None or name in self.labelled:
                continue
            if name.lower().startswith(words.RESULTS) or (outcome and words.is_outcome(name)):
                self.set(name, "companion", f"another outcome beside {target}")
            elif words.repeats_of(name, target) and self._agrees_with(name, target):
                self.set(name, "companion", f"named like {target} and nearly the same: measured again")
            elif self._is_function_of_target(name):
                self.set(name, "companion", f"follows from {target} itself")

    def _agrees_with(self, name: str, target: str) -> bool:
        """Whether two columns differ by far less than they vary."""
        values, others = self.numbers[name], self.numbers[target]
        if values is None or others is None or not np.isfinite([values, others]).all():
            return False
        apart = values - others
        return bool(np.median(np.abs(apart)) < AGAIN * np.std(others))

    def _is_function_of_target(self, name: str) -> bool:
        """Whether a column restates the target (its exponential, its logarithm, a multiple) in a table where other
        columns were set to a few values each."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        if values is None or target is None or self.rows < 8:
            return False
        if not np.isfinite([values, target]).all() or len(np.unique(values)) < 0.8 * self.rows:
            return False
        if not any(_correlated(a, b) for a in _views(values) for b in _views(target)):
            return False
        settings = [v for v in self.candidates().values() if 2 * len(np.unique(v)) <= self.rows]
        return len(settings) >= 2

    def _gaps(self) -> None:
        if self.asked.features is not None or self.asked.drop_incomplete:
            return
        for name in self.open():
            missing = self.missing(name)
            if missing and self.numbers[name] is not None:
                self.set(name, "left out", f"empty in {missing} of {self.rows} rows; --drop-incomplete keeps it")
                self.notices.append(
                    f"{name} has no value in {missing} of {self.rows} rows and was left out; --drop-incomplete leaves "
                    "the rows out instead."
                )

    def _features(self) -> None:
        """What is left and varies is a feature, save counters and dates beside others and what follows from others."""
        if (many := len(self.candidates())) > MOST_FEATURES:
            raise InputError(
                f"{self.where} has {many} columns that may be features; at most {MOST_FEATURES} are taken "
                "unnamed: name some with --features, or leave some out with --ignore."
            )
        dated = [name for name in self.open() if name in self.cells.dates]
        counters = [name for name in self.open() if _counts_rows(self.numbers[name])]
        spare = [*dated, *counters]
        for name in self.open():
            if self.numbers[name] is None:
                self.set(name, "left out", "text")
            elif name not in spare:
                self.set(name, "feature", "a number that varies")
        chosen = [name for name, (role, _) in self.role.items() if role == "feature"] + list(self.levels)
        if not chosen:
            self._spare_feature(dated, counters)
        for name in dated:
            if name not in self.role:
                self.set(name, "bookkeeping", "dates beside other features")
        for name in counters:
            if name not in self.role:
                self.set(name, "bookkeeping", "row numbers")
        self._derived()

    def _spare_feature(self, dated: list[str], counters: list[str]) -> None:
        """Without any other feature: dates, the epochs of a learning curve, or an outcome beside the target."""
        roles = self.role.items()
        pool = [(name, "dates, the only feature") for name in dated]
        pool += [(name, "row numbers, the only feature") for name in counters]
        pool += [(name, "another outcome, the only feature") for name, (role, _) in roles if role == "companion"]
        pool += [(name, "kept, because it is the only feature") for name, (_, why) in roles if "--drop" in why]
        pool += [
            (name, "by its name bookkeeping, but the only feature")
            for name, (role, _) in roles
            if role in ("bookkeeping", "replicate") and self.varies(name)
        ]
        if pool:
            self.set(pool[0][0], "feature", pool[0][1])
            return
        reasons = listing(
            [f"{name} ({why})" for name, (role, why) in self.role.items() if role not in ("target", "group", "weight")],
            limit=12,
        )
        seen = f"; left out: {reasons}" if reasons else ""
        raise InputError(f"{self.where} has no column to be a feature{seen}; name some with --features.")

    def _derived(self) -> None:
        columns = self.candidates()
        found = derived(columns, {name: words.tokens(name) for name in columns})
        for name, (others, closeness) in found.items():
            self.set(name, "derived", f"follows from {listing(others)} (R² {closeness:.5f} between logarithms)")
        if found:
            kept = ",".join([*(name for name in self._features_in_order()), *found])
            self.notices.append(
                f"{listing(list(found))} {'follows' if len(found) == 1 else 'follow'} from the other features and "
                f"{'was' if len(found) == 1 else 'were'} left out; keep {'it' if len(found) == 1 else 'them'} with "
                f"--features {kept}."
            )

    def _features_in_order(self) -> list[str]:
        return [name for name in self.names if self.role[name][0] in ("feature", "category")]

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


def _looks_like_a_date(label: str) -> bool:
    return re.match(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}\b", label) is not None


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


def _counts_rows(values: Array | None) -> bool:
    if values is None or len(values) < 3:
        return False
    return values[0] in (0, 1) and np.array_equal(values, np.arange(len(values)) + values[0])
