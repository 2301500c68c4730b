"""Tables that lie on their side, or name a block of rows in its first row alone, made one row for each measurement."""

import re
from collections.abc import Sequence
from dataclasses import replace

from lawsmith.tasks.asked import meant
from lawsmith.tasks.delimited import Reading
from lawsmith.tasks.numerals import is_missing, is_numeral

_LEAST_BLANK = 0.5  # share of the rows below the first of their block
_FEWEST = 4  # measurements


def with_labels_down(reading: Reading, where: str) -> Reading:
    """The same with the blank cells of its leftmost columns filled from above, where merged cells or pandas wrote a
    label or a whole number for a block of rows once: none stands twice, most cells are blank, and columns to the right
    are full."""
    frame, said = reading.frame, []
    absent = {name: frame[name].map(is_missing).to_numpy() for name in frame.columns}
    full = [name for name in frame.columns if not absent[name].any()]
    for name in frame.columns[: list(frame.columns).index(full[0]) if len(full) > 1 else 0]:
        blank = absent[name]
        kept = frame[name][~blank]
        if blank[0] or len(kept) < 2 or blank.mean() < _LEAST_BLANK or kept.duplicated().any():
            break
        if any(
            is_numeral(cell) and re.fullmatch(r"\d+[kMB]?|\d+(\.0+)?([eE]\d+)?", str(cell).strip()) is None
            for cell in kept
        ):
            break
        frame = frame.assign(**{name: frame[name].where(~blank).ffill()})
        said.append(f"{where}: blank cells of {name} were filled from above ({str(kept.iloc[0]).strip()[:40]!r} …).")
    return replace(reading, frame=frame).after(*said)


def upright(reading: Reading, wanted: Sequence[str], where: str) -> Reading:
    """The same with rows as columns, where the wanted names are no columns but all stand in the first one."""
    import pandas as pd

    frame = reading.frame
    rows = [str(cell).strip() for cell in frame.iloc[:, 0].tolist()]
    lying = not any(meant(name, list(map(str, frame.columns))) for name in wanted) and len(set(rows)) == len(rows)
    if not wanted or not lying or not all(meant(name, rows) for name in wanted) or len(frame.columns) <= _FEWEST:
        return reading
    turned = pd.DataFrame(frame.iloc[:, 1:].to_numpy().T, columns=rows)
    turned.insert(0, str(frame.columns[0]), [str(name) for name in frame.columns[1:]])
    said = f"{where} lies on its side: each of its rows became a column, and its columns {len(turned)} rows."
    return replace(reading, frame=turned, units={}).after(said)
