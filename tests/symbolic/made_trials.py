"""Trials of a made task, with errors as a test wants them."""

import numpy as np

from lawsmith.agent.search.selection import choose
from lawsmith.runs.records.trials import Proposal, Trial
from lawsmith.tasks import Array, Table, Task
from lawsmith.tasks.metrics import Scores
from tests.made import made_evaluation, made_fold, made_task


def task() -> Task:
    x = np.linspace(1, 10, 20)
    return made_task({"x": x}, 1 / x, groups=("g",))


def table(n: Array, loss: Array) -> Table:
    return Table({"n": n}, {"loss": loss}, ("g",), np.zeros(len(n), dtype=np.intp))


def trial(name: str, errors: list[float], *, train: float = 0.01, constants: int = 3, beyond: float = 0.05) -> Trial:
    found = made_evaluation(
        *(made_fold(0, error, name=f"x>{k}", rows=5) for k, error in enumerate(errors, 1)),
        train=Scores(r2=1 - train**2, nmse=train**2, nmae=train),
        validation_r2=0.9,
        constants_count=constants,
        probe=((beyond,), (beyond / 2,)),
    )
    return Trial(name, Proposal(name), found)


def winner(*trials: Trial) -> str:
    return choose(trials, task()).winner.id


FORM = """
PARAMETERS = ("L", "A", "a")
def form(x, p):
    return {law}
"""


WAVE = 'import numpy as np\nPARAMETERS = ["A", "w"]\ndef form(x, p):\n    return p["A"] * np.cos(p["w"] * x["x"])\n'
