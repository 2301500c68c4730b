"""Prediction intervals: how far a law's predictions can be trusted, measured on rows held out of training."""

from lawsmith.runs.intervals.archived import fitted_laws, uncertainty
from lawsmith.runs.intervals.estimate import EvaluatedLaw, estimate
from lawsmith.runs.intervals.model import Interval, Uncertainty
from lawsmith.runs.intervals.predict import constant_intervals, covariance, member_predictions, predict

__all__ = [
    "EvaluatedLaw", "Interval", "Uncertainty", "constant_intervals", "covariance", "estimate", "fitted_laws",
    "member_predictions", "predict", "uncertainty",
]  # fmt: skip
