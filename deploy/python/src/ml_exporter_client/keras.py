"""A callback for Keras 3 on any backend.

    with monitor.training("digits", rows=len(x)) as run:
        model.fit(x, y, validation_split=0.1, callbacks=[callback(run)])
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .bases import derived
from .training import TEST, Training


class _Callback:
    run: Training
    every: Optional[int]
    _step = 0
    _epoch = 0
    _is_fit = False

    def on_train_begin(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._is_fit = True

    def on_train_end(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._is_fit = False

    def on_train_batch_end(self, batch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._step += 1
        if self.every and logs and self._step % self.every == 0:
            self.run.log_by_prefix(logs, step=self._step, epoch=self._epoch)

    def on_epoch_begin(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        self.run.log_by_prefix(logs or {}, epoch=epoch + 1, step=self._step or None)

    def on_test_end(self, logs: Optional[Mapping[str, Any]] = None) -> None:
        # Within fit the same numbers come at the end of the epoch, as val_....
        if not self._is_fit and logs:
            self.run.log_by_prefix(logs, split=TEST)


def callback(run: Training, every: Optional[int] = None) -> Any:
    """Logs the metrics of each epoch, of `evaluate`, and with `every` of every so many batches."""
    made = derived(_Callback, [("keras.callbacks", "Callback"), ("keras", "callbacks.Callback")])()
    made.run, made.every = run, every
    return made
