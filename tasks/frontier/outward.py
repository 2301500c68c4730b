"""Which way a feature's frontier lies: up, but down for losses and errors, of which better runs have less."""

from lawsmith.tasks.arrays import Array, is_logarithmic
from lawsmith.tasks.table import Table
from lawsmith.tasks.words import WORDS, words_without_unit


def lies_below(name: str) -> bool:
    """Whether rows beyond the data have smaller values of a feature, by its name: a loss, a perplexity, an error; not
    a loss of heat."""
    *before, last = words_without_unit(name) or [""]
    return last in WORDS["falling"] and WORDS["lost"].isdisjoint(before[-1:])


def outward(table: Table) -> dict[str, Array]:
    """The features (n,) of a table, each so that what lies beyond the data is larger."""
    return {name: turned(column) if lies_below(name) else column for name, column in table.features.items()}


def turned(column: Array, like: Array | None = None) -> Array:
    """A column that falls where the other rises, and the way back: its reciprocal on a logarithmic axis, its negative
    on a plain one. `like` says which axis where it is not the column itself."""
    return 1 / column if is_logarithmic(column if like is None else like) else -column
