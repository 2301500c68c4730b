"""A small task with a known law, and proposers whose every move is written down."""

from collections.abc import Sequence

import numpy as np
import pytest

from lawsmith.agent.cli import main
from lawsmith.runs.records.trials import History, Proposal
from lawsmith.sandbox import Evaluation, FoldScore, Tier, Verdict
from lawsmith.tasks import Dataset, Provenance, Schema, Table, Task
from lawsmith.tasks.metrics import Scores
from lawsmith.tasks.task import content_digest

ARCHIVES = "*/*/[!.]*"
"""The archives in a folder of runs: each is made under a name with a dot before it, and renamed when it is whole."""


def form_source(names: Sequence[str], body: str) -> str:
    """Candidate source of the form `body` with those parameters, all positive and bounded."""
    parameters = "".join(f'    "{name}": (0.0, {2.0 if name == "a" else 1e4}),\n' for name in names)
    return f"import numpy as np\n\nPARAMETERS = {{\n{parameters}}}\n\n\ndef form(x, p):\n    return {body}\n"


ROWS = "N,y\n" + "".join(f"{x},{3 * x**-0.4:.6f}\n" for x in (1, 2, 4, 8, 16, 32, 64, 128))


class ScriptedProposer:
    """Proposes the batches it was given. Where it stands follows from the history alone."""

    def __init__(self, batches: Sequence[Sequence[Proposal]]) -> None:
        self.batches = [tuple(batch) for batch in batches]
        self.asked = 0

    def propose(self, history: History) -> Sequence[Proposal]:
        self.asked += 1
        for batch in self.batches:
            if any(proposal.id not in history for proposal in batch):
                return batch
        return ()


def evaluation(r2: float = 0.9, verdict: Verdict = Verdict.OK, constants: int = 3) -> Evaluation:
    """What the sandbox would say about a form with that validation R²."""
    if verdict is not Verdict.OK:
        return Evaluation(verdict=verdict, message="it did not work", stage="fit", tier=Tier.FULL)
    fold = FoldScore(name="N", kind="frontier", rows=4, r2=r2, nmse=1 - r2, nmae=1 - r2, rmse=(0.1,), scale=(1.0,))
    return Evaluation(
        verdict=verdict,
        kind="form",
        train=Scores(r2=r2, nmse=1 - r2, nmae=1 - r2),
        folds=(fold,),
        validation_r2=r2,
        constants={"names": ["L"], "values": {"a": [1.0]}},
        constants_count=constants,
        tier=Tier.FULL,
    )


def small_dataset(rows: int = 30, groups: int = 2, seed: int = 0) -> Dataset:
    """`loss = 1 + 50 N^-0.3` with 0.1 % noise; the test rows lie ten times beyond the training rows."""
    rng = np.random.default_rng(seed)
    names = tuple(f"g{index}" for index in range(groups))

    def table(n: np.ndarray) -> Table:
        loss = (1 + 50 * n**-0.3) * (1 + 0.001 * rng.standard_normal(n.size))
        return Table({"N": n}, {"loss": loss}, names, np.arange(n.size) % groups)

    train, test = table(np.geomspace(1e6, 1e8, rows)), table(np.geomspace(2e8, 1e9, 6))
    schema = Schema(
        name="small", long_name="small", title="A power law", features=("N",), targets=("loss",), group="g", cap=4
    )
    return Dataset(Task(schema, train, Provenance("file", content_digest(train, test), None)), test)


def power_law_csv(rows: int = 40) -> str:
    """A CSV table of `loss = 1 + 50 N^-0.3`, with a little noise."""
    n = np.geomspace(1e6, 1e9, rows)
    loss = (1 + 50 * n**-0.3) * (1 + 0.001 * np.random.default_rng(0).standard_normal(rows))
    return "N,loss\n" + "".join(f"{a!r},{b!r}\n" for a, b in zip(n.tolist(), loss.tolist(), strict=True))


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out + captured.err
