"""The schema of what commands print with ``--json``: `discover --json-schema` prints it.

The models state the contract that docs/json.md tells in words. Tests hold the output of each command against them.
"""

from typing import Any, Literal

from pydantic.json_schema import models_json_schema

from lawsmith.tasks.frozen import Frozen
from lawsmith.tasks.schema import Role

Special = Literal["NaN", "Infinity", "-Infinity"]
Number = float | Special
Constants = dict[str, dict[str, Number]]
"""Group -> name -> value."""


class DataJson(Frozen):
    """Where the rows came from."""

    source: Literal["file", "cache", "hub", "replica"]
    sha256: str


class ColumnRoleJson(Frozen):
    """The role of a column in the search, and the reason."""

    role: Role
    reason: str


class OwnFormJson(Frozen):
    """The outcome for a formula of the user: its place among all laws by held-out error. tangled: constants whose
    change others can undo."""

    law: str
    place: int | None
    of: int
    message: str
    tangled: list[str]


class KnownLawJson(OwnFormJson):
    """A law of the user's catalogue; `name` with its source."""

    name: str


class LawRowJson(Frozen):
    """A law of the table of laws. Errors are root mean squares in the target's unit."""

    id: str
    formula: str
    constants: Constants
    complexity: int
    train_error: Number
    heldout_error: Number
    heldout_r2: Number | None
    chosen: bool
    on_front: bool
    also: list[str]


class ListedLawJson(LawRowJson):
    """A law of the table of a run; `picked` where the user picked it, `outdone` where the chosen law outdid it in the
    choice although it predicts nearer to the middle of all."""

    picked: bool
    outdone: bool


class DisbelievedJson(Frozen):
    """An outlier: a training row, counted from 1, that the leading laws miss; `met` if the chosen law predicts it."""

    row: int
    target: str
    measured: Number
    expected: Number
    met: bool = False


class RunScoresJson(Frozen):
    """A run, its law and its scores."""

    run: str
    archive: str
    r2: Number | None
    validation_r2: Number | None
    train_r2: Number | None
    expression: str | None
    constants_count: int | None


class RunJson(RunScoresJson):
    """One run of a search."""

    seed: int | None
    constants: Constants | None
    candidates: int | None
    tried: int | None
    screened: int | None
    sums: int | None
    failed: int | None
    seconds: float | None
    cost_usd: float | None
    account: dict[str, Any] | None
    disbelieved: list[DisbelievedJson]
    growing_errors: str | None
    verdict: list[str]
    laws: list[LawRowJson]
    error: str | None


class SelectedJson(RunScoresJson):
    """The run whose law was selected, and why."""

    reason: str


class SearchJson(Frozen):
    """The result of a search: `discover … --json` and `discover resume RUN --json`."""

    task: str
    agent: str
    model: str | None
    why: str
    data: DataJson
    notes: list[str]
    notices: list[str]
    own_forms: list[OwnFormJson]
    hall_of_fame: list[OwnFormJson]
    catalogue: list[KnownLawJson]
    roles: dict[str, ColumnRoleJson]
    codes: list[str]
    verdict: list[str]
    tone: Literal["good", "fair", "bad"] | None
    runs: list[RunJson]
    best_r2: Number | None
    mean_r2: Number | None
    min_r2: Number | None
    selected: SelectedJson | None
    seconds: float


class LawsJson(Frozen):
    """The table of laws: `discover laws RUN --json`."""

    run: str
    picked: str | None
    laws: list[ListedLawJson]


class PredictionJson(Frozen):
    """A prediction of one target at one point; ends and standard deviations are null for a law without intervals."""

    target: str
    value: Number
    low: Number | None
    high: Number | None
    level: float | None
    mean_low: Number | None = None
    mean_high: Number | None = None
    parameter: Number | None = None
    model: Number | None = None
    noise: Number | None = None
    extrapolation: Number | None = None
    distance: Number | None = None
    group: str | None = None


class PredictJson(Frozen):
    """A prediction at a point: `discover predict RUN --at … --json`."""

    predictions: list[PredictionJson]
    warnings: list[str]
    law: str | None
    chosen: bool
    finite_up_to: Number | None


class PredictRowsJson(Frozen):
    """Predictions for a file: `discover predict RUN --rows FILE --json`; remarks has an entry for each row."""

    predictions: list[PredictionJson]
    remarks: list[str | None]
    level: float


class AnswerJson(Frozen):
    """A number with its 90 % interval."""

    value: Number
    low: Number | None
    high: Number | None


class OptimumJson(Frozen):
    """The best features for a budget: `discover optimum RUN --json`."""

    target: str
    budget: str
    features: dict[str, AnswerJson]
    as_good: dict[str, tuple[Number, Number]]
    flat: bool
    at_edge: list[str]
    shares: list[str]
    prediction: PredictionJson
    warnings: list[str]


class InvertJson(Frozen):
    """The value of a feature at which a target is reached: `discover invert RUN --json`."""

    target: str
    wanted: float
    solve: dict[str, AnswerJson]
    warnings: list[str]


class CovarianceJson(Frozen):
    """Covariance of the constants: group -> matrix, rows and columns in the order of `names`."""

    names: list[str]
    matrices: dict[str, list[list[Number]]]


class ExportJson(Frozen):
    """A law for other tools: `discover export RUN --format json`."""

    run: str
    law_id: str | None
    chosen: bool
    task: str
    features: list[str]
    targets: list[str]
    group: str | None
    kind: Literal["form", "law", "pair"] | None
    formula: str
    latex: dict[str, str]
    parameters: list[str]
    constants: Constants | None
    covariance: CovarianceJson | None
    scores: dict[str, Any] | None
    validation_r2: Number | None
    provenance: dict[str, Any]
    law: str


PRINTED: dict[str, type[Frozen]] = {
    "discover": SearchJson,
    "laws": LawsJson,
    "predict --at": PredictJson,
    "predict --rows": PredictRowsJson,
    "optimum": OptimumJson,
    "invert": InvertJson,
    "export": ExportJson,
}
"""Command -> the model of what it prints."""


def json_schema() -> dict[str, Any]:
    """One JSON Schema (2020-12) with a definition for each command, named in `properties`."""
    places, whole = models_json_schema([(model, "validation") for model in PRINTED.values()])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What the commands of lawsmith print with --json",
        "description": "The property of a command is the schema of the object that it prints.",
        "type": "object",
        "properties": {command: places[(model, "validation")] for command, model in PRINTED.items()},
        "$defs": whole["$defs"],
    }
