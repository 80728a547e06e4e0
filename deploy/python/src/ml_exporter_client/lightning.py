"""A callback for Lightning.

    with monitor.training("digits") as run:
        Trainer(max_epochs=5, callbacks=[callback(run)]).fit(module, data)
"""

from __future__ import annotations

from typing import Any, Optional

from .bases import derived
from .training import TEST, TRAIN, VALIDATION, Training


class _Callback:
    run: Training
    every: Optional[int]

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any,
                           batch_idx: int) -> None:
        if self.every and trainer.global_step % self.every == 0:
            self._log(trainer, TRAIN)

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._log(trainer, TRAIN)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._log(trainer, VALIDATION)

    def on_test_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._log(trainer, TEST)

    def _log(self, trainer: Any, split: str) -> None:
        """Logs what the module has logged by self.log; only the process of rank 0 does."""
        try:
            if getattr(trainer, "sanity_checking", False) or not getattr(
                    trainer, "is_global_zero", True):
                return
            self.run.log_by_prefix(
                dict(trainer.callback_metrics), split=split,
                epoch=trainer.current_epoch + 1, step=trainer.global_step)
        except Exception as error:
            self.run.mistake(error)


def callback(run: Training, every: Optional[int] = None) -> Any:
    """Logs the metrics of each epoch, and with `every` of every so many optimizer steps."""
    made = derived(_Callback, [("lightning.pytorch.callbacks", "Callback"),
                               ("pytorch_lightning.callbacks", "Callback")])()
    made.run, made.every = run, every
    return made
