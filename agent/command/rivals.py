"""What other laws say beyond the data: those that the rows cannot tell from the chosen one, and a plainer one."""

from collections.abc import Mapping, Sequence

import numpy as np

from lawsmith.agent.search.score import RULES, free_constants, training_error, typical_error
from lawsmith.runs.intervals.beyond_data import percent
from lawsmith.runs.records.trials import Trial
from lawsmith.sandbox.law.traits import traits
from lawsmith.sandbox.search_task import SearchTask
from lawsmith.tasks import Array, Task
from lawsmith.tasks.arrays import telling_digits

AGREE = 0.1
"""Rivals that differ by less than this share of the prediction say much the same."""
FEW_ROWS = 20
"""With more, a law that misses them clearly more is no rival."""
MISSES = 3.0
"""A plainer law misses few rows by at most so many times as much, and the two differ by at least so many errors."""
ONLY_ROWS = "only more rows can tell which is right"
MOST_NAMED = 5
"""A row with more features is not named."""
NUMBERS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
FITS = 0.1
"""A law that misses the rows by more than this share of their spread is no law of them."""


def inseparable_laws(
    winner: Trial, votes: Mapping[str, float], trials: Sequence[Trial], search_task: SearchTask, why: str = ""
) -> tuple[float, str]:
    """By how much the laws that the data cannot tell apart differ beyond it (as a share), and a sentence. votes: what
    each of them has, and `why` the winner won, as `lawsmith.agent.search.selection.Choice` says."""
    task = search_task.task
    known = {trial.id: trial for trial in trials}
    others = [known[id] for id in votes if id in known and id != winner.id]
    if not others:
        return 0.0, ""
    own = np.array(winner.evaluation.probe)
    predictions = [np.array(other.evaluation.probe) for other in others]
    usable = [p for p in predictions if p.shape == own.shape and p.size]
    told = _as_good([winner, *others], task)
    if not usable or not own.size:
        return 1.0, f"{told}, and the data cannot separate them."
    size, half = np.maximum(np.abs(own), 1e-3 * np.abs(own).max() + 1e-300), (len(own) + 1) // 2
    shares = np.abs(np.array(usable) - own) / size
    near, far = (max(float(np.median(one)) for one in part) for part in np.split(shares, [half], axis=1))
    apart = shares.mean(axis=(0, 2))
    one = len(others) == 1
    agree, differ, have = ("agrees", "differs", "It has") if one else ("agree", "differ", "Together they have")
    share = sum(votes[other.id] for other in others)
    have = f"{have} {percent(share)} of the votes."
    if share > 0.5 and why:
        have = f"This law, with {percent(1 - share)} of the votes, was chosen because {why.partition(';')[0]}."
    if far <= AGREE:
        return far, f"{told} and {agree} to {percent(max(far, 1e-4))} beyond the data."
    if near <= AGREE:
        where = f"{agree} to {percent(max(near, 1e-4))} just beyond the data, but {differ} by {_size(far)} farther out"
        return far, f"{told} and {where}: {ONLY_ROWS}{_telling(apart, [winner, *others], search_task)}. {have}"
    where = f"{differ} by {_size(near)} just beyond the data"
    return near, f"{told} but {where}: {ONLY_ROWS}{_telling(apart[:half], [winner, *others], search_task)}. {have}"


def plainer_law(winner: Trial, trials: Sequence[Trial], search_task: SearchTask) -> str:
    """A sentence where a law with fewer constants, which misses few rows by little more, ends up elsewhere: there the
    better fit of the chosen one may be luck. For one curve of one feature."""
    task, probes = search_task.task, search_task.probes
    if len(task.schema.features) > 1 or len(task.train.groups) > 1 or len(task.schema.targets) > 1:
        return ""
    own, error = winner.evaluation, float(training_error(winner.evaluation, task)[0])
    if len(task.train) > FEW_ROWS or not own.probe or probes is None:
        return ""
    most = min(MISSES * error, FITS * float(task.train.spread[0]))
    plain = [
        (float(training_error(trial.evaluation, task)[0]), trial)
        for trial in trials
        if trial.usable and trial.evaluation.probe and not trial.proposal.by_chance
        if free_constants(trial.evaluation, task) < free_constants(own, task)
    ]
    missed, other = min(plain, key=lambda pair: pair[0], default=(np.inf, winner))
    here, there = own.probe[-1][0], other.evaluation.probe[-1][0]
    if missed > most or abs(there - here) <= MISSES * error or other.evaluation.formula is None:
        return ""
    name, target = task.schema.features[0], task.schema.targets[0]
    place = f"{name} = {probes.features[name][-1]:.{1 + telling_digits(task.train.features[name])}g}"
    return (
        f"A law with fewer constants, {other.evaluation.formula}, has {missed / error:.2g} times the errors of this "
        f"one. It predicts {target} = {there:.3g} at {place}, not {here:.3g}: so few rows cannot decide between "
        "the two."
    )


def _as_good(laws: Sequence[Trial], task: Task) -> str:
    """That all but the first of the laws are as good as that one: on held-out rows, or else, where known forms came in
    by their fit, by both."""
    errors, count = [typical_error(law, task) for law in laws], len(laws) - 1
    number = NUMBERS[count - 1] if count <= len(NUMBERS) else str(count)
    which = f"{number} other formula{'s' if count > 1 else ''}"
    if np.log(max(errors) / max(min(errors), np.finfo(float).tiny)) <= RULES.close:
        return f"{which} {'do' if count > 1 else 'does'} as well"
    return f"{which} {'are' if count > 1 else 'is'} as plausible, judged by held-out rows and by the fit to all rows,"


def _telling(apart: Array, laws: Sequence[Trial], search_task: SearchTask) -> str:
    """Of the first probes the one where the laws differ most (n,), in words: there one more row tells most. Empty where
    the laws have too many features to be named."""
    task, probes = search_task.task, search_task.probes
    known = [traits(law.proposal.source, task.schema.targets, task.schema.features) for law in laws]
    used = [name for name in task.schema.features if any(one is None or name in one.features for one in known)]
    if probes is None or len(probes) < len(apart) or not 0 < len(used) <= MOST_NAMED:
        return ""
    apart, named = apart.copy(), []
    for name, column in probes.features.items():  # no mixtures of less than nothing
        apart[(column[: len(apart)] < 0) & (task.train.features[name].min() >= 0)] = 0
    row = int(np.argmax(apart))
    for name in used:
        (value,) = task.schema.written(name, [probes.features[name][row]])
        digits = telling_digits(task.train.features[name])
        named.append(f"{name} = {value if isinstance(value, str) else f'{value:.{digits}g}'}")
    group = f" ({probes.groups[probes.codes[row]]})" if len(task.train.groups) > 1 else ""
    return f", above all one at {', '.join(named)}{group}"


def _size(away: float) -> str:
    """A difference as a share of the prediction, or as its multiple where it is large."""
    return percent(away) if away < 2 else f"{away:.0f} times the prediction"
