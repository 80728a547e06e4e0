"""A scikit-learn estimator, or anything with `predict`, that is measured.

    model = Measured(GradientBoostingClassifier(), monitor, "fraud", version="3")
    model.fit(X, y)        # a training run: duration, rows, importance, statistics
    model.predict(row)     # a request, or one per row of a batch
"""

from __future__ import annotations

from time import perf_counter
from typing import Any, Dict, List, Optional, Sequence

from .columns import frame, height
from .monitor import Monitor
from .outcomes import of_exception


class Measured:
    """Stands for an estimator: everything but `fit`, `predict`, `predict_proba` and
    `decision_function` is the estimator's own. Not an estimator for `clone` or `Pipeline`; wrap the
    whole pipeline.

    Each row of a call is a request, and the call's duration is observed once. With `rows=False` a
    call is one request with a `batch_size`, without features and predictions.
    """

    def __init__(self, estimator: Any, monitor: Monitor, model: str, *,
                 version: Any = None, variant: Any = None, rows: bool = True,
                 feature_names: Optional[Sequence[str]] = None,
                 positive_class: Any = None):
        self.estimator = estimator
        self._monitor = monitor
        self._model = model
        self._scope = {"version": version, "variant": variant}
        self._rows = rows
        self._names = feature_names
        self._positive = positive_class

    def __getattr__(self, name: str) -> Any:
        if name == "estimator":
            # While being unpickled there is no estimator yet.
            raise AttributeError(name)
        return getattr(self.estimator, name)

    def fit(self, X: Any, *arguments: Any, **named: Any) -> Measured:
        with self._monitor.training(self._model, rows=height(X),
                                    version=self._scope["version"]) as run:
            self.estimator.fit(X, *arguments, **named)
            run.statistics(X, self._feature_names(X))
            importance = self._importance()
            if importance is not None:
                run.importance(self._feature_names(X) or range(len(importance)), importance)
        return self

    def predict(self, X: Any, *arguments: Any, **named: Any) -> Any:
        return self._call(self.estimator.predict, X, arguments, named, "prediction")

    def predict_proba(self, X: Any, *arguments: Any, **named: Any) -> Any:
        return self._call(self.estimator.predict_proba, X, arguments, named, "scores")

    def decision_function(self, X: Any, *arguments: Any, **named: Any) -> Any:
        return self._call(self.estimator.decision_function, X, arguments, named, "")

    def _call(self, function: Any, X: Any, arguments: Any, named: Any, kind: str) -> Any:
        began = perf_counter()
        try:
            answer = function(X, *arguments, **named)
        except BaseException as error:
            outcome, reason = of_exception(error)
            self._request(X, perf_counter() - began, outcome=outcome, reason=reason)
            raise
        seconds = perf_counter() - began
        try:
            if self._rows:
                self._send_rows(X, answer, kind, seconds)
            else:
                self._request(X, seconds)
        except Exception as error:
            self._monitor.note_unreadable(repr(error))
        return answer

    def _request(self, X: Any, seconds: float, **fields: Any) -> None:
        self._monitor.event(model=self._model, duration_seconds=seconds,
                            batch_size=max(1, height(X)), **self._scope, **fields)

    def _send_rows(self, X: Any, answer: Any, kind: str, seconds: float) -> None:
        rows = height(X)
        columns: Dict[str, Any] = {}
        if kind == "prediction":
            columns["prediction"] = answer
        elif kind == "scores":
            columns.update(self._scores(answer))
        durations: List[Optional[float]] = [seconds] + [None] * (rows - 1)
        self._monitor.columns(
            self._model, features=X, feature_names=self._feature_names(X),
            duration_seconds=durations, **self._scope, **columns)

    def _scores(self, answer: Any) -> Dict[str, Any]:
        classes = [str(one) for one in getattr(self.estimator, "classes_", ())]
        if len(classes) != getattr(answer, "shape", (0, 0))[-1]:
            return {}
        if len(classes) == 2:
            positive = classes.index(str(self._positive)) if self._positive is not None else 1
            return {"score": answer[:, positive]}
        return {"scores": {name: answer[:, index] for index, name in enumerate(classes)}}

    def _feature_names(self, X: Any) -> Optional[Sequence[str]]:
        if self._names is not None:
            return self._names
        known = getattr(self.estimator, "feature_names_in_", None)
        if known is not None:
            return [str(name) for name in known]
        return list(frame(X)) if height(X) and hasattr(X, "columns") else None

    def _importance(self) -> Any:
        found = getattr(self.estimator, "feature_importances_", None)
        if found is None:
            found = getattr(self.estimator, "coef_", None)
            if found is not None:
                # One row per class: the mean magnitude is the importance of a feature.
                found = abs(found).mean(axis=0) if getattr(found, "ndim", 1) > 1 else abs(found)
        return found
