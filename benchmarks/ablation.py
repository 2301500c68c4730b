"""What each rule of the choice earns: recorded searches, chosen from again with one rule changed at a time.

Printed for each file and change: the mean R² beyond the data, at least -1, and on how many tables the change is better
and worse by more than 0.002.

    python -m benchmarks.extrapolation --data-dir DIR --out cuts.pkl
    python -m benchmarks.small_tables --count 3 --out small.pkl
    python -m benchmarks.ablation cuts.pkl small.pkl
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.extrapolation import FarOutcome
from benchmarks.small_tables import SmallOutcome
from lawsmith.agent.search import score, selection, votes
from lawsmith.agent.search.score import RULES, Rules
from lawsmith.tasks.arrays import Array, weighted_median

LEAST = 0.002  # difference of R² that counts as one


@dataclass(frozen=True)
class Change:
    """Rules with other numbers, and names of a module or a class that stand for something else."""

    rules: Rules = RULES
    owner: object = selection
    names: tuple[tuple[str, object], ...] = ()


def _no(*_: object) -> bool:
    return False


def _off(owner: object, **names: object) -> Change:
    return Change(owner=owner, names=tuple(names.items()))


choice, step, scored = (partial(_off, owner) for owner in (selection, selection._Choosing, score))
CHANGES = {
    "all rules": Change(),
    "the best score wins": Change(replace(RULES, close=1e-9)),
    "closer: exp(0.4)": Change(replace(RULES, close=0.4)),
    "wider: exp(0.6)": Change(replace(RULES, close=0.6)),
    "every law has a vote": Change(replace(RULES, alike=0.0)),
    "the median is the middle": _off(votes, interquartile_mean=weighted_median),
    "the fit counts for nothing": Change(replace(RULES, evidence=0.0)),
    "the best of millions asks for no more": choice(OF_CHANCE=0.0),
    "local optima stay": step(_without_local_optima=lambda _, ranked: ranked),
    "no form comes in that the fit favours": step(_favoured=lambda *_: []),
    "no plainer law beats": step(_beaten=lambda _, near: np.zeros(len(near), dtype=np.bool_)),
    "no law outdoes the middle one": step(_outdoing=lambda *_: []),
    "surplus constants stay": step(_plainer=lambda *_: None),
    "patterns refute nothing": Change(replace(RULES, pattern=np.inf)),
    "unsafe laws stay": choice(_safe=lambda laws, *_: np.ones(len(laws), dtype=np.bool_)),
    "aliased waves stay": choice(has_unseen_wave=_no),
    "laws may turn just beyond the rows": choice(turns_beyond=_no),
    "no price of a constant": Change(replace(RULES, constant=0.0)),
    "the same price where rows are few": scored(scarcity=lambda *_: 1.0),
    "no price of chance": Change(replace(RULES, chance=0.0)),
    "no price of a missing level": scored(never_levels=_no),
    "no price of a claimed ceiling": scored(claims_a_ceiling=_no),
    "no price of a wave that no row shows": scored(unshown_waves=_no),
    "held-out errors without training errors": scored(
        training_error=lambda _, task: np.zeros(len(task.schema.targets))
    ),
    "held-out errors without a bound": scored(USELESS=np.inf),
    "digits bound no error": scored(DIGITS=0.0),
}


def scores(outcomes: Sequence[FarOutcome], change: Change) -> Array:
    """R² (N,) beyond the data of the laws that are chosen with a change."""
    with np.errstate(over="ignore"), ExitStack() as stack:
        for name, other in change.names:
            stack.enter_context(patch.object(change.owner, name, other))
        picks = [selection.choose(one.trials, one.task, change.rules).winner.id for one in outcomes]
    return np.maximum([one.outer[pick] for one, pick in zip(outcomes, picks, strict=True)], -1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    pools: dict[str, list[FarOutcome]] = {}
    for path in options.files:
        found = pickle.loads(path.read_bytes())
        pools[path.stem] = [one.far if isinstance(one, SmallOutcome) else one for one in found]
    print(f"{'choice among the same laws':42s}" + "".join(f"{f'{n} ({len(o)})':>24s}" for n, o in pools.items()))
    usual = {name: scores(outcomes, Change()) for name, outcomes in pools.items()}
    for title, change in CHANGES.items():
        cells = []
        for name, outcomes in pools.items():
            found = scores(outcomes, change)
            better, worse = ((sign * (found - usual[name]) > LEAST).sum() for sign in (1, -1))
            cells.append(f"{found.mean():.3f} (+{better} -{worse})")
        print(f"{title:42s}" + "".join(f"{cell:>24s}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
