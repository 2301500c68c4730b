"""Runs candidate laws in isolation, fits their constants and scores them on folds of the training rows."""

from sandbox.candidate import ALLOWED_IMPORTS, Candidate, Refused, read_candidate
from sandbox.checks import Claim
from sandbox.clean import clean
from sandbox.constants import Constants
from sandbox.doctor import Diagnosis, diagnose
from sandbox.evaluate import Evaluation, FoldScore, evaluate, whole_fit
from sandbox.executor import Sandbox
from sandbox.isolation import Tier
from sandbox.jobs import FitJob, JobResult, PredictJob, Usage
from sandbox.limits import DEFAULT_LIMITS, Limits
from sandbox.start import Attempt, SandboxUnavailable
from sandbox.verdict import Verdict

__all__ = [
    "ALLOWED_IMPORTS",
    "DEFAULT_LIMITS",
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
    "Tier",
    "Usage",
    "Verdict",
    "clean",
    "diagnose",
    "evaluate",
    "read_candidate",
    "whole_fit",
]
