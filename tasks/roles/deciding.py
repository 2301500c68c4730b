"""A decision about the roles of a table's columns while it is made: the facts, and what is decided so far."""

import numpy as np

from lawsmith.tasks import words
from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.asked import Asked
from lawsmith.tasks.errors import InputError, listing
from lawsmith.tasks.frontier.folds import simplex_units
from lawsmith.tasks.numerals import is_bound, is_missing, is_null
from lawsmith.tasks.reading.cells import Cells
from lawsmith.tasks.roles.likeness import is_stepped
from lawsmith.tasks.rows import filled
from lawsmith.tasks.schema import Role, Weight
from lawsmith.tasks.table import Table

SELDOM = 0.1  # share of rows without a value of a column at most; all such columns may cost twice as many
ONE_UNIT = 0.02  # by which the factors that make shares add up differ at most
MOST_REMARKS = 2  # different words among numbers; a column of more holds names, such as 486 and Pentium
MOST_LEVELS = 8  # of a category that is not named as one
GROUP_ROWS = 4  # rows, on average, that each label of a group has for constants of its own


class Deciding:
    """The columns of a table, and the roles that are decided so far.

    names: of all columns, in order. rows: how many. numbers: name -> (n,) values, None for text. role: name -> role and
    reason. levels: category -> its labels. labelled: columns of numbers that are labels. tracker: whether the table is
    the export of one. log: whether its rows without a target are events of other kinds. lone: labels of the group that
    stand in one row each. gaps: columns left out for their gaps -> what is told in the end.
    """

    lone: tuple[str, ...]

    def __init__(self, cells: Cells, asked: Asked, where: str, state: str | None) -> None:
        self.asked, self.where, self.state = asked, where, state
        self.names = [str(name) for name in cells.frame.columns]
        self.role: dict[str, tuple[Role, str]] = {}
        self.levels: dict[str, tuple[str, ...]] = {}
        self.labelled: set[str] = set()
        self.weight: Weight | None = None
        self.notices: list[str] = []
        self.gaps: dict[str, str] = {}
        self.restrict(cells)
        self.log, self.lone = False, ()
        self.tracker = state is not None or any(
            name.lower().startswith((*words.INPUTS, *words.RESULTS))
            or "_".join(words.tokens(name)) in words.WORDS["tracker_keys"]
            for name in self.names
        )

    def restrict(self, cells: Cells) -> None:
        """Decide on these rows."""
        self.cells, self.rows = cells, len(cells.frame)
        self.numbers = {name: self._numbers_of(name) for name in self.names}

    def _numbers_of(self, name: str) -> Array | None:
        """A column's values (n,), NaN for a missing or unreadable one; None for a column of text, such as labels and
        words some of which are numbers, and few classes of which one is open (0, 1, 2, 3+)."""
        column = self.cells.frame[name]
        if column.dtype.kind == "f":
            return np.asarray(column.to_numpy(dtype=np.float64))
        values = [cell if isinstance(cell, float) else np.nan for cell in column.tolist()]
        known = sum(isinstance(cell, float) and cell == cell for cell in values)
        filled = [cell for cell in column.tolist() if not is_missing(cell)]
        texts = {cell for cell in filled if isinstance(cell, str) and cell[:1].isalpha()}
        classes = any(isinstance(cell, str) and cell.strip().endswith("+") and is_bound(cell) for cell in filled)
        classes = classes and 2 * len(set(filled)) <= len(filled) and len(set(filled)) <= MOST_LEVELS
        labels = classes or len(texts) > MOST_REMARKS or (texts and words.is_label(name))
        named = labels and name not in self.asked.target
        return np.array(values) if 2 * known > len(filled) > 0 and not named else None

    def open(self) -> list[str]:
        """The columns whose role is not decided yet."""
        return [name for name in self.names if name not in self.role]

    def candidates(self) -> dict[str, Array]:
        """Columns that are features, or may become some, without gaps."""
        names = [
            name
            for name in self.names
            if self.role.get(name, ("feature", ""))[0] == "feature"
            and name not in self.levels
            and name not in self.labelled
        ]
        found = {name: self.numbers[name] for name in names}
        return {name: values for name, values in found.items() if values is not None and np.isfinite(values).all()}

    def pair(self, name: str, other: str) -> tuple[Array, Array] | None:
        """The values (n,) of two columns; None where one of them is no finite number in some row."""
        one, two = self.numbers[name], self.numbers[other]
        return None if one is None or two is None or not np.isfinite([one, two]).all() else (one, two)

    def labels_of(self, name: str) -> list[str]:
        """A column's cells as they were written, "" where nothing was."""
        return ["" if is_null(cell) else str(cell).strip() for cell in self.cells.labels[name].tolist()]

    def empty(self, name: str) -> Mask:
        """Which cells (n,) of a column hold nothing, or infinity."""
        values = self.numbers[name]
        if values is None:
            return np.array([not label for label in self.labels_of(name)])
        if self.cells.frame[name].dtype.kind == "f":
            return ~np.isfinite(values)
        return np.array([is_missing(cell) for cell in self.cells.frame[name].tolist()]) | np.isinf(values)

    def missing(self, name: str) -> int:
        """How many cells of a column hold nothing."""
        return int(self.empty(name).sum())

    def seldom_empty(self) -> dict[str, Mask]:
        """Columns that lack a value in a tenth of the rows at most, or in one, -> in which (n,). To lose these rows is
        less than to lose such a column. None where a target has gaps or a named group an empty label, which may be
        mistakes."""
        found: dict[str, Mask] = {}
        whole = filled(self.cells.frame, self.asked.target).all()
        if not whole or (self.asked.group and self.missing(self.asked.group)):
            return found
        empty = {name: self.empty(name) for name in self.names if name not in self.asked.ignore}
        for name in sorted(empty, key=lambda name: empty[name].sum()):
            lost = np.any([empty[name], *found.values()], axis=0)
            if 0 < empty[name].sum() <= max(1.0, SELDOM * self.rows) and lost.sum() <= 2 * SELDOM * self.rows:
                found[name] = empty[name]
        return found

    def is_positive(self, name: str, *, zeros: bool = False) -> bool:
        """Whether a column holds a positive number in every row, or with `zeros` in most rows and 0 in the others."""
        values = self.numbers[name]
        if values is None or not np.isfinite(values).all():
            return False
        return bool(values.min() >= 0 and np.mean(values > 0) > 0.5 if zeros else values.min() > 0)

    def repeats(self, name: str) -> bool:
        """Whether a column of text or whole numbers has labels, each in several rows."""
        values, labels = self.numbers[name], self.labels_of(name)
        whole = values is None or bool(np.isfinite(values).all() and (values == np.round(values)).all())
        return whole and all(labels) and 1 < len(set(labels)) <= self.rows / GROUP_ROWS

    def crossed(self, name: str) -> bool:
        """Whether most points of the features stand beside several labels of a column: it was tried at each of them."""
        columns = [v for other, v in self.candidates().items() if other not in (*self.cells.dates, name)]
        if not columns:
            return False
        points = np.unique(np.column_stack(columns), axis=0, return_inverse=True)[1].reshape(-1)
        labels = np.unique(self.labels_of(name), return_inverse=True)[1]
        pairs = np.unique(np.column_stack([points, labels]), axis=0)
        return bool(np.mean(np.bincount(pairs[:, 0]) > 1) > 0.5)

    def varies(self, name: str) -> bool:
        """Whether a column holds numbers, not all alike, in every row."""
        values = self.numbers[name]
        return values is not None and bool(np.isfinite(values).all() and np.ptp(values) > 0)

    def is_set(self, name: str) -> bool:
        """Whether a column was set to few values; what is measured hardly comes twice."""
        return 2 * len(set(self.labels_of(name))) <= self.rows

    def is_axis(self, name: str) -> bool:
        """Whether a column's values were set: dates, times, few values, or values at about even steps or ratios."""
        time = not words.WORDS["progress"].isdisjoint(words.words_without_unit(name)[-1:])  # T_out is none
        return time or name in self.cells.dates or self.is_set(name) or is_stepped(np.asarray(self.numbers[name]))

    def shares(self) -> frozenset[str]:
        """Columns that add up to one number as they stand, where those that no name calls outcomes do not do so alone;
        and not outcomes alone, as accuracy and error are."""
        every = self.candidates()
        for columns in ({name: values for name, values in every.items() if not words.is_outcome(name)}, every):
            units = simplex_units(Table(columns, {}, ("",), np.zeros(self.rows, dtype=np.intp)))
            alike = bool(units) and max(units.values()) < (1 + ONE_UNIT) * min(units.values())
            if alike and not all(map(words.is_outcome, units)):
                return frozenset(units)
        return frozenset()

    def set(self, name: str, role: Role, reason: str) -> None:
        """Decide the role of a column."""
        self.role[name] = (role, reason)

    def category(self, name: str, reason: str) -> None:
        """Make a column a category; raises InputError for gaps and for a single level."""
        labels = self.labels_of(name)
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
        self.set(name, "category", f"{reason}: {listing(levels, 8)}")


def _in_order(label: str) -> tuple[float, str]:
    try:
        return float(label), label
    except ValueError:
        return float("inf"), label
