"""`discover` whose symbolic agent proposes a written script; everything else is as users have it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from typing import ClassVar

from agent_doubles import ScriptedProposer, form_source

import lawsmith.agent.symbolic
from lawsmith.agent.cli import main
from lawsmith.runs.records.trials import History, Proposal, Screening

FORMS = (
    ("L", "A", 'p["L"] + p["A"] / x["N"]'),
    ("A", "a", 'p["A"] * x["N"] ** -p["a"]'),
    ("L", "A", 'p["L"] + p["A"] * np.log(x["N"])'),
    ("L", "A", "a", 'p["L"] + p["A"] * x["N"] ** -p["a"]'),
    ("L", "A", 'p["L"] + p["missing"]'),
    ("L", "A", 'p["L"] + p["A"] / np.sqrt(x["N"])'),
)


def script(note: str = "") -> list[list[Proposal]]:
    """Three rounds; `note` makes candidates that say the same differ in their source."""
    proposals = [Proposal(form_source(names, body) + note, origin="script") for *names, body in FORMS]
    return [proposals[:2], proposals[2:5], proposals[5:]]


PAUSE = "SCRIPT_PAUSES_AFTER"
"""Environment variable: after so many candidates of all runs together, whoever wants more waits to be interrupted."""


class Pausing(ScriptedProposer):
    """Cannot end before a signal that is sent after some candidates, however slow the sender is."""

    interrupted = threading.Event()
    tried: ClassVar[dict[Pausing, int]] = {}

    def propose(self, history: History) -> Sequence[Proposal]:
        self.tried[self] = len(history)
        if sum(self.tried.values()) >= int(os.environ.get(PAUSE, "1000000")):
            self.interrupted.wait()
        return super().propose(history)

    def screening(self, history: History) -> Screening:
        """As the symbolic search says it: a script fits nothing to samples."""
        return Screening()


def _interrupt(number: int, frame: object) -> None:
    Pausing.interrupted.set()
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _interrupt)  # whoever started this may have ignored it
    lawsmith.agent.symbolic.SymbolicProposer = lambda task, seed, **_: Pausing(script(f"# {seed}"))  # type: ignore
    main()
