"""A callback for the Trainer of Hugging Face's transformers, and those of trl that derive from it.

    with monitor.training("summaries") as run:
        Trainer(model, arguments, train_dataset=data, callbacks=[callback(run)]).train()
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from .bases import derived
from .training import Training, split_of

# What the last log of a training adds, which is no metric of the model.
_TIMES = ("runtime", "samples_per_second", "steps_per_second", "total_flos",
          "jit_compilation_time", "model_preparation_time")


class _Callback:
    run: Training

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        loader = more.get("train_dataloader")
        try:
            self.run.rows = len(loader.dataset)  # type: ignore[union-attr]
        except Exception:
            # A stream has no length.
            pass

    def on_log(self, args: Any, state: Any, control: Any,
               logs: Optional[Mapping[str, Any]] = None, **more: Any) -> None:
        try:
            if not getattr(state, "is_world_process_zero", True):
                return
            metrics = {name: value for name, value in (logs or {}).items()
                       if name != "epoch" and split_of(name)[1] not in _TIMES}
            if metrics:
                self.run.log_by_prefix(metrics, epoch=getattr(state, "epoch", None),
                                       step=getattr(state, "global_step", None))
        except Exception as error:
            self.run.mistake(error)


def callback(run: Training) -> Any:
    """Logs what the Trainer logs: training and evaluation metrics, by split."""
    made = derived(_Callback, [("transformers", "TrainerCallback")])()
    made.run = run
    return made
