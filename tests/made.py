"""Tasks made of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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
