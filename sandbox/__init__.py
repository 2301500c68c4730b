"""Runs candidate laws in isolation, fits their constants and scores them on folds of the training rows."""

from lawsmith.sandbox.clean import clean
from lawsmith.sandbox.constants import Constants
from lawsmith.sandbox.evaluate import evaluate, whole_fit
from lawsmith.sandbox.evaluation import Evaluation, FoldScore
from lawsmith.sandbox.isolation import Tier
from lawsmith.sandbox.isolation.doctor import Diagnosis, diagnose
from lawsmith.sandbox.jobs import FitJob, JobResult, PredictJob, SearchOver, Usage
from lawsmith.sandbox.law.parse import ALLOWED_IMPORTS, STAR_IMPORTS, Candidate, read_candidate
from lawsmith.sandbox.limits import DEFAULT_LIMITS, Limits
from lawsmith.sandbox.pool.executor import Sandbox
from lawsmith.sandbox.pool.start import Attempt, SandboxUnavailable
from lawsmith.sandbox.verdict import Refused, Verdict
from lawsmith.sandbox.verify import Claim

__all__ = [
    "ALLOWED_IMPORTS",
    "DEFAULT_LIMITS",
    "STAR_IMPORTS",
    "Attempt",
    "Candidate",
    "Claim",
    "Constants",
    "Diagnosis",
    "Evaluation",
    "FitJob",
    "FoldScore",
    "JobResult",
    "Limits",
    "PredictJob",
    "Refused",
    "Sandbox",
    "SandboxUnavailable",
    "SearchOver",
    "Tier",
    "Usage",
    "Verdict",
    "clean",
    "diagnose",
    "evaluate",
    "read_candidate",
    "whole_fit",
]
