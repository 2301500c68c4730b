"""A session looks at the same rows as the command that may have to end it."""

from pathlib import Path

import numpy as np
import pandas as pd

from lawsmith.agent.command.job import OwnTable
from lawsmith.agent.mcp.sessions import Bounds, Sessions
from lawsmith.sandbox import Sandbox
from lawsmith.tasks.task import thinned


def test_a_large_table_is_searched_on_the_same_part_of_its_rows_as_by_a_command(tmp_path: Path) -> None:
    n = np.geomspace(1, 1e6, 7000)
    pd.DataFrame({"n": n, "loss": 1 + n**-0.3}).to_csv(tmp_path / "large.csv", index=False)
    own = OwnTable(train=str(tmp_path / "large.csv"), target=("loss",))
    with Sandbox(workers=1) as sandbox, Sessions(sandbox, tmp_path, None, Bounds(10, 1, 5.0), own) as sessions:
        mcp_task = sessions.mcp_task("large")
        assert len(mcp_task.dataset.task.train) == 7000
        assert mcp_task.evaluator.task.train.digest() == thinned(mcp_task.dataset.task).train.digest()
