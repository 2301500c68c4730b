"""Prediction intervals: how far a law's predictions can be trusted, measured on rows held out of training."""

from runs.intervals.archived import fitted_laws, uncertainty
from runs.intervals.estimate import FittedLaw, estimate
from runs.intervals.model import Interval, Uncertainty
from runs.intervals.predict import constant_intervals, member_predictions, predict

__all__ = [
    "FittedLaw",
    "Interval",
    "Uncertainty",
    "constant_intervals",
    "estimate",
    "fitted_laws",
    "member_predictions",
    "predict",
    "uncertainty",
]
