"""`discover` whose symbolic agent proposes a written script; everything else is as users have it."""

import signal

from agent_doubles import ScriptedProposer, form_source

import agent.symbolic
from agent.cli import main
from agent.history import Proposal

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


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may have ignored it
    agent.symbolic.SymbolicProposer = lambda task, seed, **_: ScriptedProposer(script(f"# {seed}"))  # type: ignore
    main()
