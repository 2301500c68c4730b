"""A session looks at the same rows as the command that may have to end it."""

from pathlib import Path

import numpy as np
import pandas as pd

from agent.job import OwnTable
from agent.mcp.desk import Bounds, Desk
from sandbox import Sandbox
from tasks import thinned


def test_a_large_table_is_searched_on_the_same_part_of_its_rows_as_by_a_command(tmp_path: Path) -> None:
    n = np.geomspace(1, 1e6, 7000)
    pd.DataFrame({"n": n, "loss": 1 + n**-0.3}).to_csv(tmp_path / "large.csv", index=False)
    own = OwnTable(train=str(tmp_path / "large.csv"), target=("loss",))
    with Sandbox(workers=1) as sandbox, Desk(sandbox, tmp_path, None, Bounds(10, 1, 5.0), own) as desk:
        bench = desk.bench("large")
        assert len(bench.dataset.task.train) == 7000
        assert bench.evaluator.task.train.digest() == thinned(bench.dataset.task).train.digest()
