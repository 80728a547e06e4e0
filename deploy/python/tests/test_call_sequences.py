"""Keras, Lightning and transformers call their callbacks in the order that they document.

The packages themselves bring gigabytes: test_frameworks.py runs them (`make python-frameworks`).
"""

import types

import numpy
from conftest import samples, total

from ml_exporter_client import huggingface, keras, lightning


def metrics(daemon, model):
    return {(dict(labels)["split"], dict(labels)["metric"]): value
            for labels, value in samples(daemon, "ml_training_metric", model=model).items()}


def test_keras_fit_and_evaluate(daemon, monitor, model):
    with monitor.training(model) as run:
        callback = keras.callback(run, every=2)
        callback.on_train_begin({})
        for epoch in range(2):
            callback.on_epoch_begin(epoch, {})
            for batch in range(3):
                callback.on_train_batch_end(batch, {"loss": 1.0 - epoch * 0.3 - batch * 0.01})
            callback.on_test_end({"loss": 0.9, "accuracy": 0.5})
            callback.on_epoch_end(epoch, {"loss": 0.6 - epoch * 0.1, "accuracy": 0.7,
                                          "val_loss": numpy.float32(0.75), "val_accuracy": 0.8})
        callback.on_train_end({})
        callback.on_test_end({"loss": 0.5, "accuracy": 0.9})
    assert monitor.flush() and not monitor.stats().rejected
    assert metrics(daemon, model) == {
        ("train", "loss"): 0.5, ("train", "accuracy"): 0.7, ("validation", "loss"): 0.75,
        ("validation", "accuracy"): 0.8, ("test", "loss"): 0.5, ("test", "accuracy"): 0.9}
    assert total(daemon, "ml_training_epoch", model=model) == 2
    assert total(daemon, "ml_training_step", model=model) == 6


class Tensor:
    """What a torch tensor of one number answers."""

    def __init__(self, value):
        self._value = value

    def item(self):
        return self._value


def trainer(**state):
    return types.SimpleNamespace(**{
        "sanity_checking": False, "is_global_zero": True, "current_epoch": 0, "global_step": 0,
        "callback_metrics": {}, **state})


def test_lightning_fit_and_test(daemon, monitor, model):
    with monitor.training(model) as run:
        callback = lightning.callback(run, every=2)
        # The check before the training is not part of it.
        callback.on_validation_epoch_end(
            trainer(sanity_checking=True, callback_metrics={"val_loss": Tensor(9.0)}), None)
        for epoch in range(2):
            for batch in range(2):
                callback.on_train_batch_end(
                    trainer(current_epoch=epoch, global_step=epoch * 2 + batch + 1,
                            callback_metrics={"train_loss": Tensor(0.5)}), None, None, None, batch)
            found = {"train_loss": Tensor(0.4 - epoch * 0.1), "val_loss": Tensor(0.45)}
            at = {"current_epoch": epoch, "global_step": epoch * 2 + 2, "callback_metrics": found}
            callback.on_validation_epoch_end(trainer(**at), None)
            callback.on_train_epoch_end(trainer(**at), None)
            # Another process of the same training reports nothing.
            callback.on_train_epoch_end(trainer(
                **{**at, "is_global_zero": False, "callback_metrics": {"train_loss": Tensor(7)}}), None)
        callback.on_test_epoch_end(trainer(callback_metrics={"accuracy": Tensor(0.9)}), None)
    assert monitor.flush() and not monitor.stats().rejected
    found = metrics(daemon, model)
    assert found.pop(("train", "loss")) == 0.4 - 0.1
    assert found == {("validation", "loss"): 0.45, ("test", "accuracy"): 0.9}


def test_the_trainer_of_transformers(daemon, monitor, model):
    state = types.SimpleNamespace(is_world_process_zero=True, epoch=0.5, global_step=50)
    loader = types.SimpleNamespace(dataset=range(800))
    with monitor.training(model) as run:
        callback = huggingface.callback(run)
        callback.on_train_begin(None, state, None, train_dataloader=loader)
        callback.on_log(None, state, None, logs={
            "loss": 0.4, "grad_norm": 1.2, "learning_rate": 5e-5, "epoch": 0.5})
        state.epoch, state.global_step = 1.0, 100
        callback.on_log(None, state, None, logs={
            "eval_loss": 0.35, "eval_f1": 0.9, "eval_runtime": 3.2,
            "eval_samples_per_second": 30.1, "epoch": 1.0})
        callback.on_log(None, state, None, logs={
            "train_runtime": 12.5, "train_samples_per_second": 64.0, "total_flos": 1e15,
            "train_loss": 0.38, "epoch": 1.0})
        state.is_world_process_zero = False
        callback.on_log(None, state, None, logs={"loss": 9.0})
    assert monitor.flush() and not monitor.stats().rejected
    assert metrics(daemon, model) == {
        ("train", "loss"): 0.38, ("train", "grad_norm"): 1.2, ("train", "learning_rate"): 5e-5,
        ("validation", "loss"): 0.35, ("validation", "f1"): 0.9}
    assert total(daemon, "ml_training_rows", model=model) == 800
    assert total(daemon, "ml_training_step", model=model) == 100
    assert total(daemon, "ml_training_epoch", model=model) == 1


def test_callbacks_that_meet_something_strange_do_not_end_the_training(monitor, model):
    with monitor.training(model) as run:
        lightning.callback(run).on_train_epoch_end(object(), None)
        huggingface.callback(run).on_log(None, None, None, logs=object())
        huggingface.callback(run).on_train_begin(None, None, None)
        keras.callback(run).on_epoch_end(0, None)
    assert monitor.flush()
