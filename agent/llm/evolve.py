"""The evolving agent: islands of laws, improved, crossed, simplified and started afresh by a model."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from lawsmith.agent.client.messages import Message, told
from lawsmith.agent.feedback.formulas import Standing
from lawsmith.agent.feedback.prompts import Detail
from lawsmith.agent.llm.model_proposer import REMINDER_SHARE, LLMProposer
from lawsmith.agent.llm.questions import AgentSetup, Ask, CandidateReply
from lawsmith.agent.llm.replies import Behaviour
from lawsmith.runs.records.trials import History, Trial
from lawsmith.sandbox import Verdict
from lawsmith.sandbox.law.key import law_key
from lawsmith.tasks import Array, Task

ISLAND_SIZE = 12  # members that an island keeps, the best ones
GREED = 0.5  # weight of a rank falls by exp(-GREED) from one rank to the next
NOVELTY_WEIGHT = 0.5  # how much likelier a member is a parent that is unlike all others


Merit = Callable[[Trial], tuple[float, int]]
"""Sorts better laws first: by the score that chooses, then fewer constants (`Standing.merit`)."""


class Population:
    """Islands of trial ids. Of laws that predict the same, one with more constants than a known one stays out."""

    def __init__(self, islands: int, merit: Merit, task: Task) -> None:
        self._merit, self._task = merit, task
        self.islands: list[list[str]] = [[] for _ in range(islands)]
        self.trials: dict[str, Trial] = {}
        self._behaviours: list[Behaviour] = []

    def add(self, trial: Trial, island: int) -> bool:
        """Let a usable trial live on `island`; False for a twin of a known law, which is left out."""
        seen = Behaviour.of(trial)
        if seen is not None and any(known.covers(seen) for known in self._behaviours):
            return False
        if seen is not None:
            self._behaviours.append(seen)
        self.trials[trial.id] = trial
        self._settle(trial.id, island)
        return True

    def _settle(self, candidate: str, island: int) -> None:
        members = self.islands[island]
        if candidate not in members:
            members.append(candidate)
            members.sort(key=lambda name: self._merit(self.trials[name]))
            del members[ISLAND_SIZE:]

    def best(self, island: int | None = None) -> Trial | None:
        """The best law of an island, or of all; None where there is none."""
        names = list(self.trials) if island is None else self.islands[island]
        return min((self.trials[name] for name in names), key=self._merit, default=None)

    def migrate(self) -> None:
        """The best of each island also settles on the next one."""
        bests = [self.best(island) for island in range(len(self.islands))]
        for island, best in enumerate(bests):
            if best is not None:
                self._settle(best.id, (island + 1) % len(self.islands))

    def restart_weakest(self) -> int:
        """Empty the island whose best law is worst; returns it."""
        ranks = [self._merit(best) if (best := self.best(i)) else (np.inf, 0) for i in range(len(self.islands))]
        weakest = ranks.index(max(ranks))
        self.islands[weakest].clear()
        return weakest

    def parent(self, island: int, rng: np.random.Generator, besides: Sequence[str] = ()) -> Trial | None:
        """A law of `island`, drawn by rank and novelty; None if there is none besides `besides`."""
        names = [name for name in self.islands[island] if name not in besides]
        if not names:
            return None
        novelty = self._novelty(names)
        weights = np.exp(-GREED * np.arange(len(names))) * (1.0 + NOVELTY_WEIGHT * novelty)
        return self.trials[names[int(rng.choice(len(names), p=weights / weights.sum()))]]

    def _novelty(self, names: Sequence[str]) -> Array:
        """(k,) in [0, 1]: distance of probe predictions from the nearest law, relative to the widest."""
        probes = [np.ravel(self.trials[name].evaluation.probe) for name in names]
        if len(names) < 2 or len({len(probe) for probe in probes}) > 1 or not len(probes[0]):
            return np.zeros(len(names))
        points = np.array(probes)
        distances = np.sqrt(((points[:, None] - points[None]) ** 2).mean(axis=2))
        np.fill_diagonal(distances, np.inf)
        nearest = distances.min(axis=1)
        widest = float(nearest.max())
        return nearest / widest if widest > 0 else np.zeros(len(names))

    def diverse(self, count: int, besides: Sequence[str], island: int | None = None) -> list[Trial]:
        """Up to `count` good laws of different form, best first, from all islands but `island`."""
        pool = [
            name
            for index, members in enumerate(self.islands)
            if index != island or len(self.islands) == 1
            for name in members
        ]
        chosen: dict[str, Trial] = {}
        for trial in sorted((self.trials[name] for name in dict.fromkeys(pool)), key=self._merit):
            if len(chosen) == count:
                break
            if trial.id not in besides:
                chosen.setdefault(law_key(trial.proposal.source, self._task), trial)
        return list(chosen.values())


ISLANDS = 3  # populations side by side, so that one leading law does not fill all prompts
EMPTY_ROUNDS = 5  # full rounds without a candidate that end a search
SEEDS_PER_ISLAND = 3  # laws of the symbolic search that each island begins with
MIGRATION_ROUNDS = 4  # rounds between two visits of a law to the next island
FIRST_SHARE = 1.0 - REMINDER_SHARE
STUCK_ROUNDS = 8  # rounds without a better law after which the weakest island starts afresh
ANGLES = (
    "Derive it from what must happen as one feature goes to infinity while the others stay.",
    "Derive it from the smallest values: what is the law before the features begin to matter?",
    "Think of two mechanisms that compete: which one limits where, and how does one give way to the other?",
    "Look for a combination of features (a product, a ratio, a power) on which everything depends.",
    "Think of how the error of a smaller system turns into the error of a larger one.",
    "Begin with the rows that every known law misses, and with what they have in common.",
)
"""A question that is asked again is asked from another side, so that no two prompts are equal."""
OPERATIONS: Mapping[str, float] = {"improve": 0.5, "cross": 0.2, "simplify": 0.1, "fresh": 0.2}
"""How often each is asked for: half of the questions exploit what is known, a fifth begins anew."""


class Evolve(LLMProposer):
    """A population of laws on islands. Each round asks as many questions as may be in flight.

    While many calls are left, the next round is asked while the candidates of one are evaluated, so that what they
    score counts one round later. With few left every question knows all earlier scores.
    """

    looks_ahead = True

    def __init__(self, setup: AgentSetup) -> None:
        super().__init__(setup)
        self.merit = self.viewer.standing.merit
        self.population = Population(ISLANDS, self.merit, setup.task)
        self._seeds: list[Trial] = []
        self._seeded = False
        self._repairs: list[Ask] = []
        self._best_round = 0
        self._fresh_island: int | None = None
        self._returned: set[str] = set()
        self._asked: Counter[tuple[str, ...]] = Counter()
        self.most_in_vain = max(self.most_in_vain, EMPTY_ROUNDS * setup.config.transport.in_flight)

    def learn(self, trial: Trial, ask: Ask | None) -> None:
        """Add a usable candidate to the population; ask once for the repair of one that failed."""
        if trial.usable:
            self._welcome(trial, ask)
        elif (
            ask is not None
            and not ask.repairs
            and trial.id not in self._returned
            and trial.evaluation.verdict is not Verdict.SANDBOX_BROKEN
        ):
            self._repairs.append(self._mend(ask, trial))

    def _welcome(self, trial: Trial, ask: Ask | None) -> None:
        if ask is None and not self._seeded:
            self._seeds.append(trial)
            return
        before = self.population.best()
        if self.population.add(trial, ask.context if ask else 0) and (
            before is None or self.merit(trial) < self.merit(before)
        ):
            self._best_round = self.round

    def heard(self, answer: CandidateReply) -> None:
        """Ask once for the repair of a reply that holds no code, or a candidate that is refused unevaluated."""
        if answer.ask.repairs:
            return
        if answer.parsed is not None and answer.parsed.source is None:
            self._repairs.append(self._ask_again(answer.ask, answer.problem))
        refused = None if answer.proposal is None else self.refusal(answer.proposal)
        if refused is not None:  # known before it is evaluated: back in the next round
            self._returned.add(refused.id)
            self._repairs.append(self._mend(answer.ask, refused))

    def improves(self, trial: Trial, ask: Ask) -> bool:
        """Whether the candidate has a smaller error than each of its parents, or than the best where it has none."""
        if not trial.usable:
            return False
        known = self.population.trials
        parents = [known[name] for name in ask.parents if name in known]
        rivals = parents or [best for best in [self.population.best()] if best is not None]
        return all(self.merit(trial) < self.merit(rival) for rival in rivals)

    def plan(self, history: History) -> list[Ask]:
        """As many questions as may be in flight: repairs first, then questions of the islands."""
        if not self._seeded:
            self._seeded, dealt = True, 0  # the floor's best laws are dealt out to the islands
            for trial in sorted(self._seeds, key=self.merit):
                if dealt < SEEDS_PER_ISLAND * ISLANDS and self.population.add(trial, dealt % ISLANDS):
                    dealt += 1
        self._keep_moving()
        width = self.pace.width
        repairs, self._repairs = self._repairs[:width], self._repairs[width:]
        asks = [replace(ask, slot=f"{self.round}.{place}") for place, ask in enumerate(repairs)]
        return asks + [self._question(place, history) for place in range(len(asks), width)]

    def _keep_moving(self) -> None:
        """Migration at intervals; a fresh start of the weakest island when nothing gets better."""
        self._fresh_island = None
        if self.round and self.round % MIGRATION_ROUNDS == 0:
            self.population.migrate()
        if self.round - self._best_round >= STUCK_ROUNDS:
            self._fresh_island = self.population.restart_weakest()
            self._best_round = self.round

    def _question(self, place: int, history: History) -> Ask:
        rng = self.rng(place)
        island = place % ISLANDS if self._fresh_island is None else self._fresh_island
        operation, parents = self._operation(island, rng)
        standing = self.viewer.standing.frozen()
        best = self.population.best()
        shown = [trial.id for trial in (*parents, *([best] if best is not None else []))]
        others = self.population.diverse(3, shown, island)

        def content(detail: Detail) -> Mapping[str, Any]:
            view = partial(self.viewer.view, source=detail.source, standing=standing)
            return {
                "operation": operation,
                "angle": angle,
                "parents": [view(t, findings=detail.findings, lineage=detail.lineage) for t in parents],
                "best": self._best_view(best, parents, detail, standing),
                "others": [view(t) for t in others[: detail.others]],
                **memory(detail),
            }

        asked = (operation, *(trial.id for trial in parents))
        angle = _angle(self._asked[asked] + (operation == "fresh"))
        self._asked[asked] += 1
        memory = self.memory(history)
        return Ask(
            slot=f"{self.round}.{place}",
            operation=operation,
            model=self.ensemble.pick(rng),
            write=lambda: self.prompts.first("evolve.j2", content, share=FIRST_SHARE),
            parents=tuple(trial.id for trial in parents),
            diagnosed=tuple({t.id: t for t in (*parents, *([best] if best else []))}.values()),
            context=island,
        )

    def _best_view(
        self, best: Trial | None, parents: Sequence[Trial], detail: Detail, standing: Standing
    ) -> dict[str, Any] | None:
        """The best law with its residuals, unless it is a parent, which is shown so anyway."""
        if best is None or any(best is parent for parent in parents):
            return None
        findings = detail.findings // 2
        return self.viewer.view(best, source=detail.source, findings=findings, lineage=False, standing=standing)

    def _operation(self, island: int, rng: np.random.Generator) -> tuple[str, list[Trial]]:
        """What to ask for, and of which parents, as far as the population allows."""
        operation = str(rng.choice(list(OPERATIONS), p=list(OPERATIONS.values())))
        first = self.population.parent(island, rng)
        if first is None or operation == "fresh":
            return "fresh", []
        if operation == "cross":
            elsewhere = int(rng.integers(ISLANDS))
            second = self.population.parent(elsewhere, rng, [first.id])
            return ("cross", [first, second]) if second is not None else ("improve", [first])
        return operation, [first]

    def _ask_again(self, failed: Ask, problem: str) -> Ask:
        """The second chance of a reply without code, with a reminder of how to answer."""
        return replace(
            failed, operation="repair", write=lambda: told(failed.write(), self.reminder(problem)), repairs=True
        )

    def _mend(self, failed: Ask, trial: Trial) -> Ask:
        """The second chance of a candidate that failed, with its error message."""

        def write() -> tuple[Message, ...]:
            return self.prompts.first("repair.j2", lambda detail: self.failure_of(trial, detail), share=FIRST_SHARE)

        return replace(failed, operation="repair", write=write, parents=(trial.id,), repairs=True, diagnosed=())


def _angle(times: int) -> str:
    """What tells a question from those before it that ask the same of the same laws."""
    if not times:
        return ""
    turn, side = divmod(times - 1, len(ANGLES))
    again = f"This is attempt {times} at this question; take another way than before. " if turn else ""
    return again + ANGLES[side]
