"""The fitting engine: batched, bounded, multi-start least squares for forms with per-group and shared constants."""

from lawsmith.sandbox.fitting.engine import Effort, fit_form
from lawsmith.sandbox.fitting.fit_problem import Fitted, Form, Loss, Status, endings

__all__ = ["Effort", "Fitted", "Form", "Loss", "Status", "endings", "fit_form"]
