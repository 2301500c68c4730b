"""A form as SLDAgent's pair: `scaling_law_func(data_points, params)` and `fit_scaling_law(data_points, loss_values)`.

The pair fits its constants again, by bounded least squares from the constants that the run found (each
group's are one start), unless the candidate brings its own `fit`. The harness hands over one group at a
time, so constants that the run shared between groups are fitted for each group here.
"""

from collections.abc import Mapping

from lawsmith.runs.law_file import carried
from lawsmith.runs.quoting import docstring, visible
from lawsmith.runs.source import Untranslatable, read_form
from lawsmith.sandbox.law.read import read
from lawsmith.sandbox.law.statement import Unreadable
from lawsmith.sandbox.law.write_candidate import write
from lawsmith.tasks import InputError, Schema

MAX_STARTS = 64  # of the exported fit: as many as the engine draws, twice

_FUNCTION = '''

def scaling_law_func(data_points, params):
    """Predictions, (n,) or (n, targets), for points (n, features) and constants (parameters,)."""
    points = numpy.asarray(data_points, dtype=float).reshape(-1, len(FEATURES))
    x = {name: points[:, place].copy() for place, name in enumerate(FEATURES)}
    p = dict(zip(PARAMETERS, numpy.ravel(params).tolist(), strict=True))
    with numpy.errstate(all="ignore"):
        value = _form(x, p)
    if isinstance(value, dict):
        value = numpy.column_stack([numpy.broadcast_to(value[target], len(points)) for target in TARGETS])
    value = numpy.asarray(value, dtype=float)
    return value[:, 0] if value.ndim == 2 and len(TARGETS) == 1 else value
'''
_OWN_FIT = '''

def fit_scaling_law(data_points, loss_values):
    """The constants (parameters,) of one group, by the law's own fit."""
    points = numpy.asarray(data_points, dtype=float).reshape(-1, len(FEATURES))
    measured = numpy.asarray(loss_values, dtype=float).reshape(len(points), len(TARGETS))
    x = {name: points[:, place].copy() for place, name in enumerate(FEATURES)}
    y = dict(zip(TARGETS, measured.T)) if len(TARGETS) > 1 else measured[:, 0]
    fitted = _fit(x, y)
    return numpy.array([fitted[name] for name in PARAMETERS], dtype=float)
'''
_LEAST_SQUARES = '''

def fit_scaling_law(data_points, loss_values):
    """The constants (parameters,) of one group: bounded least squares from the two most promising STARTS.

    STARTS are the constants found for the training groups. The best of them is kept where a new fit would lower the
    squared error by less than one per cent: among equals, what was selected for extrapolation wins.
    """
    measured = numpy.asarray(loss_values, dtype=float).reshape(-1, len(TARGETS))
    spread = measured.std(axis=0)
    spread[spread == 0] = 1.0

    def residuals(params):
        predicted = numpy.asarray(scaling_law_func(data_points, params)).reshape(measured.shape)
        return numpy.nan_to_num(((predicted - measured) / spread).ravel(), nan=1e6, posinf=1e6, neginf=-1e6)

    lower, upper = _bounds()
    starts = [numpy.clip(start, lower, upper) for start in STARTS]
    starts.sort(key=lambda start: float(numpy.sum(residuals(start) ** 2)))
    fits = [least_squares(residuals, start, bounds=(lower, upper), x_scale="jac", max_nfev=200) for start in starts[:2]]
    best = min(fits, key=lambda fit: fit.cost)
    return best.x if 2.0 * best.cost < 0.99 * float(numpy.sum(residuals(starts[0]) ** 2)) else starts[0]


def _bounds():
    limits = _PARAMETERS if isinstance(_PARAMETERS, dict) else {}
    pairs = [limits.get(name) or (None, None) for name in PARAMETERS]
    lower = [-numpy.inf if low is None else float(low) for low, _ in pairs]
    upper = [numpy.inf if high is None else float(high) for _, high in pairs]
    return numpy.array(lower), numpy.array(upper)
'''


def pair_source(
    source: str, schema: Schema, constants: Mapping[str, Mapping[str, float]], provenance: Mapping[str, object]
) -> str:
    """The text of ``scaling_law.py`` for a candidate; one that is a pair already is carried as it is.

    Raises:
    InputError: the source defines neither a form nor a pair, or there are no constants to start from.
    """
    stated = read(source, schema.targets, schema.features)
    try:
        parsed = read_form(source)
        if "scaling_law_func" in parsed.definitions:
            return source
        own = parsed if isinstance(stated, Unreadable) else read_form(write(stated, schema.features))
        parts = [carried(own, "form")]
        parts.append(carried(parsed, "fit") if "fit" in parsed.definitions else carried(own, "PARAMETERS"))
    except Untranslatable as error:
        raise InputError(f"The law cannot be written as SLDAgent's pair: {error}.") from None
    if not constants:
        raise InputError("The law cannot be written as SLDAgent's pair: the run recorded no constants.")
    rows = [tuple(p.values()) for p in constants.values()][:MAX_STARTS]
    told = [f"SLDAgent's pair for {', '.join(schema.targets)}, written by lawsmith.", ""]
    told += [f"{heading}: {value}" for heading, value in provenance.items()]
    own_fit = "fit" in parsed.definitions
    imports = "import numpy\n" + ("" if own_fit else "from scipy.optimize import least_squares\n")
    data = [
        f"FEATURES = {schema.features!a}",
        f"TARGETS = {schema.targets!a}",
        f"PARAMETERS = {tuple(next(iter(constants.values())))!a}",
    ]
    if not own_fit:
        data.append("STARTS = [\n" + "".join(f"    {row!r},\n" for row in rows) + "]")
    head = f"{docstring(chr(10).join(map(visible, told)))}\n\n{imports}\n" + "\n".join(data) + "\n\n\n"
    return head + "\n\n".join(parts) + _FUNCTION + (_OWN_FIT if own_fit else _LEAST_SQUARES)
