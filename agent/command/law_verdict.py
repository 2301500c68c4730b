"""The verdict on a chosen law in plain sentences: how wrong it is, how far to trust it, and what speaks against it.

Everything is told from the record: the trials of the search, the rows, and the scores on test rows, if there are any.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawsmith.agent.command.rivals import AGREE, inseparable_laws, plainer_law
from lawsmith.agent.search.patterns import patterns, refuted
from lawsmith.agent.search.score import (
    RULES,
    free_constants,
    group_count,
    held_out_error,
    training_error,
    typical_error,
)
from lawsmith.runs.intervals.beyond_data import by_feature, percent, times
from lawsmith.runs.records.record import FinalScores, Tone
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox.evaluation import Evaluation, typical_rmse
from lawsmith.sandbox.law.traits import traits
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Array, Dataset, Table, Task
from lawsmith.tasks.arrays import geometric_mean, is_logarithmic
from lawsmith.tasks.errors import listing
from lawsmith.tasks.frontier.folds import FEWEST_POINTS, Fold, frontier_features, left_out_folds
from lawsmith.tasks.frontier.outward import lies_below, outward
from lawsmith.tasks.frontier.reach import Unsafe
from lawsmith.tasks.noise import AT_NOISE, replicates, rules_out

BAD = 0.5
"""A typical held-out error of so many spreads of the training targets is bad: guessing the mean errs by one."""
FAIR = 0.2
"""A typical held-out error above so many spreads is fair at best."""
LINE = 0.9
"""A straight line that errs at most 1 / LINE times as much does as well."""
ROUNDING = 1e-12
"""Errors of this share of the targets' mean size are rounding."""
PASSED_OVER = 0.02
"""A law with a held-out R² so much higher than the chosen one's needs a word on why it was not chosen."""


@dataclass(frozen=True)
class LawVerdict:
    """Sentences for the user, and how they are to be coloured."""

    tone: Tone
    sentences: tuple[str, ...]


def verdict(
    winner: Trial,
    votes: Mapping[str, float],
    trials: Sequence[Trial],
    dataset: Dataset,
    search_task: SearchTask,
    scores: FinalScores,
    warnings: Sequence[str] = (),
    why: str = "",
) -> LawVerdict:
    """The verdict on `winner`, given the trials of its search, what the search saw of the data set, and final scores.

    `warnings` are sentences of the choice about the winner; each makes the verdict bad, but for a sign that changes
    where nobody is told to trust the law, as that of a logarithm does below the rows. `why`: see `Choice`.
    """
    task, folds = search_task.task, search_task.folds
    found = winner.evaluation
    if not found.folds:
        return LawVerdict("fair", ("The law brings its own constants, so its error on held-out rows is unknown.",))
    size = typical_rmse(found.folds, task.train.spread)  # a plateau does not make it look bad
    test_size, test_said = _test(dataset, scores)
    tone = _grade(size)
    said = [_held_out(found, task.train, folds), *_left_out(found, dataset, task.train), test_said]
    if test_size is not None and (scores.test is None or scores.test.r2 < 0.9):
        tone = _worse(tone, _grade(test_size))
    if worse := _worse_than_the_mean(found, dataset, scores, test_size, size):
        said.insert(0, worse)
        tone = "bad" if "fails" in worse else _worse(tone, "fair")
    telling = [fold for fold, score in zip(folds, found.folds, strict=False) if score.tells] or folds  # as intervals do
    said.append(_trust(task.train, telling, tone, found.unsafe))
    for sentence, at_best in _remarks(winner, votes, trials, search_task, why):
        if sentence:
            said.append(sentence)
            tone = _worse(tone, at_best)
    far = (
        found.unsafe is not None
        and found.unsafe.what == "sign"
        and not _within(found.unsafe, max(_factors(task.train, folds).values(), default=1.0))
    )
    tone = _worse(tone, "bad" if len(warnings) > far else "fair" if warnings else "good")
    return LawVerdict(tone, (*filter(None, said), *warnings))


def _left_out(found: Evaluation, dataset: Dataset, train: Table) -> Iterator[str]:
    """Sentences about cuts and rows of the data set that the figures leave out."""
    yield _starved_folds(train)
    cuts, silent = len(found.folds), sum(not fold.tells for fold in found.folds)
    if 0 < silent < cuts:
        yield f"Held-out R² leaves out {silent} of {cuts} folds, whose rows do not determine the constants."
    seen, rows = len(train), len(dataset.task.train)
    if seen < rows:
        yield f"The search used {seen:,} of {rows:,} rows; the law's constants are fitted to all rows."


def _remarks(
    winner: Trial, votes: Mapping[str, float], trials: Sequence[Trial], search_task: SearchTask, why: str
) -> Iterator[tuple[str, Tone]]:
    """Sentences beside the errors, "" where there is none, each with the best tone that it leaves."""
    found, task = winner.evaluation, search_task.task
    away, rivals = inseparable_laws(winner, votes, trials, search_task, why)
    yield rivals, "fair" if away > AGREE else "good"
    yield plainer_law(winner, trials, search_task), "fair"
    yield _noise(found, task), "good"
    yield _line(found, task, search_task.folds), "fair"
    yield _constant(winner, trials, task), "fair"
    yield _two_values(winner, task), "fair"
    yield "" if found.probe else "The law has no finite value at some points beyond the data.", "bad"
    yield _passed_over(winner, trials, task), "good"


def same_law(winners: Sequence[str | None]) -> str | None:
    """A sentence where all runs of a command ended with the same candidate: they are no independent findings."""
    if len(winners) < 2 or None in winners or len(set(winners)) > 1:
        return None
    return f"All {len(winners)} runs ended with the same law: this is one result, not {len(winners)}."


def _grade(size: float) -> Tone:
    return "bad" if size > BAD else "fair" if size > FAIR else "good"


def _worse(one: Tone, other: Tone) -> Tone:
    order: tuple[Tone, ...] = ("good", "fair", "bad")
    return max(one, other, key=order.index)


def _held_out(found: Evaluation, train: Table, folds: Sequence[Fold]) -> str:
    """``Held-out rows up to 8 times larger are predicted within 0.6 %.``"""
    rmse = np.array([fold.rmse for fold in found.folds])
    names, held_out = list(train.targets), [train.take(fold.held_out) for fold in folds]
    parts = [_error(rmse[:, k], held_out, k) for k in range(len(names))]
    told = parts[0] if len(names) == 1 else ", ".join(f"{name} {part}" for name, part in zip(names, parts, strict=True))
    factors = _factors(train, folds)
    farthest = max(factors, key=factors.__getitem__, default="")
    size = "smaller" if lies_below(farthest) else "larger"
    far = (
        f"; they are up to {times(factors[farthest])} {size} than the fitted rows"
        if factors.get(farthest, 1.0) > 1.05
        else ""
    )
    if (rmse <= ROUNDING * np.abs(train.target_matrix()).mean(axis=0)).all():
        return f"The law predicts held-out rows exactly{far}."
    return f"The law typically predicts held-out rows within {told}{far}."


def _starved_folds(train: Table) -> str:
    """A sentence on folds that leave a group too few rows."""
    count, group = left_out_folds(train)
    if not count:
        return ""
    whose = f"group {group}" if len(train.groups) > 1 else "the fit"
    left = f"{'it' if count == 1 else 'they'} would leave {whose} fewer than {FEWEST_POINTS} different rows"
    return f"{'One fold was' if count == 1 else f'{count} folds were'} not used: {left}."


def _error(rmse: Array, measured: Sequence[Table], target: int) -> str:
    """The typical error of a target: in percent of its size where it is of one sign, else in its own unit.

    Where rows have weights, errors and sizes are weighed alike, and an error in the target's unit would say nothing.
    """
    typical = geometric_mean(rmse)
    parts = [rows.target_matrix()[:, target] for rows in measured]
    if len(measured) == len(rmse) and all((part > 0).all() or (part < 0).all() for part in parts):
        weighed = any(rows.weight is not None for rows in measured)
        pairs = zip(parts, measured, strict=True)
        squares = (np.average(part**2, weights=rows.weight) if weighed else part.mean() ** 2 for part, rows in pairs)
        share = geometric_mean(rmse / np.sqrt([*squares]))
        if share < 1.0:
            return percent(share) if weighed else f"{percent(share)} ({_two_digits(typical)})"
    return _two_digits(typical)


def _two_digits(number: float) -> str:
    """``0.034``, ``120``, ``5600``: an exponent from a million on alone."""
    return f"{float(f'{number:.2g}'):g}"


def _factors(train: Table, folds: Sequence[Fold]) -> dict[str, float]:
    """Feature -> how many times its largest fitted value a held-out row has, or the smallest one of a loss what it has,
    at most over the folds."""
    return {
        name: max((float(column[fold.held_out].max() / column[fold.fitted].max()) for fold in folds), default=1.0)
        for name, column in outward(train).items()
        if is_logarithmic(column)
    }


def _ranges(train: Table, folds: Sequence[Fold]) -> dict[str, float]:
    """Feature without a factor -> how many times the range of the fitted rows a held-out row lies beyond it, where that
    is once at least."""
    found = dict[str, float]()
    for name in frontier_features(train):
        column = train.features[name]
        ends = [(column[fold.fitted].min(), column[fold.fitted].max(), column[fold.held_out]) for fold in folds]
        far = [max(low - hidden.min(), hidden.max() - high) / (high - low) for low, high, hidden in ends if high > low]
        if not is_logarithmic(column) and max(far, default=0.0) >= 1:
            found[name] = float(max(far))
    return found


def _trust(train: Table, folds: Sequence[Fold], tone: Tone, unsafe: Unsafe | None) -> str:
    factors = _factors(train, folds)
    if tone == "bad":
        return "Do not trust it beyond the data."
    if unsafe is not None and unsafe.times is not None and _within(unsafe, max(factors.values(), default=1.0)):
        where = _where(list(train.features))
        return f"Trust it to less than {times(unsafe.times)} beyond {where}: it is not plausible farther out."
    rounded = {name: float(f"{far:.1g}") if far >= 2 else round(far, 1) for name, far in factors.items()}
    tried = {name: far for name, far in rounded.items() if factors[name] > 1.05}  # a rule of thumb
    if not tried and (wide := _ranges(train, folds)):
        far = times(float(f"{min(wide.values()):.1g}"))
        return f"Trust it to about {far} the range of your rows beyond them ({listing(list(wide))})."
    if not tried:
        return "Errors farther out were not measured: trust it inside the data, and a little beyond."
    return f"Trust it to about {by_feature(tried, len(tried) == len(factors))} beyond {_where(list(tried))}."


def _where(names: Sequence[str]) -> str:
    """``your largest rows``: where these features end; the smallest where all are losses."""
    below = [lies_below(name) for name in names]
    return f"your {'smallest' if all(below) else 'outermost' if any(below) else 'largest'} rows"


def _within(unsafe: Unsafe, factor: float) -> bool:
    """Whether the law stops being believable above the rows and as near as rows were held out."""
    return unsafe.times is not None and unsafe.times <= factor


def _test(dataset: Dataset, scores: FinalScores) -> tuple[float | None, str]:
    """The error on test rows in spreads of the training targets, and a sentence about it."""
    if dataset.test is None or scores.test is None:
        return None, ""
    measured, train = dataset.test.target_matrix(), dataset.task.train.target_matrix()
    if scores.test.nmse is None or measured.shape[1] != 1:
        return None, f"On the test rows R² is {scores.test.r2:.4g}."
    rmse = float(np.sqrt(max(scores.test.nmse, 0.0)) * measured[:, 0].std())
    told = _error(np.array([rmse]), [replace(dataset.test, weight=None)], 0)
    said = f"The {len(measured)} test rows are predicted within {told}; R² is {scores.test.r2:.4g}."
    return rmse / (float(train[:, 0].std()) or 1.0), said


def _worse_than_the_mean(
    found: Evaluation, dataset: Dataset, scores: FinalScores, test_size: float | None, size: float
) -> str:
    """A plain sentence where the mean of the rows beyond the data predicts them better than the law does.

    Errors as small as those on fitted rows are no failure: such rows lie on a plateau, and differ by noise alone. On a
    plateau without noise any error is many times the spread, so R² says nothing of its size.
    """
    if dataset.test is not None and scores.test is not None:
        spread = float(dataset.task.train.target_matrix()[:, 0].std()) or 1.0
        noise = max(found.rmse, default=0.0) / spread
        if scores.test.r2 >= 0 or (test_size is not None and test_size <= AT_NOISE * noise):
            return ""
        if test_size is not None and test_size <= FAIR:
            return (
                "On the test rows the law predicts worse than their mean does, but its errors are small beside the "
                "spread of the training rows."
            )
        return "This law fails beyond the data: on the test rows it predicts worse than their mean does."
    spreads = dataset.task.train.spread  # a law that misses the fitted rows by more has not left noise alone
    noisy = bool(found.rmse) and all(
        float(np.median([fold.rmse[k] for fold in found.folds])) <= AT_NOISE * min(own, AT_NOISE * spreads[k])
        for k, own in enumerate(found.rmse)
    )
    pairs = [(e, s) for fold in found.folds for e, s in zip(fold.rmse, fold.scale, strict=True) if s > 0]
    if not pairs or noisy or size <= FAIR or geometric_mean([e / s for e, s in pairs], 1e-12) <= 1:
        return ""  # on a plateau the mean is hard to beat, and small errors are no failure
    return "This law fails beyond the data: on held-out rows it typically predicts worse than their mean does."


def _noise(found: Evaluation, task: Task) -> str:
    """A sentence where rows were measured several times: how near the law comes to their scatter."""
    known = replicates(task.train)
    if known is None or not found.rmse:
        return ""
    noise, errors = float(known.noise[0]), float(found.rmse[0])
    best = float(known.best_r2[0])
    limit = (
        f"no law of these columns can have an R² above {best:.2f}" if best < 0.995 else "little beside the range of all"
    )
    size = _two_digits(noise) if task.train.weight is None else _error(known.noise[:1], [task.train], 0)
    told = f"Rows with equal features differ by {size} (standard deviation): {limit}"
    if errors <= AT_NOISE * noise:
        return f"{told}. The law errs no more than that, so these rows cannot show a more accurate law."
    constants = free_constants(found, task) * group_count(task)
    if rules_out(task.train, training_error(found, task), constants):
        return f"{told}. The law errs by {errors / noise:.2g} times that: it does not follow the rows everywhere."
    return f"{told}{'; a variable may be missing' if best < 0.9 else ''}."


def _line(found: Evaluation, task: Task, folds: Sequence[Fold]) -> str:
    """A sentence where the mean of each group, or a straight line, predicts held-out rows as well as the law."""
    if len(folds) != len(found.folds):
        return ""
    own = np.array([fold.rmse for fold in found.folds])
    for degree, what in ((0, "The mean of the rows"), (1, "A straight line")):
        plain = np.array([_plain_error(task.train, fold, degree) for fold in folds])
        if not np.isfinite(plain).all():
            continue
        ratio = geometric_mean(own) / geometric_mean(plain)
        if ratio > LINE and (found.constants_count or 0) > degree + len(task.schema.features) * degree:
            told = "does as well on held-out rows"
            return f"{what} {told}: these rows say little about the form of the law."
    return ""


def _constant(winner: Trial, trials: Sequence[Trial], task: Task) -> str:
    """A sentence where the law uses no feature, and whether a law that uses one was tried."""
    schema = task.schema
    uses = [traits(one.proposal.source, schema.targets, schema.features) for one in (winner, *trials) if one.usable]
    if not uses or uses[0] is None or uses[0].features:
        return ""
    each = f" for each {schema.group}" if group_count(task) > 1 and schema.group is not None else ""
    others = any(known is None or known.features for known in uses)
    why = "no formula that does is clearly better on held-out rows" if others else "no formula that does was fitted"
    return f"The law is one number{each} and uses no feature: {why}."


def _two_values(winner: Trial, task: Task) -> str:
    """A sentence where the law follows a number of which rows have two values: through two points goes any curve."""
    known = traits(winner.proposal.source, task.schema.targets, task.schema.features)
    numbers = frontier_features(task.train)
    used = numbers if known is None else [name for name in numbers if name in known.features]
    few = [name for name in used if len(np.unique(task.train.features[name])) == 2]
    if not few:
        return ""
    named, targets = listing(few), listing(task.schema.targets)
    bend = "bends" if len(task.schema.targets) == 1 else "bend"
    values, it = ("takes two values", "it") if len(few) == 1 else ("take two values each", "them")
    return (
        f"{named} {values}, so no row shows how {targets} {bend} along {it}: measure at a third before you trust that."
    )


def _plain_error(train: Table, fold: Fold, degree: int) -> Array:
    """Root mean squared errors (T,) on held-out rows of a mean, or of a plane, fitted in each group."""
    x, y, predicted = train.matrix(), train.target_matrix(), np.full(train.target_matrix().shape, np.nan)
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    design = np.column_stack([np.ones(len(x)), *([x / scale] if degree else [])])
    for code in np.unique(train.codes[fold.held_out]):
        seen = fold.fitted[train.codes[fold.fitted] == code]
        hidden = fold.held_out[train.codes[fold.held_out] == code]
        if len(seen) <= design.shape[1]:
            return np.full(y.shape[1], np.inf)
        solved = np.linalg.lstsq(design[seen], y[seen], rcond=None)[0]
        predicted[hidden] = design[hidden] @ solved
    errors = (predicted - y)[fold.held_out]
    return np.asarray(np.sqrt(np.mean(errors**2, axis=0)))


def _passed_over(winner: Trial, trials: Sequence[Trial], task: Task) -> str:
    """Why a law with a higher R² on held-out rows, which the progress showed, was not chosen."""
    own = winner.evaluation.validation_r2 or 0.0
    best = max((t for t in trials if t.usable), key=lambda t: t.evaluation.validation_r2 or -1.0, default=None)
    if best is None or best.id == winner.id or (best.evaluation.validation_r2 or 0.0) < own + PASSED_OVER:
        return ""
    more = (best.evaluation.constants_count or 0) - (winner.evaluation.constants_count or 0)
    unsafe = best.evaluation.unsafe
    if unsafe is not None and unsafe.what == "stated" and winner.evaluation.unsafe != unsafe:
        why = f"it {unsafe.sentence}; if that is not known for sure, see --range and --expect"
    elif refuted(patterns((best, winner), task), RULES.pattern):
        why = "its errors follow a pattern: rows beside one another have errors of the same sign"
    elif unsafe is not None and unsafe.what != "stated" and winner.evaluation.unsafe is None:
        why = f"it {unsafe.sentence}"
    elif not best.evaluation.probe:
        why = "it has no finite value at some points beyond the data"
    elif task.train.weight is not None and typical_error(best, task) > typical_error(winner, task):
        why = "R² counts all rows alike, and as rows count in this table its error is larger"
    elif typical_error(best, task) < typical_error(winner, task):
        why = "other good laws contradict it beyond the data"
    elif held_out_error(best.evaluation, task) > held_out_error(winner.evaluation, task):
        why = "its typical error over all folds is larger"
    elif more > 0:
        why = f"it has {best.evaluation.constants_count} constants, {more} more than the rows justify"
    elif best.proposal.by_chance:
        why = "it is one of many random changes, so its fit is partly luck"
    else:
        why = "it never levels off, or ignores a feature on which the data depend"
    return (
        f"The choice passed over a formula with a held-out R² of {best.evaluation.validation_r2:.3f} (the chosen one "
        f"has {own:.3f}): {why}."
    )
