"""Training runs, and the callbacks of the frameworks that are light enough to be here."""

import asyncio

import lightgbm
import numpy
import pandas
import pytest
import xgboost
from conftest import samples, total
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml_exporter_client import lightgbm as for_lightgbm
from ml_exporter_client import xgboost as for_xgboost
from ml_exporter_client.sklearn import Measured
from ml_exporter_client.training import split_named, split_of


@pytest.fixture(scope="module")
def cancer():
    data = load_breast_cancer(as_frame=True)
    return data.data, data.target


def metrics(daemon, model):
    return {(dict(labels)["split"], dict(labels)["metric"]): value
            for labels, value in samples(daemon, "ml_training_metric", model=model).items()}


def test_a_run_that_succeeds(daemon, monitor, model):
    with monitor.training(model, "r7", rows=1200) as run:
        run.log(epoch=3, step=300, loss=numpy.float32(0.5), f1=float("nan"), name="text")
        run.log({"f1": 0.91}, split="validation", epoch=3)
        run.importance({"amount": numpy.float64(0.4)})
        run.statistics(pandas.DataFrame({"amount": [1.0, 2.0, numpy.nan, 6.0], "c": list("abcd")}))
    assert monitor.flush() and monitor.stats().rejected == 0
    assert metrics(daemon, model) == {("train", "loss"): 0.5, ("validation", "f1"): 0.91}
    assert total(daemon, "ml_training_rows", model=model) == 1200
    assert total(daemon, "ml_training_epoch", model=model) == 3
    assert total(daemon, "ml_training_info", model=model, run_id="r7") == 1
    assert total(daemon, "ml_training_last_success_timestamp_seconds", model=model) > 1.7e9
    assert total(daemon, "ml_training_feature_importance", model=model, feature="amount") == 0.4
    assert samples(daemon, "ml_training_feature_mean", model=model) == {(("feature", "amount"),): 3}
    assert samples(daemon, "ml_training_feature_median", model=model) == {(("feature", "amount"),): 2}


def test_a_run_that_fails(daemon, monitor, model):
    with pytest.raises(MemoryError):
        with monitor.training(model):
            raise MemoryError
    assert monitor.flush()
    assert total(daemon, "ml_training_failures_total", model=model) == 1
    assert not samples(daemon, "ml_training_last_success_timestamp_seconds", model=model)


def test_a_run_in_a_coroutine(daemon, monitor, model):
    async def train():
        async with monitor.training(model) as run:
            run.log(loss=1)

    asyncio.run(train())
    assert monitor.flush()
    assert metrics(daemon, model) == {("train", "loss"): 1}


def test_statistics_of_plain_lists_are_those_of_arrays():
    from ml_exporter_client.training import statistics_of
    values = [1, 2.5, None, float("nan"), 8]
    plain = statistics_of(values)
    array = statistics_of(numpy.array([1, 2.5, numpy.nan, 8]))
    assert plain == pytest.approx(array) and statistics_of(["a"]) is None


@pytest.mark.parametrize("name, split, metric", [
    ("val_loss", "validation", "loss"), ("eval/f1", "validation", "f1"), ("loss", "train", "loss"),
    ("test_auc", "test", "auc"), ("train_loss_epoch", "train", "loss_epoch"),
    ("value_loss", "train", "value_loss")])
def test_the_split_of(name, split, metric):
    assert split_of(name) == (split, metric)


@pytest.mark.parametrize("name, split", [
    ("valid_0", "validation"), ("training", "train"), ("eval", "validation"),
    ("holdout", "holdout"), ("test-2025", "test")])
def test_the_split_that_a_data_set_is(name, split):
    assert split_named(name) == split


def test_an_estimator_is_measured_when_it_is_fitted_and_asked(daemon, monitor, model, cancer):
    X, y = cancer
    measured = Measured(GradientBoostingClassifier(n_estimators=5), monitor, model, version=3)
    assert measured.fit(X, y) is measured
    predictions = measured.predict(X)
    assert (predictions == measured.estimator.predict(X)).all()
    probabilities = measured.predict_proba(X.head(10))
    assert probabilities.shape == (10, 2)
    # What is not measured is the estimator's.
    assert measured.n_features_in_ == 30 and measured.score(X, y) > 0.9
    assert monitor.flush()
    assert not monitor.stats().dropped and not monitor.stats().rejected, monitor.stats()
    rows = len(X) + 10
    assert total(daemon, "ml_requests_total", model=model, version="3", outcome="ok") == rows
    # The duration of each of the two calls counts once.
    assert total(daemon, "ml_request_duration_seconds_count", model=model) == 2
    assert total(daemon, "ml_feature_values_total", model=model, feature="mean radius") == rows
    assert total(daemon, "ml_training_rows", model=model) == len(X)
    assert len(samples(daemon, "ml_training_feature_importance", model=model)) == 30
    assert len(samples(daemon, "ml_training_feature_mean", model=model)) == 30
    assert total(daemon, "ml_training_last_success_timestamp_seconds", model=model) > 0


def test_estimators_of_other_kinds(daemon, monitor, model, cancer):
    X, y = cancer
    array = X.to_numpy()
    classes = numpy.array(["a", "b", "c"])[numpy.arange(len(array)) % 3]
    pipeline = Measured(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), monitor,
                        model, version="pipeline", feature_names=list(X.columns))
    pipeline.fit(array, classes)
    pipeline.predict_proba(array[:5])
    regression = Measured(LinearRegression(), monitor, model, version="regression", rows=False)
    regression.fit(X, y)
    regression.predict(X)
    assert monitor.flush() and not monitor.stats().rejected and not monitor.stats().dropped
    assert total(daemon, "ml_requests_total", model=model, version="pipeline", outcome="ok") == 5
    assert total(daemon, "ml_requests_total", model=model, version="regression", outcome="ok") == 1
    assert total(daemon, "ml_predictions_total", model=model, version="regression") == len(X)
    assert len(samples(daemon, "ml_training_feature_importance", model=model)) == 30


def test_a_prediction_that_fails_is_a_request_that_failed(daemon, monitor, model, cancer):
    measured = Measured(LinearRegression(), monitor, model).fit(*cancer)
    with pytest.raises(ValueError):
        measured.predict([[1.0]])
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="server_error") == 1
    assert total(daemon, "ml_request_errors_total", model=model, reason="ValueError") == 1


PARAMETERS = {"objective": "binary", "metric": ["auc", "binary_logloss"], "verbose": -1,
              "num_threads": 1}


def test_lightgbm_logs_each_iteration_and_the_importance(daemon, monitor, model, cancer):
    X, y = cancer
    train = lightgbm.Dataset(X[:400], y[:400])
    valid = lightgbm.Dataset(X[400:], y[400:], reference=train)
    with monitor.training(model, rows=400) as run:
        booster = lightgbm.train(
            PARAMETERS, train, 200, valid_sets=[train, valid], valid_names=["training", "valid_0"],
            callbacks=[for_lightgbm.callback(run), lightgbm.early_stopping(3, verbose=False)])
    assert monitor.flush() and not monitor.stats().rejected
    found = metrics(daemon, model)
    assert set(found) == {(split, metric) for split in ("train", "validation")
                          for metric in ("auc", "binary_logloss")}
    # The iteration that it was stopped in is there.
    assert total(daemon, "ml_training_step", model=model) == booster.best_iteration + 3
    importance = samples(daemon, "ml_training_feature_importance", model=model)
    assert len(importance) == 30
    # Names as LightGBM has them, without spaces.
    assert sum(importance.values()) == pytest.approx(booster.feature_importance("gain").sum())


def test_lightgbm_logs_a_cross_validation(daemon, monitor, model, cancer):
    X, y = cancer
    with monitor.training(model) as run:
        lightgbm.cv(PARAMETERS, lightgbm.Dataset(X, y), 5, nfold=2,
                    callbacks=[for_lightgbm.callback(run, every=2)])
    assert monitor.flush() and not monitor.stats().rejected and not monitor.stats().dropped
    assert set(metrics(daemon, model)) == {("validation", "auc"), ("validation", "binary_logloss")}
    assert total(daemon, "ml_training_step", model=model) == 5
    assert len(samples(daemon, "ml_training_feature_importance", model=model)) == 30


def test_xgboost_logs_each_round_and_the_importance(daemon, monitor, model, cancer):
    X, y = cancer
    train = xgboost.DMatrix(X[:400], y[:400])
    valid = xgboost.DMatrix(X[400:], y[400:])
    with monitor.training(model, rows=400) as run:
        booster = xgboost.train(
            {"objective": "binary:logistic", "eval_metric": ["auc", "logloss"], "nthread": 1},
            train, 9, evals=[(train, "train"), (valid, "eval")], verbose_eval=False,
            callbacks=[for_xgboost.callback(run, every=4)])
    assert monitor.flush() and not monitor.stats().rejected
    assert set(metrics(daemon, model)) == {(split, metric) for split in ("train", "validation")
                                           for metric in ("auc", "logloss")}
    assert total(daemon, "ml_training_step", model=model) == 9
    importance = samples(daemon, "ml_training_feature_importance", model=model)
    assert sum(importance.values()) == pytest.approx(
        sum(booster.get_score(importance_type="gain").values()))


def test_xgboosts_estimators_and_cross_validation_take_the_callback_too(daemon, monitor, model, cancer):
    X, y = cancer
    with monitor.training(model) as run:
        xgboost.XGBClassifier(n_estimators=3, n_jobs=1, callbacks=[for_xgboost.callback(run)]).fit(
            X, y, eval_set=[(X, y)], verbose=False)
        xgboost.cv({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(X, y), 3,
                   callbacks=[for_xgboost.callback(run)])
    assert monitor.flush() and not monitor.stats().rejected and not monitor.stats().dropped
    assert total(daemon, "ml_training_step", model=model) == 3


def test_a_callback_that_meets_something_strange_does_not_end_the_training(monitor, model):
    with monitor.training(model) as run:
        for_lightgbm.callback(run)(object())
        assert for_xgboost.callback(run).after_iteration(None, 0, {"a": 3}) is False
        for_xgboost.callback(run).after_training(object())
    assert monitor.flush()
    assert monitor.stats().dropped == {"unreadable": 2}
