"""A scikit-learn regressor that discovers a law; needs scikit-learn, which lawsmith does not install itself."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import warn

import numpy as np
import pandas as pd
from pandas.api.types import is_timedelta64_dtype
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from lawsmith.agent.api import discover
from lawsmith.runs.laws.law import Law
from lawsmith.tasks import Array
from lawsmith.tasks.dates import years_of
from lawsmith.tasks.frames import as_frame
from lawsmith.tasks.reading.cells import typed

WEIGHT = "sample_weight"


class LawRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fits a compact formula y = f(X) that is chosen by how well it extrapolates inside the training rows.

    Args:
        agent: "symbolic" (no model is asked), or any agent of `lawsmith.discover`.
        time_limit: seconds of search; None searches until the agent has finished.
        cap: most constants in the law; None sets no limit.
        form: a formula of your own, such as "E + A/N^a", which is fitted instead of a search.
        runs_dir: where the archives go; by default they are thrown away after the fit.
        workers: candidates evaluated at a time; None takes one per core.
        random_state: seed of the search, a whole number.

    After `fit`: `law_` (`lawsmith.Law`), `expression_` (str), `verdict_` (sentences), `n_features_in_`, and
    `feature_names_in_` where X has names. A search that `time_limit` ended gives a ConvergenceWarning.
    """

    def __init__(
        self,
        agent: str = "symbolic",
        time_limit: float | None = 30.0,
        cap: int | None = None,
        runs_dir: Path | str | None = None,
        workers: int | None = None,
        random_state: int = 0,
        form: str | None = None,
    ) -> None:
        self.agent = agent
        self.time_limit = time_limit
        self.cap = cap
        self.runs_dir = runs_dir
        self.workers = workers
        self.random_state = random_state
        self.form = form

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LawRegressor:
        """Search for a law of X (n, F) and y (n,), in which equal rows are replicates.

        sample_weight: (n,) how much each row counts, such as 1 / sigma² or a number of measurements; a row of weight 0
        is left out. Raises InputError (a ValueError) where there can be no law, and as scikit-learn for text.
        """
        X, y = validate_data(self, _plainly(X), _plainly(y), y_numeric=True, ensure_min_samples=4)
        frame = pd.DataFrame(np.asarray(X, dtype=float), columns=self._names())
        frame[self._free("y")] = np.asarray(y, dtype=float)
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            if np.ptp(weight) > 0:
                frame = frame.assign(**{self._free(WEIGHT): weight / weight.max()})[weight > 0]
        kept = TemporaryDirectory(prefix="lawsmith-") if self.runs_dir is None else nullcontext(str(self.runs_dir))
        with kept as folder:
            self.law_ = self._search(frame, Path(folder))
        self.expression_ = self.law_.expression
        return self

    def predict(self, X: Any) -> Array:
        """(n,) predictions of the law for X (n, F)."""
        check_is_fitted(self)
        X = validate_data(self, _plainly(X), reset=False)
        return self.law_.predict(pd.DataFrame(np.asarray(X, dtype=float), columns=self._names()))

    def _names(self) -> list[str]:
        """The names of X's columns where it has some, else x0, x1 …"""
        return list(getattr(self, "feature_names_in_", [f"x{k}" for k in range(self.n_features_in_)]))

    def _free(self, name: str) -> str:
        """The name, or one like it that no feature has."""
        return name if name not in self._names() else self._free(f"{name}_")

    def _search(self, frame: pd.DataFrame, folder: Path) -> Law:
        result = discover(
            frame,
            target=self._free("y"),
            sigma=self._free(WEIGHT) if self._free(WEIGHT) in frame else None,
            features=self._names(),
            form=() if self.form is None else self.form,
            only=self.form is not None,
            group="",
            cap=self.cap,
            agent=self.agent,
            seed=self.random_state,
            time_limit=self.time_limit,
            workers=self.workers,
            runs_dir=folder,
        )
        if result.selected is None:
            raise ValueError(f"no law was found: {result.reason}")
        self.verdict_ = result.verdict
        if (stopped := str(result.selected.result.details.get("stopped"))).startswith("time limit"):
            told = f"The {stopped} ended the search; a larger time_limit may find a better law."
            warn(told, ConvergenceWarning, stacklevel=3)
        return Law.open(result.selected.archive)


def _plainly(X: Any) -> Any:
    """X or y, as a frame where `as_frame` makes one, with moments as decimal years and durations in seconds."""
    X = as_frame(X)
    if not isinstance(X, pd.DataFrame):
        moments = isinstance(X, pd.Series) or (isinstance(X, np.ndarray) and X.dtype.kind in "mM")
        return _plainly(pd.DataFrame(X)).to_numpy().reshape(np.shape(X)) if moments else X
    return X if X.columns.has_duplicates else X.apply(_in_numbers)


def _in_numbers(column: pd.Series[Any]) -> Any:
    """A column, in decimal years or seconds where it holds moments, dates, periods or durations."""
    if is_timedelta64_dtype(column.dtype):
        return column.dt.total_seconds()
    found = typed(column)
    years = found[0] if found is not None and found[2] else years_of(list(map(str, column))) if found is None else None
    return column if years is None or None in years else pd.Series(years, column.index)
