"""A callback for XGBoost.

    with monitor.training("fraud", rows=len(X)) as run:
        xgboost.train(parameters, data, evals=[(valid, "validation")], callbacks=[callback(run)])
"""

from __future__ import annotations

from typing import Any, Dict

from .bases import derived
from .training import Training, split_named


class _Callback:
    run: Training
    every: int
    importance_type: str

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch % self.every == 0:
            self._log(epoch, evals_log)
        self._unsaid = None if epoch % self.every == 0 else (epoch, evals_log)
        return False

    _unsaid: Any = None

    def after_training(self, model: Any) -> Any:
        try:
            if self._unsaid is not None:
                self._log(*self._unsaid)
            # Of cv the model is a pack of boosters, which has no scores.
            if hasattr(model, "get_score"):
                self.run.importance(model.get_score(importance_type=self.importance_type))
        except Exception as error:
            self.run.mistake(error)
        return model

    def _log(self, epoch: int, evals_log: Any) -> None:
        try:
            for name, metrics in (evals_log or {}).items():
                last: Dict[str, Any] = {}
                for metric, values in metrics.items():
                    value = values[-1]
                    # Of cv a mean and a standard deviation.
                    last[metric] = value[0] if isinstance(value, tuple) else value
                self.run.log(last, split=split_named(str(name)), step=epoch + 1)
        except Exception as error:
            self.run.mistake(error)


def callback(run: Training, every: int = 1, importance_type: str = "gain") -> Any:
    """Logs the metrics of every `every`th round and of the last, and at the end the importance."""
    made = derived(_Callback, [("xgboost.callback", "TrainingCallback")])()
    made.run, made.every, made.importance_type = run, max(1, every), importance_type
    return made
