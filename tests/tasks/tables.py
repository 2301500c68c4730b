"""Small tables that the tests of `tasks` write to disk."""

from pathlib import Path

import numpy as np
import pandas as pd

from lawsmith.tasks import Dataset, read_dataset


def frame(rows: int = 12) -> pd.DataFrame:
    """Two groups, a feature N, a target loss that varies."""
    n = 10.0 * 2 ** np.arange(rows)
    return pd.concat(
        [pd.DataFrame({"N": n, "loss": 1 + k + n**-0.3, "model": name}) for k, name in enumerate(("a", "b"))],
        ignore_index=True,
    )


def read(folder: Path, table: pd.DataFrame | str, **options: object) -> Dataset:
    """Write the table as CSV and read it as a user would."""
    path = folder / "runs.csv"
    path.write_text(table if isinstance(table, str) else table.to_csv(index=False))
    return read_dataset(path, ["loss"], **options)  # type: ignore[arg-type]  # options pass through unchanged
