"""What is asked of the sandbox, and what comes back. A job holds exactly what its process may know."""

from dataclasses import dataclass, field

from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.fitting import Effort
from lawsmith.sandbox.verdict import Verdict
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.schema import Schema
from lawsmith.tasks.table import Table


@dataclass(frozen=True, eq=False)
class FitJob:
    """Fit a candidate to the rows of `fit` and predict each table of `predict`, which carry no targets.

    The last `optional` tables need no finite prediction: a row without one has what the law returned there. families:
    of how many tables the groups are, one table's after the other's; those of different tables share no constants.
    """

    source: str
    schema: Schema
    fit: Table
    predict: tuple[Table, ...] = ()
    seed: int = 0
    optional: int = 0
    families: int = 1

    def __post_init__(self) -> None:
        _require_hidden(self.predict)


@dataclass(frozen=True, eq=False)
class PredictJob:
    """Predict with constants that are known; `constants` is None for a closed law."""

    source: str
    schema: Schema
    constants: Constants | None
    predict: tuple[Table, ...]

    def __post_init__(self) -> None:
        _require_hidden(self.predict)


@dataclass(frozen=True, eq=False)
class ScreenJob:
    """Fit forms with little `effort` to the rows of `fit`, to rank them. The sources are our own: no candidate's.

    Raises ValueError where the rows have other features than the schema, whose places the sources know.
    """

    sources: tuple[str, ...]
    schema: Schema
    fit: Table
    effort: Effort

    def __post_init__(self) -> None:
        if tuple(self.fit.features) != tuple(self.schema.features):
            raise ValueError("the rows of a screening must have the features of its schema")


Job = FitJob | PredictJob


class SearchOver(Exception):
    """The job was stopped, or not begun, because the time of the search is over; nothing is known of the candidate."""


def _require_hidden(tables: tuple[Table, ...]) -> None:
    if any(table.targets for table in tables):
        raise ValueError("tables to predict must be hidden: Table.hide() removes their targets")


@dataclass(frozen=True)
class Usage:
    """As the kernel counted it: seconds, and peak resident bytes with the warm interpreter (some 100 MB)."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.wall + other.wall, self.cpu + other.cpu, max(self.peak_bytes, other.peak_bytes))


@dataclass(frozen=True, eq=False)
class JobResult:
    """`predictions` holds one (n, T) array per table of the job; it is empty unless the verdict is OK.

    stage: where it ended: "check", "load", "fit", "predict" or "verify". message and output are cleaned text.
    status: how the fit of each group ended, in the table's order of groups; empty when nothing was fitted. usage: of
    the process.
    """

    verdict: Verdict
    message: str = ""
    stage: str = ""
    constants: Constants | None = None
    predictions: tuple[Array, ...] = ()
    status: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    output: str = ""

    @property
    def ok(self) -> bool:
        """Whether constants and predictions are there."""
        return self.verdict is Verdict.OK
