"""Chooses a law among those that a search tried, by their scores and by how they predict beyond the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawsmith.agent.search.claims import has_unseen_wave, turns_beyond
from lawsmith.agent.search.patterns import is_nearly_noise, only_noise, patterns, refuted
from lawsmith.agent.search.score import (
    RULES,
    Rules,
    free_constants,
    information,
    is_exact,
    is_told_from,
    missing_parts,
    never_levels,
    ranking,
    training_error,
    typical_error,
)
from lawsmith.agent.search.votes import as_signed, kinds, most_central, shares
from lawsmith.runs.records.trials import OF_MILLIONS, SIGNED, Trial
from lawsmith.sandbox.law.traits import Traits, traits
from lawsmith.tasks.arrays import Array, Mask
from lawsmith.tasks.noise import resolution
from lawsmith.tasks.task import Task

NEARLY_ALL = 0.9  # of the votes, from which a change of sign is what the data say …
SPANS = 3.0  # … but not where positive targets span this factor: then they are positive by their nature
FARTHER = 2.5  # times as far as laws that cannot be separated, known forms may be that the fit favours
EXACT_REASON = "it is the simplest law that no row contradicts beyond rounding"
FAVOURED = "it is a known form that leaves only noise and fits all rows clearly better"
CENTRAL = "it predicts nearest to the middle of their predictions"
PLAINER = "laws nearer to the middle of their predictions have more constants than rows can tell"
OUTDOES = "with no more constants it errs clearly less than the one nearest to the middle of their predictions"
WRITTEN_IN_FULL = 1e-3  # share of what rounding would leave, below which no digit was rounded
NO_WORSE = 1.3  # times the error of a law that a plainer one may have which beats it
POSITIVE = 2.0  # difference of BIC that is positive evidence (Kass and Raftery 1995) …
STRONG = 6.0  # … and strong evidence, which one of many laws has to have
VERY_STRONG = 10.0  # evidence against a fit that another one of the same form beats on held-out rows, too
OF_CHANCE = 20.0  # what the best of millions gains by chance: 2 log(1e6) is 28, but many of the sums are alike


@dataclass(frozen=True)
class Choice:
    """The winner, and why it won.

    scores: the typical error of every usable trial. votes: the share of the votes of the winner and of the laws that it
    could not be separated from, one of each kind of prediction with all that predict nearly so. warnings: sentences
    about the winner that a user has to read. outdone: the id of the law nearest to the middle of the predictions, where
    the winner outdid it. why: what sets the winner apart from laws that are as good.
    """

    winner: Trial
    reason: str
    scores: dict[str, float]
    votes: dict[str, float]
    warnings: tuple[str, ...] = ()
    outdone: str | None = None
    why: str = ""


def choose(trials: Sequence[Trial], task: Task, rules: Rules = RULES, allow_opaque: bool = False) -> Choice:
    """The winner among usable trials.

    Laws within `rules.close` of the best score form a set that the data cannot separate, each the more plausible the
    better its score. Laws that miss the rows in a pattern are left out where another one leaves nothing but noise.
    Where one of the rest is believable far beyond the data, those that are not leave the set. Where one leaves nothing
    but noise, the fit to the training rows says as well how plausible each is (`_plausibility`), and known forms that
    it favours come in although they predict held-out rows worse (`_favoured`). The law wins whose predictions beyond
    the data lie nearest to their interquartile mean by votes, in which laws that predict nearly the same share one: it
    errs less than most. None wins that a plainer one beats in error and fit. A law with fewer constants that the rows
    cannot tell from that one is preferred. Where laws with no more constants clearly outdo the one so found, the choice
    is made again among them (`_outdoing`). Of exact laws the simplest wins. A law that nobody can read is chosen only
    where none can be read, or where `allow_opaque` says so; one that breaks what is known (`task.knowledge`) only where
    all do, and no local optimum of a form that is fitted better. The winner comes with the signs that its exponents
    came out with, where it was written so (`as_signed`). Raises ValueError when no trial is usable.
    """
    ranked = ranking(list({trial.id: trial for trial in trials}.values()), task, rules=rules)
    scores = {trial.id: typical_error(trial, task, rules=rules) for trial in ranked}
    named = task.schema.targets, task.schema.features
    ranked = [one for one in ranked if allow_opaque or traits(one.proposal.source, *named) is not None] or ranked
    ranked = [one for one in ranked if (unsafe := one.evaluation.unsafe) is None or unsafe.what != "stated"] or ranked
    ranked = [one for one in ranked if not has_unseen_wave(one.proposal.source, one.evaluation, task.train)] or ranked
    if not ranked:
        raise ValueError("no usable trial to choose from")
    return _Choosing(task, rules, scores).of(ranked)


@dataclass(frozen=True)
class _Choosing:
    """The choice among laws of one task. scores: the typical error of each by its id."""

    task: Task
    rules: Rules
    scores: Mapping[str, float]

    def of(self, ranked: list[Trial]) -> Choice:
        """The choice among laws, the best score first."""
        written = [trial for trial in ranked if trial.proposal.origin == SIGNED]
        ranked = [trial for trial in ranked if trial not in written] or ranked
        ranked = self._without_local_optima(self._without_a_digit_wrong(ranked))
        exact = any(is_exact(trial.evaluation, self.task) for trial in ranked)
        if exact:  # whether a law levels off is no question where nothing contradicts it
            ranked.sort(key=self._simplicity)
        ranked, near, plausible = self._near(ranked[:1] if exact else ranked)
        winner, why = self._middle_one(ranked, near, plausible)
        if winner not in near:
            near, plausible = [*near, winner], np.append(plausible, np.exp(-1))
        outdone = None
        if kept := self._outdoing(winner, near):
            outdone = winner.id
            winner, why = self._middle_one(*self._near(kept))[0], OUTDOES
        place, winner = near.index(winner), as_signed(winner, written, self._beyond)
        near = [*near[:place], winner, *near[place + 1 :]]
        if exact:
            why = EXACT_REASON
        elif self._is_far(winner, near):
            why = FAVOURED
        beyond = self._all_beyond(near)
        votes, alike = shares(beyond, plausible, self.rules), kinds(place, beyond, plausible, self.rules)
        return Choice(
            winner=winner,
            reason=EXACT_REASON if exact else self._reason(near, winner, why),
            scores=dict(self.scores),
            votes={near[k].id: float(votes[same].sum()) for k, same in alike.items()},
            warnings=_warnings(winner),
            outdone=outdone,
            why=why,
        )

    def _middle_one(self, ranked: list[Trial], near: list[Trial], plausible: Array) -> tuple[Trial, str]:
        """The law nearest to the middle of what `_near` returns, or a plainer one, and why it wins."""
        beaten = self._beaten(near)
        pick = near[most_central(self._all_beyond(near), plausible, beaten, self.rules)]
        if (plainer := self._plainer(pick, ranked)) is not None:
            return plainer, PLAINER
        return pick, f"{CENTRAL}; laws that a simpler one beats do not count" if beaten.any() else CENTRAL

    def _near(self, ranked: list[Trial]) -> tuple[list[Trial], list[Trial], Array]:
        """The ranked laws without those left out; those of them that cannot be separated from the best; and how
        plausible each of these is (C,), the most plausible first.

        Left out are laws that the rows refute, those that turn just beyond the rows, and those that are not believable
        beyond them. They do not say which laws are near: those that are near to the best of the rest come in.
        """
        while True:
            close = self._close(ranked)
            turning = [one for one in close if self._turns(one)] if len(close) > 1 else []
            if 0 < len(turning) < len(close):
                ranked = [trial for trial in ranked if trial not in turning]
                continue
            farther = self._close(ranked, FARTHER)[len(close) :]
            asked = [*close, *(trial for trial in farther if not trial.proposal.by_chance)]
            found = patterns(asked, self.task) if len(asked) > 1 else {}
            noise = only_noise(found, asked, self.task)
            out = refuted({one.id: found.get(one.id) for one in close}, self.rules.pattern)
            allowed = [trial for trial in close if trial.id not in out]
            others = [one for one in asked[len(close) :] if one.id in noise]
            allowed += self._favoured(allowed, others, noise)
            near, plausible = self._plausible(allowed, noise)
            first, kept = ranked[0], {trial.id for trial in near}
            ranked = [trial for trial in close if trial.id in kept] + ranked[len(close) :]
            if ranked[0] is first:
                return ranked, near, plausible

    def _turns(self, trial: Trial) -> bool:
        return turns_beyond(trial.proposal.source, trial.evaluation, self.task.train)

    def _close(self, ranked: Sequence[Trial], times: float = 1.0) -> list[Trial]:
        """The laws that cannot be separated from the first, or are not more than so many times as far from it, in the
        order of their scores."""
        most = np.log(self.scores[ranked[0].id]) + times * self.rules.close
        return [trial for trial in ranked if np.log(self.scores[trial.id]) <= most]

    def _favoured(self, near: Sequence[Trial], others: Sequence[Trial], noise: frozenset[str]) -> list[Trial]:
        """Those of the `others`, known forms that leave only noise, which the fit makes as plausible as the `near` ones
        although they predict held-out rows worse: what folds cut off may be the very rows that show a break."""
        plausible = self._plausibility([*near, *others], noise)
        least = np.exp(-1) * plausible.max()
        return [trial for trial, size in zip(others, plausible[len(near) :], strict=True) if size >= least]

    def _simplicity(self, trial: Trial) -> tuple[bool, float, int, float]:
        """Sorts laws that nothing in the data contradicts first, and those of fewer constants, then of fewer features.

        What the best of millions adds may be set by the search, such as b max(1.5 + x, 0) for a line: it counts as one.
        """
        if not is_exact(trial.evaluation, self.task):
            return (True, 0.0, 0, self.scores[trial.id])
        known = self._traits(trial)
        added = trial.proposal.by_chance >= OF_MILLIONS and known is not None and known.sets_numbers
        used = 0 if known is None else len(known.features)
        return (False, self._constants(trial) + added, used, self.scores[trial.id])

    def _without_a_digit_wrong(self, ranked: list[Trial]) -> list[Trial]:
        """The exact laws that leave far less than rounding to the digits would, in every fold too, where there are
        some: then the digits are all there are, as in counts, and the other laws miss rows."""
        least = WRITTEN_IN_FULL * resolution(self.task.train)
        found = []
        for trial in ranked:
            left = [
                training_error(trial.evaluation, self.task),
                *(np.array(fold.rmse) for fold in trial.evaluation.folds),
            ]
            if all((one < least).all() for one in left) and is_exact(trial.evaluation, self.task):
                found.append(trial)
        return found or ranked

    def _without_local_optima(self, ranked: list[Trial]) -> list[Trial]:
        """The laws without fits that another one of the same form beats on held-out rows and, by very strong evidence,
        on all rows: starts and bounds led them to a local optimum, which says nothing of the form."""
        kept, best = list[Trial](), dict[tuple[str, float], float]()
        for trial in ranked:
            form = _form(trial), self._constants(trial)
            own, least = information(trial, self.task), best.get(form, np.inf)
            if own <= least + VERY_STRONG:
                kept.append(trial)
            best[form] = min(own, least)
        return kept

    def _reason(self, laws: Sequence[Trial], winner: Trial, why: str) -> str:
        """Why the winner won among the laws that are near, by their typical errors."""
        near, own = [self.scores[trial.id] for trial in laws], self.scores[winner.id]
        size, best = f"{own:.3g} {'times' if own >= 1 else 'of'}", min(near)
        told = f"typical error {size} the targets' spread on held-out rows, raised for each constant"
        if len(self.scores) == 1:
            return f"{told}; no other law was fitted"
        if len(near) == 1:
            return (
                f"{told}; every law with other predictions errs more than {np.exp(self.rules.close):.2g} times as much"
            )
        if why is FAVOURED:
            return f"{told} (the best law has {best:.3g}); {why}"
        told = f"the least {told}" if own <= best else f"{told} (the best law has {best:.3g})"
        told = f"{told}; {len(near)} laws do about as well"
        if np.log(max(near) / best) > self.rules.close:
            told = f"{told} or fit all rows clearly better"
        return f"{told}, {'but' if why is PLAINER else 'and'} {why}"

    def _is_far(self, winner: Trial, laws: Sequence[Trial]) -> bool:
        """Whether the score of the winner alone would separate it from the best of the laws."""
        best = min(self.scores[trial.id] for trial in laws)
        return bool(np.log(self.scores[winner.id] / best) > self.rules.close)

    def _plausible(self, near: Sequence[Trial], noise: frozenset[str]) -> tuple[list[Trial], Array]:
        """Those of the laws that are believable beyond the data, where some are, and how plausible each is (C,), the
        most plausible first."""
        plausible = self._plausibility(near, noise)
        safe = _safe(near, shares(self._all_beyond(near), plausible, self.rules), self.task)
        order = [k for k in np.argsort(-plausible, kind="stable") if safe[k] or not safe.any()]
        return [near[k] for k in order], plausible[order]

    def _plausibility(self, laws: Sequence[Trial], noise: frozenset[str]) -> Array:
        """How plausible each law is (C,), by its score and by what the fit to the training rows says: exp(-d / 2), with
        d how far its Bayesian information criterion is above the least of the laws that leave only `noise`, and
        `rules.evidence` at most.

        Where none does, the law that fits best stands for them if it leaves nearly noise. Else the fit says nothing:
        errors are not independent.
        """
        errors, criteria = np.array([self.scores[trial.id] for trial in laws]), self._criteria(laws)
        sure = np.array([trial.id in noise for trial in laws])
        if not sure.any():
            sure[np.argmin(criteria)] = is_nearly_noise(laws[int(np.argmin(criteria))], self.task)
        least = criteria[sure].min(initial=np.inf)
        evidence = np.exp(-np.clip(criteria - least, 0, self.rules.evidence) / 2)
        return np.asarray((errors / errors.min()) ** (-1 / self.rules.close) * evidence)

    def _criteria(self, laws: Sequence[Trial]) -> Array:
        """Bayesian information criteria (C,). The best of millions of laws has to fit better by `OF_CHANCE` (extended
        BIC, Chen and Chen 2008), and a surface, which bends wherever rows do, by `STRONG`."""
        criteria = np.array([information(trial, self.task) for trial in laws])
        for k, one in enumerate(laws):
            known = self._traits(one)
            criteria[k] += OF_CHANCE * (one.proposal.by_chance >= OF_MILLIONS)
            criteria[k] += STRONG * (known is not None and known.is_surface)
        return criteria

    def _beaten(self, near: Sequence[Trial]) -> Mask:
        """Which laws (C,) another one beats: one with fewer constants that leaves only noise, errs hardly more and fits
        better by positive evidence, or errs no more while no such evidence is for the other; or one that errs no more
        and leaves less than half as much of the rows with no more constants, or less than a quarter with more."""
        noise = only_noise(patterns(near, self.task), near, self.task) if len(near) > 1 else frozenset()
        plain = np.array([trial.id in noise for trial in near])[:, None]
        errors = np.array([self.scores[trial.id] for trial in near])
        constants = np.array([self._constants(trial) for trial in near])
        criteria = self._criteria(near)
        fewer, gained = plain & (constants[:, None] < constants), criteria - criteria[:, None]
        half = self.task.train.target_matrix().size * np.log(2)
        closer = gained > np.where(constants[:, None] <= constants, half, 2 * half)
        worse = errors[:, None] / errors
        plainer = fewer & (((gained > POSITIVE) & (worse <= NO_WORSE)) | ((gained > -POSITIVE) & (worse <= 1)))
        return np.asarray((plainer | (closer & (worse <= 1))).any(axis=0))

    def _outdoing(self, winner: Trial, near: Sequence[Trial]) -> list[Trial]:
        """Laws that clearly outdo the winner, the best score first; none where folds do not tell it from their best.

        They have no more constants and no lower R² on held-out rows, and folds tell none of them from the best. None
        outdoes a law that won by its fit although it predicts held-out rows worse (`_favoured`).
        """
        if self._is_far(winner, near):
            return []
        least, most = winner.evaluation.validation_r2, self._constants(winner)
        better = [
            one
            for one in near
            if self._constants(one) <= most
            and (least is None or (own := one.evaluation.validation_r2) is None or own >= least)
        ]
        better.sort(key=lambda one: self.scores[one.id])
        if not is_told_from(winner, better[0], self.task, self.rules):
            return []
        return [one for one in better if not is_told_from(one, better[0], self.task, self.rules)]

    def _plainer(self, winner: Trial, ranked: Sequence[Trial]) -> Trial | None:
        """The best law with fewer constants than the winner's that the rows cannot tell from it; None where none is.

        The two predict nearly the same beyond the data, and by the Bayesian information criterion (Schwarz 1978) the
        winner's fit is not worth its constants.
        """
        own, missing, constants = self._beyond(winner), self._missing_but_level(winner), self._constants(winner)
        plain = []
        for trial in self._close(ranked):
            other = self._beyond(trial)
            if own is None or other is None or self._constants(trial) >= constants:
                continue
            alike = float(np.abs(own - other).mean()) <= self.rules.surplus
            if alike and self._missing_but_level(trial) <= missing and self._is_enough(trial, winner):
                plain.append(trial)
        allowed = [trial for trial in plain if _is_safe(trial) or not _is_safe(winner)]
        return allowed[0] if allowed else None

    def _is_enough(self, plain: Trial, other: Trial) -> bool:
        """Whether a better fit is not worth its constants; blind changes are many, as are sums."""
        gained = STRONG * bool(other.proposal.by_chance), OF_CHANCE * (other.proposal.by_chance >= OF_MILLIONS)
        least = max(gained) - OF_CHANCE * (plain.proposal.by_chance >= OF_MILLIONS)
        return information(plain, self.task) <= information(other, self.task) + least

    def _missing_but_level(self, trial: Trial) -> int:
        """What a law leaves out beside a level, which says nothing where another law predicts the same without one."""
        return missing_parts(trial, self.task) - never_levels(trial, self.task)

    def _beyond(self, trial: Trial) -> Array | None:
        """Predictions (P * T,) at the probe rows in units of the targets' spread; None when not all are finite."""
        probe = trial.evaluation.probe
        return (np.array(probe) / self.task.train.spread).reshape(-1) if probe else None

    def _all_beyond(self, trials: Sequence[Trial]) -> list[Array | None]:
        return [self._beyond(trial) for trial in trials]

    def _constants(self, trial: Trial) -> float:
        return free_constants(trial.evaluation, self.task)

    def _traits(self, trial: Trial) -> Traits | None:
        return traits(trial.proposal.source, self.task.schema.targets, self.task.schema.features)


def _warnings(winner: Trial) -> tuple[str, ...]:
    unsafe, opaque = winner.evaluation.unsafe, tuple[str, ...]()
    if winner.evaluation.opaque:
        why = f" ({winner.evaluation.unread})" if winner.evaluation.unread else ""
        opaque = (f"The law is opaque: lawsmith cannot read it{why}, so law.py runs the candidate's own code.",)
    if unsafe is None:
        return opaque
    if unsafe.what == "sign":
        return (*opaque, f"The law {unsafe.sentence}.")
    return (*opaque, f"The law {unsafe.sentence}; no law that avoids this predicts held-out rows nearly as well.")


def _form(trial: Trial) -> str:
    """The same for fits of one form."""
    return trial.evaluation.formula or trial.id


def _is_safe(trial: Trial) -> bool:
    return trial.evaluation.unsafe is None and bool(trial.evaluation.probe)


def _safe(trials: Sequence[Trial], votes: Array, task: Task) -> NDArray[np.bool_]:
    """Which laws stay believable far beyond the data.

    A change of sign counts unless nearly all `votes` are for laws that change it, and positive targets vary little:
    then the sign of the data is chance.
    Known forms alone are asked, where there are some, however each was fitted: of the others each is the best of many,
    by luck too.
    """
    forms = {_form(trial) for trial in trials if not trial.proposal.by_chance}
    known = np.array([_form(trial) in forms for trial in trials])
    votes = votes * known if known.any() else votes
    found = [trial.evaluation.unsafe for trial in trials]
    sign = np.array([one is not None and one.what == "sign" for one in found])
    worse = np.array([one is not None and one.what != "sign" for one in found])
    worse |= np.array([not trial.evaluation.probe for trial in trials])
    measured = task.train.target_matrix()
    positive = (measured > 0).all() and (measured.max(axis=0) >= SPANS * measured.min(axis=0)).all()
    by_chance = not positive and votes[sign & ~worse].sum() > NEARLY_ALL * votes[~worse].sum()
    return ~worse if by_chance else ~worse & ~sign
