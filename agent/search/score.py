"""Scores laws: the one place whose number orders candidates everywhere.

The score of a law is its *typical error*: the typical error on held-out rows as a share of the spread of the targets
there, raised for each constant. Lower is better, and 0.05 against 0.06 is a sixth less error. It depends on the law
and the task only, never on the other laws. docs/benchmarks.md shows what each rule earns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lawsmith.agent.search.claims import claims_a_ceiling, unshown_waves
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox.evaluation import NARROW, Evaluation
from lawsmith.sandbox.law.traits import traits
from lawsmith.tasks.arrays import Array
from lawsmith.tasks.frontier.dependence import steepens
from lawsmith.tasks.noise import ladder_noise, replicates, resolution
from lawsmith.tasks.task import Task

EXACT = 2e-6  # typical error of a law that nothing in the data contradicts
FLOOR = 1e-6  # errors below this share of the spread are as good as zero
USELESS = 2.0  # and above this one a law is of no use there: the rows left may not tell its constants
TELLING = 3  # folds that say how certain their mean is
DIGITS = 2.0  # no error is believed to be below so many standard deviations of rounding …
PAID = 2.0  # rows of a group for each constant of a law that is exact …
PAID_ROUNDED = 4.0  # … or that misses no row by more than the digits: the best of millions passes more easily
ROUNDED = (1.5, 3.0)  # standard deviations of rounding, below which errors of the rows, and of a fold, are nothing else


@dataclass(frozen=True)
class Rules:
    """Every number that was tuned. Those of chance, missing, close and same are differences of logarithms of errors:
    0.24 is an error that is 27 % larger."""

    constant: float = 1.0  # what one more constant must buy, in prices of the Bayesian information criterion
    chance: float = 0.1  # what a blind change must buy: many are tried, and the best of many is part luck
    missing: float = 0.24  # for a level that is left out, or a ceiling or a wave that no row shows
    close: float = 0.5  # laws within this distance of the best cannot be separated
    sure: float = 0.975  # quantile of Student's t over folds from which a plainer law is told to be better …
    same: float = 0.15  # … but not one within this distance
    alike: float = 0.2  # laws that differ by less than this share of the typical difference have one vote together
    surplus: float = 0.02  # spreads beyond the data by which a law must differ from a simpler one to be worth it
    pattern: float = 4.0  # standard deviations of noise from which residuals follow a pattern
    evidence: float = (
        10.0  # difference of BIC from which evidence is very strong (Kass and Raftery 1995): no more counts
    )


RULES = Rules()


def typical_error(trial: Trial, task: Task, target: int | None = None, rules: Rules = RULES) -> float:
    """The score of a usable trial, lower is better; infinite for a trial that is not usable.

    `target` looks at one target only. Raises nothing.
    """
    if not trial.usable:
        return float("inf")
    score = held_out_error(trial.evaluation, task, target)
    return float(score * np.exp(_charge(trial, task, rules)))


def held_out_error(evaluation: Evaluation, task: Task, target: int | None = None) -> float:
    """The typical error on held-out rows, as a share of their spread: the geometric mean over folds and targets.

    No law is taken to predict better than it fits, or than repeated measurements agree: the training error and the
    scatter of replicates are part of every error, and so is rounding to the digits of the data. On held-out rows no
    error counts for more than two of their spreads, or one of all rows where that is more, as on the flat end of a
    curve.
    """
    logs = _log_errors(evaluation, task)
    return float(np.exp(np.mean(logs if target is None else logs[:, target])))


def is_told_from(one: Trial, best: Trial, task: Task, rules: Rules = RULES) -> bool:
    """Whether folds tell a law from one with a better score: the mean difference between their log errors in the same
    folds is beyond the quantile `rules.sure` of Student's t, and beyond `rules.same`; or it is beyond `rules.close`,
    which alone counts where two folds or fewer say nothing of their scatter.
    """
    from scipy.special import stdtrit  # a third of a second that commands without a choice save

    away = np.log(typical_error(one, task, rules=rules) / typical_error(best, task, rules=rules))
    each = (_log_errors(one.evaluation, task) - _log_errors(best.evaluation, task)).mean(axis=1)
    chance = np.inf
    if (folds := len(each)) >= TELLING:
        chance = stdtrit(folds - 1, rules.sure) * each.std(ddof=1) / np.sqrt(folds)
    return bool(away > np.clip(chance, rules.same, rules.close))


def _log_errors(evaluation: Evaluation, task: Task) -> Array:
    """The logarithm (F, T) of the error in each fold and target, as `held_out_error` describes it."""
    misfit = training_error(evaluation, task)
    if (repeated := replicates(task.train)) is not None:
        misfit = np.maximum(misfit, repeated.noise)
    misfit = np.maximum(np.hypot(misfit, DIGITS * resolution(task.train)), ladder_noise(task.train))
    scale = np.array([fold.scale for fold in evaluation.folds])
    widest = np.where(scale.max(axis=0) > 0, scale.max(axis=0), 1.0)
    scale = np.where(scale > NARROW * widest, scale, widest)  # a single row has no spread of its own
    most = np.maximum(USELESS * scale, task.train.spread)
    errors = np.hypot(np.minimum([fold.rmse for fold in evaluation.folds], most), misfit)
    return np.asarray(np.log(np.maximum(errors / scale, FLOOR)))


def training_error(evaluation: Evaluation, task: Task) -> Array:
    """Root mean squared error (T,) of the training rows, in the targets' units."""
    if evaluation.rmse:
        return np.array(evaluation.rmse)
    nmse = 0.0 if evaluation.train is None else evaluation.train.nmse  # archives of earlier versions have no more
    return np.asarray(np.sqrt(max(nmse, 0.0)) * task.train.spread)


def ranking(trials: Sequence[Trial], task: Task, target: int | None = None, rules: Rules = RULES) -> list[Trial]:
    """The usable trials by their typical error, best first; of equals the earlier."""
    return sorted(
        (trial for trial in trials if trial.usable), key=lambda trial: typical_error(trial, task, target, rules)
    )


def is_exact(evaluation: Evaluation, task: Task) -> bool:
    """Whether nothing in the rows contradicts the law: it misses none, or by no more than their digits.

    A law with a constant for less than two rows of a group passes through them whatever they measure; one with fewer
    constants misses them by less than their noise (residual degrees of freedom).
    """
    constants, rows = free_constants(evaluation, task), rows_of_a_group(task)
    if PAID * constants > rows:
        return False
    if held_out_error(evaluation, task) <= EXACT:
        return True
    if PAID_ROUNDED * constants > rows:
        return False
    rounding, (within, beyond) = resolution(task.train), ROUNDED
    missed = np.array([fold.rmse for fold in evaluation.folds])
    fits = training_error(evaluation, task) * np.sqrt(rows / (rows - constants)) <= within * rounding
    return bool(rounding.all() and fits.all() and len(missed) and (missed <= beyond * rounding).all())


def _charge(trial: Trial, task: Task, rules: Rules) -> float:
    """What is added to the log error of a law, for its constants, its origin, and what it leaves out.

    A constant costs what it does in the Bayesian information criterion (Schwarz 1978), log(n) / 2n for n rows of a
    group, and more where these are few, in proportion to the corrected AIC (Hurvich and Tsai 1989). A law that cannot
    level off where the data do is not simple but says less. A ceiling or a wave that no row shows says more than they
    do. Of a law that cannot be read nothing is known, and nothing
    charged.
    """
    count, rows = free_constants(trial.evaluation, task), rows_of_a_group(task)
    price = rules.constant * np.log(rows) / (2 * rows) * scarcity(count, task)
    missing, chance = missing_parts(trial, task), trial.proposal.by_chance
    return float(price * count + rules.missing * missing + rules.chance * chance)


def scarcity(count: float, task: Task) -> float:
    """What makes each of `count` constants dearer where the rows of a group are few (Hurvich and Tsai 1989)."""
    rows = rows_of_a_group(task)
    return rows / max(rows - count - 1, 1.0)


def missing_parts(trial: Trial, task: Task) -> int:
    """How many things a law leaves out that the rows show, or claims that they do not."""
    law = trial.proposal.source, trial.evaluation, task.train
    return never_levels(trial, task) + claims_a_ceiling(*law) + unshown_waves(*law)


def never_levels(trial: Trial, task: Task) -> bool:
    """Whether the law cannot level off although the rows do not steepen; False for one that cannot be read."""
    known = traits(trial.proposal.source, task.schema.targets, task.schema.features)
    return known is not None and not known.levels and not steepens(task.train)


def free_constants(evaluation: Evaluation, task: Task) -> float:
    """Constants that the fit chose, per group and target; a shared one counts once for all groups."""
    if evaluation.free_constants is None:
        return float(evaluation.constants_count or 0)
    return evaluation.free_constants / (group_count(task) * len(task.schema.targets))


def rows_of_a_group(task: Task) -> float:
    """The mean number of training rows that a group has."""
    return max(len(task.train) / group_count(task), 2.0)


def group_count(task: Task) -> int:
    """The groups that training rows have."""
    return len(np.unique(task.train.codes))


def information(trial: Trial, task: Task) -> float:
    """The Bayesian information criterion (Schwarz 1978) of a law with normal errors, none of them below the digits
    or the steps between values that were tried.

    A constant costs what it does in the score: by the rows of a group, which tell it, and more where these are few.
    """
    known = np.hypot(resolution(task.train), ladder_noise(task.train))
    error = np.hypot(training_error(trial.evaluation, task), known)
    count = free_constants(trial.evaluation, task)
    constants = count * scarcity(count, task) * group_count(task) * len(task.schema.targets)
    fit = 2 * task.train.target_matrix().size * np.mean(np.log(np.maximum(error, np.finfo(float).tiny)))
    return float(fit + constants * np.log(rows_of_a_group(task)))
