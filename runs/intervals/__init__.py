"""Prediction intervals: how far a law's predictions can be trusted, measured on rows held out of training."""

from lawsmith.runs.intervals.archived import uncertainty
from lawsmith.runs.intervals.model import Interval, Uncertainty
from lawsmith.runs.intervals.predict import predict

__all__ = ["Interval", "Uncertainty", "predict", "uncertainty"]
