"""Tasks made of columns, scores as a test wants them, and a search over sums that costs little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lawsmith.sandbox import Evaluation, FoldScore, Tier, Verdict
from lawsmith.tasks import Array, IntArray, Provenance, Schema, Table, Task


def made_task(
    features: Mapping[str, Array],
    targets: Array | Mapping[str, Array],
    codes: IntArray | None = None,
    groups: Sequence[str] = ("all",),
    **more: Any,
) -> Task:
    """A single target is called y. `more` as `Schema` takes it."""
    known = targets if isinstance(targets, Mapping) else {"y": targets}
    stated = {"name": "made", "long_name": "made", "title": "made", "group": None} | more
    rows = len(next(iter(known.values())))
    table = Table(dict(features), dict(known), tuple(groups), np.zeros(rows, np.intp) if codes is None else codes)
    schema = Schema(**stated, features=tuple(features), targets=tuple(known))
    return Task(schema, table, Provenance("file", "0" * 64, None))


def made_fold(r2: float = 0.9, error: float = 1.0, **more: Any) -> FoldScore:
    """The scores on rows beyond a cut. `more` as `FoldScore` takes it."""
    stated = {"name": "N>1", "kind": "frontier", "rows": 4, "nmse": 1 - r2, "nmae": 1 - r2, "scale": (1.0,)}
    return FoldScore(**{"r2": r2, "rmse": (error,)} | stated | more)


def made_evaluation(*folds: FoldScore, **more: Any) -> Evaluation:
    """What the sandbox says of a form that works. `more` as `Evaluation` takes it."""
    return Evaluation(**{"verdict": Verdict.OK, "kind": "form", "folds": folds, "tier": Tier.FULL} | more)


def quick_first(values: Iterable[Any], count: int) -> list[Any]:
    """The values, each a tuple where a test takes several, as parameters. Those after the first `count` are slow: they
    go the same way once more."""
    each = [one if isinstance(one, tuple) else (one,) for one in values]
    return [pytest.param(*one, marks=[pytest.mark.slow] if k >= count else []) for k, one in enumerate(each)]


@contextmanager
def narrow_beams() -> Iterator[None]:
    """A search over sums of two terms at most, with a tenth of the columns and trials: for tests that depend on none of
    the sums that it finds."""
    columns = {"PLAIN_COLUMNS": 300, "NATURAL_BEAM": 20, "FIRST_REFINED": 8, "MANY_REFINED": 8, "MOST_TERMS": 2}
    trials = {"NARROW_REFINED": 4, "NARROW_WIDTH": 3, "EXCHANGES": 1, "DEEPENING": 2, "DEEPENINGS": 1}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (columns | trials).items():
            patch.setattr(f"lawsmith.agent.symbolic.term_search.{name}", value)
        yield
