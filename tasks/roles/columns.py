"""Decide, once and in one place, what every column of a user's table is to the search, and say why.

What the user names is taken as named. Everything else is decided from names and values in the order of the methods of
`_Decision.decide`; the first rule that fits a column decides it.
"""

import re
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Mask, along
from lawsmith.tasks.asked import Asked, resolve, without_unit
from lawsmith.tasks.errors import InputError, counted, listing, option
from lawsmith.tasks.known_units import in_words
from lawsmith.tasks.numerals import is_bound, is_missing
from lawsmith.tasks.reading.cells import Cells
from lawsmith.tasks.roles.codes import decide_codes
from lawsmith.tasks.roles.companions import AGAIN, decide_bookkeeping, decide_companions
from lawsmith.tasks.roles.deciding import MOST_LEVELS, Deciding
from lawsmith.tasks.roles.doubtful_features import tell_doubts
from lawsmith.tasks.roles.follows import derived
from lawsmith.tasks.roles.labels import decide_labels
from lawsmith.tasks.roles.likeness import SAME_ORDER
from lawsmith.tasks.roles.weights import decide_weights, kind_of_weight, weigh
from lawsmith.tasks.rows import data_rows, filled, filled_labels, finished, of_other_events, take
from lawsmith.tasks.schema import ColumnRole, Weight

RARELY = 0.2  # share of the rows that a flag marks at most; one that marks more may be a setting
ALONG = 0.9  # correlation of ranks above which two columns move together
_AS = {"count": "a number of measurements or a weight", "variance": "a variance"}
_AS |= {"error": "an error", "relative error": "a relative error"}
MOST_FEATURES = 200  # that nobody named: each is compared with each other


@dataclass(frozen=True)
class Roles:
    """The decision. features: in the table's order, categories among them. levels: category -> its labels.

    columns: the role of every column of the table. state: the column that says which runs have finished. lone: labels
    of the group whose rows are left out.
    """

    targets: tuple[str, ...]
    features: tuple[str, ...]
    group: str | None
    levels: dict[str, tuple[str, ...]]
    weight: Weight | None
    columns: tuple[ColumnRole, ...]
    state: str | None
    only_filled: bool
    only_measured: bool
    lone: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The used columns that hold numbers."""
        weight = () if self.weight is None else self.weight.columns
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
        decision.notices.append(
            f"lawsmith left out {counted(int((~rows).sum()), 'row')} of runs that have not finished ({state})."
        )
    decision.log = decision.tracker or of_other_events(take(cells, rows), named.target)
    if (decision.log or asked.drop_incomplete) and not (measured := filled(cells.frame, named.target))[rows].all():
        decision.restrict(take(cells, rows & measured))
        count = counted(int((rows & ~measured).sum()), "row")
        bounds = [cell for name in named.target for cell in cells.frame[name][rows & ~measured] if is_bound(cell)]
        shown = f"; {len(bounds)} held only a bound ({bounds[0]}), near which the law may be off" if bounds else ""
        decision.notices.append(f"lawsmith left out {count} without a value of {listing(named.target)}{shown}.")
        rows = rows & measured
    if not rows.any():
        raise InputError(f"{where} has no row that can be used: {' '.join(decision.notices) or 'it is empty.'}")
    seldom = {} if asked.drop_incomplete else decision.seldom_empty()
    return _of_filled_rows(cells, rows, decision, seldom) if seldom or asked.drop_incomplete else decision.decide()


def _of_filled_rows(cells: Cells, rows: Mask, decision: "_Decision", seldom: dict[str, Mask]) -> Roles:
    """The decision about the rows (n,) without those that lack a value of a used column. `seldom`: which of the rows
    lack a value of a column that is seldom empty, for each; other columns with gaps are not used then. A gap in the
    only feature is left to the user."""
    first = rows.copy()
    first[rows] = ~np.any([np.zeros(decision.rows, dtype=bool), *seldom.values()], axis=0)
    found = decision.on(take(cells, first)).decide()
    if len(found.features) == 1 and found.features[0] in seldom:
        return decision.decide()
    kept = rows & filled(cells.frame, found.numbers) & filled_labels(cells.labels, found.labels)
    if not kept.any():
        raise InputError(
            f"{decision.where}: every row lacks a value in some used column; leave columns out with --ignore."
        )
    if (kept != first).any():
        found = decision.on(take(cells, kept)).decide()
    told = decision.notices
    if out := int((rows & ~kept).sum()):
        names = [name for name in seldom if name in (*found.numbers, *found.labels)]
        where = f"of {listing(names)}; --ignore {option(*names)} keeps all rows" if names else "in some used column"
        lost = data_rows(cells.frame, np.flatnonzero(rows & ~kept))
        told = [*told, f"lawsmith left out {lost}, without a value {where}."]
    return replace(found, notices=(*told, *found.notices), only_filled=decision.asked.drop_incomplete or out > 0)


def _bare(name: str) -> str:
    """A name without its unit; ``1/(1-q)`` as it is, whose brackets hold none."""
    bare = without_unit(name)[0]
    return bare if re.search(r"[^\W\d]", bare) else name


def _state(cells: Cells, asked: Asked) -> str | None:
    """The column in which a tracker says whether a run has finished."""
    known = words.WORDS["finished"] | words.WORDS["unfinished"]
    for name in cells.labels.columns:
        if words.bare(name) in ("state", "status") and name not in (*asked.target, *(asked.features or ())):
            said = {(str(label).lower().split() or [""])[0] for label in cells.labels[name].unique()}
            if said <= known and said & words.WORDS["finished"]:
                return str(name)
    return None


class _Decision(Deciding):
    """The rules, in the order in which they are tried."""

    def on(self, cells: Cells) -> "_Decision":
        """The same decision about these rows, not begun."""
        made = _Decision(cells, self.asked, self.where, self.state)
        made.log = self.log
        return made

    @np.errstate(all="ignore")  # values may lie near the end of what floats hold
    def decide(self) -> Roles:
        """Apply the rules in order."""
        self._named()
        self._marks()
        self._empty_and_constant()
        decide_weights(self)
        decide_bookkeeping(self)
        decide_companions(self)
        self._gaps()
        decide_labels(self)
        decide_codes(self)
        if self.asked.features is None:
            self._features()
            tell_doubts(self)
        else:
            for name in self.open():
                self.set(name, "left out", "not among the features that were named")
        self._tell_fixed()
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
                labels = set(self.labels_of(name))
                if name in self.cells.booleans or (self.numbers[name] is None and 2 <= len(labels) <= MOST_LEVELS):
                    self.category(name, "named, and its values are labels")
                else:
                    self.set(name, "feature", "named")
        if asked.group:
            self.set(asked.group, "group", "named")
        if asked.sigma:
            kind = kind_of_weight(self, asked.sigma)
            weigh(self, asked.sigma, kind, f"named; rows count by it as {_AS[kind]}")

    def _marks(self) -> None:
        """Leave out columns that mark rows as spoilt, and say so."""
        known = words.WORDS
        for name in self.open():
            labels = [label.lower() for label in self.labels_of(name)]
            if words.bare(name) in known["wanted"] and known["yes"] | known["no"] >= set(labels):
                marked = [label for label in labels if label in known["no"]]
            elif (
                words.has(name, "marks")
                or words.has(name, "may_mark")
                or (words.bare(name) == "status" and "ok" in labels)
            ):
                marked = [label for label in labels if not is_missing(label) and label not in known["unmarked"]]
            else:
                continue
            if 0 < len(marked) <= self.rows * (RARELY if words.has(name, "may_mark") else 0.5):
                self.set(name, "left out", "marks rows that may not count, by its name")
                count = counted(len(marked), "row")
                self.notices.append(f"{name} marks {count} ({marked[0]!r}); delete such rows if they should not count.")

    def _empty_and_constant(self) -> None:
        for name in self.open():
            missing, values = self.missing(name), self.numbers[name]
            if values is None and all(map(is_missing, self.labels_of(name))):
                missing = self.rows
            same = (
                len(set(self.labels_of(name))) == 1
                if values is None
                else missing == 0 and bool((values == values[0]).all())
            )
            if missing == self.rows:
                said = next(filter(None, self.labels_of(name)), "")  # failed, n/a
                self.set(name, "left out", f"no value in any row, such as {said!r}" if said else "empty")
            elif missing > self.rows / 2:
                self.set(name, "left out", f"empty in {missing} of {self.rows} rows")
            elif same and self.rows > 1:
                self.set(name, "left out", "the same in every row")

    def _gaps(self) -> None:
        if self.asked.features is not None or self.asked.drop_incomplete:
            return
        for name in self.open():
            missing, values = self.missing(name), self.numbers[name]
            if missing and values is not None:
                how = "infinite" if np.isinf(values).sum() == missing else "empty"
                self.set(name, "left out", f"{how} in {missing} of {self.rows} rows; --drop-incomplete keeps it")
                which = "is infinite" if how == "infinite" else "has no value"
                self.gaps[name] = (
                    f"lawsmith left out {name}, which {which} in {missing} of {self.rows} rows; --drop-incomplete "
                    "leaves out the rows instead."
                )

    def _features(self) -> None:
        """What is left and varies is a feature, save counters and dates beside others and what follows from others."""
        if (many := len(self.candidates())) > MOST_FEATURES:
            raise InputError(
                f"{self.where} has {many} columns that may be features; the limit is {MOST_FEATURES}. Name some with "
                "--features, or leave some out with --ignore."
            )
        dated = [name for name in self.open() if name in self.cells.dates]
        dated = [name for name in dated if self.tracker or len(dated) > 1 or not self._moves_alone(name)]
        counters = [name for name in self.open() if self._counts_rows(name)]
        spare, shares = [*dated, *counters], self.shares()
        for name in self.open():
            values = self.numbers[name]
            if values is None:
                self.set(name, "left out", "text")
            elif name not in spare:
                whole = f"one of {len(shares)} shares of a whole"
                self.set(name, "feature", whole if name in shares else in_words(name, values))
        chosen = [name for name, (role, _) in self.role.items() if role == "feature"] + list(self.levels)
        if not chosen:
            self._spare_feature(dated, counters)
        for name in dated:
            if name not in self.role:
                self.set(name, "bookkeeping", "dates beside other features")
        for name in counters:
            if name not in self.role:
                self.set(name, "bookkeeping", "row numbers")
                self.notices.append(f"lawsmith left out {name}, which only numbers the rows; --features keeps it.")
        self._derived()

    def _counts_rows(self, name: str) -> bool:
        """Whether a column holds 0, 1, … or 1, 2, … and neither its name nor the target says that it is more."""
        values = self.numbers[name]
        measured = words.is_progress(name) or bool(self.cells.units.get(name))
        if values is None or len(values) < 3 or values[0] not in (0, 1) or measured:
            return False
        return np.array_equal(values, np.arange(len(values)) + values[0]) and not self._moves_alone(name)

    def _moves_alone(self, name: str) -> bool:
        """Whether the target rises or falls with a column as no other column does: ``step`` beside settings."""
        values, target = self.numbers[name], self.numbers[self.asked.target[0]]
        others = [column for other, column in self.candidates().items() if other != name]
        if values is None or target is None:
            return False
        return along(values, target) > ALONG and not any(along(values, other) > ALONG for other in others)

    def _spare_feature(self, dated: list[str], counters: list[str]) -> None:
        """Without any other feature: dates, the epochs of a learning curve, or an outcome beside the target."""
        counts = () if self.weight is None or self.weight.kind != "count" else self.weight.columns
        others = [name for name, (role, _) in self.role.items() if role == "companion"]
        records = [name for name, (role, _) in self.role.items() if role in ("bookkeeping", "replicate")]
        pool = (*filter(self.varies, counts), *dated, *counters, *others, *self.gaps, *filter(self.varies, records))
        name = next(iter(pool), None)
        if name is None:
            raise InputError(self._why_no_feature())
        why = "dates" if name in dated else "row numbers" if name in counters else self.role[name][1]
        self.set(name, "feature", f"{why}; but the only feature")
        self.gaps.pop(name, None)
        self.weight = None if name in counts else self.weight
        if name in others:
            self.notices.append(
                f"{name} is another outcome of the same runs, and no column holds a setting of the runs. If the order "
                "of the rows means something, add a column for it, such as the epoch."
            )

    def _why_no_feature(self) -> str:
        reasons = listing(
            [
                f"{name} ({'the group: ' if role == 'group' else ''}{why})"
                for name, (role, why) in self.role.items()
                if role not in ("target", "weight")
            ],
            limit=12,
        )
        seen = f"; left out: {reasons}" if reasons else ""
        left = [name for name, (role, _) in self.role.items() if role != "target" and self.numbers[name] is None]
        texts = any(re.search(r"\d", label) for name in left for label in self.labels_of(name)[:1])
        told = "write a setting as numbers in a column of its own, or name a column" if texts else "name some"
        return f"{self.where} has no column that can be a feature{seen}; {told} with --features."

    def _derived(self) -> None:
        columns = self.candidates()
        found = derived(columns, {name: words.tokens(name) for name in columns})
        for name, (others, closeness) in found.items():
            self.set(name, "derived", f"follows from {listing(others)} ({closeness})")
        left = self.candidates()
        for name, other in permutations(left, 2):  # sin θ beside θ, 1/T beside T (°C)
            longer = len(_bare(name)) > len(_bare(other))
            if longer and words.is_view_of(name, other) and along(left[name], left[other]) > SAME_ORDER:
                self.set(name, "derived", f"a function of {other}, by its name and values")
        if out := [name for name, (role, _) in self.role.items() if role == "derived"]:
            kept = option(*self._features_in_order(), *out)
            verb, them = ("follows", "it") if len(out) == 1 else ("follow", "them")
            self.notices.append(
                f"lawsmith left out {listing(out)}, which {verb} from the other features; --features {kept} "
                f"keeps {them}."
            )

    def _tell_fixed(self) -> None:
        """Say which features have one value for each label of the group."""
        for group in [name for name, (role, _) in self.role.items() if role == "group"]:
            labels = self.labels_of(group)
            pairs = {name: {*zip(labels, self.labels_of(name), strict=True)} for name in self._features_in_order()}
            if fixed := listing([name for name in pairs if len(pairs[name]) == len({*labels})]):
                told = f"Each {group} has one value of {fixed}, which constants for each {group} make up for"
                self.notices.append(f"{told}; --group none gives one law of all features.")

    def _features_in_order(self) -> list[str]:
        return [name for name in self.names if self.role[name][0] in ("feature", "category")]

    def _roles(self) -> Roles:
        features = self._features_in_order()
        if self.asked.features is not None:
            named = [name for name in self.asked.features if name in features]
            features = [*named, *(name for name in features if name not in named)]
        group = next((name for name, (role, _) in self.role.items() if role == "group"), None)
        columns = tuple(ColumnRole(name=n, role=self.role[n][0], reason=self.role[n][1]) for n in self.names)
        self.notices += self.gaps.values()
        beside = [column.name for column in columns if column.role == "companion"]
        target = self.asked.target[0]
        alike = {name: self.numbers[name] for name in beside if words.repeats_of(name, target)}
        own = np.asarray(self.numbers[target], dtype=float)
        if again := [
            name
            for name, one in alike.items()
            if one is not None and np.nanmedian(abs(one - own)) < AGAIN * np.nanstd(own)
        ]:
            stem = re.sub(r"(?:[\s._(#-]*\d+|[\s._(-]+[a-hA-H])\)?$", "", target)
            told = f"lawsmith left out {listing(again)}, measured again as {target}"
            self.notices.append(f"{told}; --target {option(stem)} makes each measurement a row.")
            beside = [name for name in beside if name not in again]
        if beside:
            what, them = ("another outcome", "it") if len(beside) == 1 else ("other outcomes", "them")
            told = f"lawsmith left out {listing(beside)}, {what} of the same runs"
            self.notices.append(f"{told}; to keep {them}, list all --features.")
        return Roles(
            targets=self.asked.target,
            features=tuple(features),
            group=group,
            levels=self.levels,
            weight=self.weight,
            columns=columns,
            state=self.state,
            only_filled=False,
            only_measured=self.log,
            lone=self.lone,
            notices=tuple(self.notices),
        )
