"""Runs candidate laws in isolation, fits their constants and scores them on folds of the training rows."""

from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.evaluate import evaluate
from lawsmith.sandbox.evaluation import Evaluation, FoldScore
from lawsmith.sandbox.isolation import Tier
from lawsmith.sandbox.jobs import FitJob, JobResult, PredictJob, SearchOver
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.pool.executor import Sandbox
from lawsmith.sandbox.pool.verify import Claim
from lawsmith.sandbox.verdict import Refused, Verdict

__all__ = [
    "DEFAULT_LIMITS",
    "Claim",
    "Constants",
    "Evaluation",
    "FitJob",
    "FoldScore",
    "JobResult",
    "Limits",
    "PredictJob",
    "Refused",
    "Sandbox",
    "SearchOver",
    "Tier",
    "Verdict",
    "evaluate",
    "read_candidate",
]
