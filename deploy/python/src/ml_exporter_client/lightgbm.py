"""A callback for LightGBM.

    with monitor.training("fraud", rows=len(X)) as run:
        lightgbm.train(parameters, data, valid_sets=[valid], callbacks=[callback(run)])
"""

from __future__ import annotations

from typing import Any, Dict

from .training import Training, split_named


class _Callback:
    # Before early_stopping (30), which ends the iteration by an exception.
    order = 25
    before_iteration = False

    def __init__(self, run: Training, every: int, importance_type: str):
        self._run, self._every, self._type = run, max(1, every), importance_type
        self._booster: Any = None

    def __call__(self, env: Any) -> None:
        try:
            if self._booster is None:
                self._run.at_success(self._importance)
            self._booster = env.model
            is_last = env.iteration + 1 == env.end_iteration
            if is_last or (env.iteration - env.begin_iteration) % self._every == 0:
                self._log(env)
        except Exception as error:
            self._run.mistake(error)

    def _log(self, env: Any) -> None:
        splits: Dict[str, Dict[str, Any]] = {}
        for entry in env.evaluation_result_list or ():
            # (data set, metric, value, higher is better), of cv: ("cv_agg", "valid auc", mean, ...).
            name, metric, value = entry[0], entry[1], entry[2]
            if name == "cv_agg":
                name, _, metric = str(metric).partition(" ")
            splits.setdefault(split_named(str(name)), {})[str(metric)] = value
        for split, metrics in splits.items():
            self._run.log(metrics, split=split, step=env.iteration + 1)

    def _importance(self) -> None:
        if self._booster is None:
            return
        # Of cv there are several boosters.
        boosters = getattr(self._booster, "boosters", [self._booster])
        found: Dict[str, float] = {}
        for booster in boosters:
            values = booster.feature_importance(importance_type=self._type)
            for name, value in zip(booster.feature_name(), values):
                found[name] = found.get(name, 0.0) + float(value) / len(boosters)
        self._run.importance(found)


def callback(run: Training, every: int = 1, importance_type: str = "gain") -> Any:
    """Logs the metrics of every `every`th iteration and of the last, and at the end the importance."""
    return _Callback(run, every, importance_type)
