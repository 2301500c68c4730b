"""Forms fitted in this process, as a worker fits them: by our own print, without isolation."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from lawsmith.agent.symbolic.form import SymbolicForm
from lawsmith.sandbox.contract import own_form
from lawsmith.sandbox.fitting import Effort, Form, fit_form
from lawsmith.sandbox.returned import Spec
from lawsmith.tasks import Schema, Table


def to_fit(form: SymbolicForm, schema: Schema) -> Form:
    return own_form(form.source(schema), Spec(schema.features, schema.targets, ("all",), None, 99, 0))


def here(forms: Sequence[SymbolicForm], sample: Table, schema: Schema, effort: Effort) -> Generator[float]:
    """The costs of a screening; see `lawsmith.agent.symbolic.start_forms.within`."""
    for form in forms:
        yield fit_form(to_fit(form, schema), sample, schema.targets, effort=effort).total_cost(sample.codes)
