"""What is known of a law's errors, in the form that an archive keeps, and the intervals made from it."""

from dataclasses import dataclass

from pydantic import Field

from lawsmith.runs.intervals.distance import Region
from lawsmith.tasks.frozen import Exact

Values = dict[str, tuple[float, ...] | None]
"""Constants of one law: group -> values in the order of the law's names; None where a group was not fitted."""


class Member(Exact):
    """A law that the data could not tell from the winner (or the winner, which comes first).

    weight: its share in the model uncertainty; the weights of all members add up to 1.
    """

    id: str
    source: str
    names: tuple[str, ...]
    constants: Values
    weight: float


class Freed(Exact):
    """The winner with the exponents free that it states as numbers, and its constants in each refit."""

    source: str
    names: tuple[str, ...]
    resamples: tuple[Values, ...]


class TargetErrors(Exact):
    """How large errors of one target are.

    noise and unit: per group, the standard deviation of the training residuals and that of the target. growth:
    error added per unit of distance beyond the data, in units of `unit`. ratios: quantiles (equally spaced from 0
    to 1) of the held-out errors, each divided by the error that was expected of it. positive: whether the target is,
    in every training row. growing: whether the noise grows with the value, so that `noise` is a share of it. floor: the
    size of the value below which it does not, as of blanks.
    """

    noise: dict[str, float]
    unit: dict[str, float]
    growth: float
    ratios: tuple[float, ...]
    positive: bool = False
    growing: bool = False
    floor: float = 0.0

    def noise_at(self, group: str, value: float) -> float:
        """The standard deviation of one measurement in a group, where the law predicts `value`."""
        return self.noise[group] * (max(abs(value), self.floor) if self.growing else 1.0)


class Uncertainty(Exact):
    """Everything that `predict` needs beside the sandbox.

    resamples: constants of the winner, refitted to rows drawn with replacement within each group. freed: the same of
    the winner with other exponents, None where it states none as numbers. folds: how many
    divisions of the training rows the errors were measured on. reach: the largest distance beyond fitted data at
    which an error was measured. factors: per feature, how many times its largest fitted value a held-out row had (1
    where none lay beyond). regions: by group. measurements: that the law was fitted to, of all targets; 0 in archives
    of earlier versions. shares: factors of the features that are shares of a whole (`simplex_units`). two_values:
    features of which the rows have two values, so that none shows how a law bends along them.
    """

    version: int = 1
    features: tuple[str, ...]
    targets: tuple[str, ...]
    members: tuple[Member, ...] = Field(min_length=1)
    resamples: tuple[Values, ...]
    errors: tuple[TargetErrors, ...]
    folds: int
    reach: float
    factors: tuple[float, ...] = ()
    regions: dict[str, Region]
    measurements: int = 0
    shares: dict[str, float] = Field(default_factory=dict)
    two_values: tuple[str, ...] = ()
    freed: Freed | None = None

    @property
    def freedom(self) -> float:
        """The share of the measurements that the winner's constants leave free; a constant that groups share counts
        once."""
        fitted = [row for row in self.members[0].constants.values() if row is not None]
        constants = sum(len(set(values)) for values in zip(*fitted, strict=True))
        return max(1 - constants / self.measurements, 1 / self.measurements) if self.measurements else 1.0


@dataclass(frozen=True)
class Interval:
    """A prediction of one target at one point.

    value: the law's prediction. low, high: where a new measurement lies with probability `level`; not below 0 for a
    target that is positive in every training row, unless the law itself is there. mean_low, mean_high: the same for
    the mean of many measurements, without the noise of one. parameter,
    model, noise, extrapolation: standard deviations that the width is made of, in units of the target. distance:
    ranges of the data by which the point lies beyond it; 0 inside.
    """

    target: str
    value: float
    low: float
    high: float
    mean_low: float
    mean_high: float
    level: float
    parameter: float
    model: float
    noise: float
    extrapolation: float
    distance: float
