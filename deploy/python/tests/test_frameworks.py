"""Keras on jax, Lightning and transformers themselves: `make python-frameworks`."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT, samples, total

from ml_exporter_client import huggingface, lightning

pytestmark = pytest.mark.frameworks
SOURCE = str(ROOT / "deploy" / "python" / "src")


def metrics(daemon, model):
    return {(dict(labels)["split"], dict(labels)["metric"]): value
            for labels, value in samples(daemon, "ml_training_metric", model=model).items()}


def test_keras_on_jax_runs_the_example_of_the_documentation(daemon, tmp_path):
    from test_documentation import BLOCKS
    (tmp_path / "example.py").write_text(BLOCKS["keras_training.py"])
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env={**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": SOURCE,
             "ML_EXPORTER_URL": f"http://{daemon.push_address}"})
    assert done.returncode == 0, done.stderr
    assert set(metrics(daemon, "with-keras")) == {
        (split, metric) for split in ("train", "validation", "test")
        for metric in ("loss", "accuracy")}
    assert total(daemon, "ml_training_epoch", model="with-keras") == 3
    assert total(daemon, "ml_training_last_success_timestamp_seconds", model="with-keras") > 0


@pytest.fixture
def torch():
    import torch as module

    module.set_num_threads(1)
    return module


def test_lightning(daemon, monitor, model, torch, tmp_path):
    import lightning.pytorch as pl

    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch, index):
            loss = ((self.layer(batch[0]) - batch[1]) ** 2).mean()
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch, index):
            self.log("val_loss", ((self.layer(batch[0]) - batch[1]) ** 2).mean())

        def test_step(self, batch, index):
            self.log("test_loss", ((self.layer(batch[0]) - batch[1]) ** 2).mean())

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.01)

    data = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8)
    with monitor.training(model, rows=32) as run:
        trainer = pl.Trainer(max_epochs=2, accelerator="cpu", logger=False, enable_checkpointing=False,
                             enable_progress_bar=False, enable_model_summary=False,
                             default_root_dir=tmp_path, callbacks=[lightning_callback(run)])
        module = Module()
        trainer.fit(module, data, data)
        trainer.test(module, data, verbose=False)
    assert monitor.flush() and not monitor.stats().rejected and not monitor.stats().dropped
    assert set(metrics(daemon, model)) == {
        ("train", "loss"), ("validation", "loss"), ("test", "loss")}
    assert total(daemon, "ml_training_step", model=model) == 8


def lightning_callback(run):
    return lightning.callback(run, every=2)


def test_the_trainer_of_transformers(daemon, monitor, model, torch, tmp_path):
    import transformers

    class Rows(torch.utils.data.Dataset):
        def __len__(self):
            return 32

        def __getitem__(self, index):
            return {"input_ids": torch.tensor([index % 7, 1, 2]), "labels": torch.tensor(index % 2)}

    network = transformers.BertForSequenceClassification(transformers.BertConfig(
        vocab_size=10, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=8, num_labels=2))
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), num_train_epochs=2, per_device_train_batch_size=8,
        eval_strategy="epoch", logging_steps=1, save_strategy="no", report_to=[],
        disable_tqdm=True, use_cpu=True)
    with monitor.training(model) as run:
        transformers.Trainer(network, arguments, train_dataset=Rows(), eval_dataset=Rows(),
                             callbacks=[huggingface.callback(run)]).train()
    assert monitor.flush() and not monitor.stats().rejected and not monitor.stats().dropped
    found = metrics(daemon, model)
    assert {("train", "loss"), ("train", "learning_rate"), ("validation", "loss")} <= set(found)
    assert not [metric for _, metric in found if "per_second" in metric or "runtime" in metric]
    assert total(daemon, "ml_training_rows", model=model) == 32
    assert total(daemon, "ml_training_epoch", model=model) == 2
    assert total(daemon, "ml_training_step", model=model) == 8
