"""A scikit-learn regressor that discovers a law; needs scikit-learn, which lawsmith does not install itself."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from lawsmith.agent.command.api import discover
from lawsmith.runs.laws import Law
from lawsmith.tasks import Array


class LawRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Fits a compact formula y = f(X) that is chosen by how well it extrapolates inside the training rows.

    Args:
        agent: "symbolic" (no model is asked), or any agent of `lawsmith.discover`.
        time_limit: seconds of search; None searches until the agent has finished.
        cap: most constants in the law; None sets no limit.
        runs_dir: where the archives go; by default they are thrown away after the fit.
        workers: candidates evaluated at a time; None takes one per core.
        random_state: seed of the search, a whole number.

    After `fit`: `law_` (`lawsmith.Law`), `expression_` (str), `n_features_in_`, and `feature_names_in_` where X has
    names.
    """

    def __init__(
        self,
        agent: str = "symbolic",
        time_limit: float | None = 30.0,
        cap: int | None = None,
        runs_dir: Path | str | None = None,
        workers: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.agent = agent
        self.time_limit = time_limit
        self.cap = cap
        self.runs_dir = runs_dir
        self.workers = workers
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LawRegressor:
        """Search for a law of X (n, F) and y (n,); raises InputError (a ValueError) where there can be none."""
        X, y = validate_data(self, X, y, y_numeric=True, ensure_min_samples=4)
        frame = pd.DataFrame(np.asarray(X, dtype=float), columns=self._names()).drop_duplicates()
        frame["y"] = np.asarray(y, dtype=float)[frame.index]
        if self.runs_dir is not None:
            self.law_ = self._search(frame, Path(self.runs_dir))
        else:
            with TemporaryDirectory(prefix="lawsmith-") as folder:
                self.law_ = self._search(frame, Path(folder))
        self.expression_ = self.law_.expression
        return self

    def predict(self, X: Any) -> Array:
        """(n,) predictions of the law for X (n, F)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.law_.predict(pd.DataFrame(np.asarray(X, dtype=float), columns=self._names()))

    def _names(self) -> list[str]:
        return [f"x{k}" for k in range(self.n_features_in_)]

    def _search(self, frame: pd.DataFrame, folder: Path) -> Law:
        result = discover(
            frame,
            target="y",
            features=self._names(),
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
        return Law.open(result.selected.archive)
