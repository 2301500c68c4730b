"""How the trial of a candidate ended: one closed set, each with what a proposer can do about it."""

from enum import StrEnum


class Verdict(StrEnum):
    """The outcome of one job or one evaluation. Only OK carries numbers; every other is never a score."""

    OK = "ok"
    SYNTAX = "syntax"
    CONTRACT = "contract"
    IMPORT_REFUSED = "import_refused"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASH = "crash"
    OUTPUT_LIMIT = "output_limit"
    NON_FINITE = "non_finite"
    IMPURE = "impure"
    OVER_CAP = "over_cap"
    WRONG_SHAPE = "wrong_shape"
    FIT_FAILED = "fit_failed"
    SANDBOX_BROKEN = "sandbox_broken"

    @property
    def advice(self) -> str:
        """One sentence on what to change; empty for OK."""
        return _ADVICE[self]


_ADVICE = {
    Verdict.OK: "",
    Verdict.SYNTAX: "Send valid Python source.",
    Verdict.CONTRACT: "Keep to the candidate contract: PARAMETERS and form(x, p), or law(input_data, group).",
    Verdict.IMPORT_REFUSED: "Import only math, numpy, scipy and the small standard modules that are allowed.",
    Verdict.TIMEOUT: "Make it cheaper: vectorise with numpy, drop loops and nested optimisation.",
    Verdict.MEMORY: "Allocate less: no arrays much larger than the rows.",
    Verdict.CRASH: "Fix the error; it was raised by the candidate's own code.",
    Verdict.OUTPUT_LIMIT: "Do not print.",
    Verdict.NON_FINITE: "Keep every prediction finite: guard logarithms, divisions and large exponents.",
    Verdict.IMPURE: "A row's prediction may depend only on that row, its group and the constants.",
    Verdict.OVER_CAP: "Use fewer constants per group.",
    Verdict.WRONG_SHAPE: "Return one value per row and target.",
    Verdict.FIT_FAILED: "Choose bounds or a form for which some constants give finite predictions.",
    Verdict.SANDBOX_BROKEN: "Nothing is wrong with the candidate; the sandbox itself failed.",
}


class Refused(Exception):
    """The candidate breaks its contract: a verdict and a sentence for the proposer."""

    def __init__(self, verdict: Verdict, message: str) -> None:
        super().__init__(message)
        self.verdict = verdict
        self.message = message
