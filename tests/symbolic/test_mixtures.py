"""Laws of size and mixture: what the shares of a mixture add to a power law of the model's size."""

import numpy as np
from in_process import to_fit

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.agent.symbolic.library import library
from lawsmith.agent.symbolic.profile import profile
from lawsmith.sandbox.fitting import fit_form
from lawsmith.sandbox.law.expression import parameters
from lawsmith.tasks import Array
from tests.made import made_task


def mixtures(shares: int = 4) -> tuple[dict[str, Array], Array]:
    """Features, and a loss of a power law of size plus an exponential of the shares (Ye et al., arXiv 2403.16952)."""
    rng = np.random.default_rng(0)
    parts = rng.dirichlet(np.full(shares, 2.0), 60)
    size = rng.choice([7e7, 1.6e8, 4.1e8, 1e9], 60)
    columns = {"size": size, **{f"share{k}": parts[:, k] for k in range(shares)}}
    return columns, 1.9 + 2 * (size / 1e8) ** -0.4 + 0.9 * np.exp(-3 * parts[:, 1] - 1.2 * parts[:, 0])


def test_a_power_law_plus_an_exponential_of_shares_is_a_form_and_fits():
    columns, loss = mixtures()
    task = made_task(columns, {"loss": loss})
    forms = {one.origin: one.node for one in library(profile(task.train))}
    node = forms["power law of size, plus exponential of share0, share1, share2"]
    names = [one.name for one in parameters(node)]
    assert len(names) == len(set(names)) == 7
    found = fit_form(to_fit(SymbolicForm((node,), ""), task.schema), task.train, ("loss",))
    assert 2 * found.cost.sum() / len(loss) < 1e-8 * loss.var()
    assert "power law of size, plus power of share0, share1, share2" in forms
