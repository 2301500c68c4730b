"""`discover` whose symbolic agent proposes a written script; everything else is as users have it."""

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


def script() -> list[list[Proposal]]:
    proposals = [Proposal(form_source(names, body), origin="script") for *names, body in FORMS]
    return [proposals[:2], proposals[2:5], proposals[5:]]


if __name__ == "__main__":
    agent.symbolic.SymbolicProposer = lambda task, seed: ScriptedProposer(script())  # type: ignore
    main()
