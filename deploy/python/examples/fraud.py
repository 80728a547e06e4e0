# %% [markdown]
# # A fraud model, from training to labels
#
# Each cell ends with what Prometheus would read of it. Needs scikit-learn and pandas, and a daemon:
# `make run` in another terminal. The address is taken from ML_EXPORTER_URL when it is not the usual one.

# %%
import os
import urllib.request

import numpy
import pandas
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from ml_exporter_client import Monitor
from ml_exporter_client.sklearn import Measured

METRICS = os.environ.get("ML_EXPORTER_METRICS", "http://localhost:10180/metrics")
monitor = Monitor(name="fraud-notebook")


def show(*families):
    """The series of the model in these families, as they are on the page."""
    monitor.flush()
    with urllib.request.urlopen(METRICS, timeout=10) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(tuple(family + "{" for family in families)) and "fraud" in line:
                print(line)


# %% [markdown]
# ## Data
# Amounts in euros, an age that is sometimes missing, a country.

# %%
random = numpy.random.default_rng(7)
ROWS = 4000
data = pandas.DataFrame({
    "amount": random.lognormal(3, 1, ROWS),
    "age": numpy.where(random.random(ROWS) < 0.05, numpy.nan, random.integers(18, 90, ROWS)),
    "hour": random.integers(0, 24, ROWS),
})
odds = 0.04 * data["amount"] - 0.02 * data["age"].fillna(50) + 0.1 * (data["hour"] < 6) - 1
is_fraud = (random.random(ROWS) < 1 / (1 + numpy.exp(-odds))).astype(int)
train, test = slice(0, 3000), slice(3000, None)

# %% [markdown]
# ## Training
# Duration, rows, metrics by split, importance and statistics of the features.

# %%
model = GradientBoostingClassifier(n_estimators=30, random_state=7)
with monitor.training("fraud", rows=3000) as run:
    model.fit(data[train].fillna(-1), is_fraud[train])
    for split, rows in (("train", train), ("validation", test)):
        scores = model.predict_proba(data[rows].fillna(-1))[:, 1]
        run.log(split=split, auc=roc_auc_score(is_fraud[rows], scores))
    run.importance(model.feature_names_in_, model.feature_importances_)
    run.statistics(data[train])
show("ml_training_metric", "ml_training_feature_importance", "ml_training_rows")

# %% [markdown]
# ## Serving, one request at a time
# A block is a request: its duration, its features, its score. A missing age is counted as missing.

# %%
monitor.loaded("fraud", version=3, framework="scikit-learn")
for number, (_, row) in enumerate(data[test].head(200).iterrows()):
    with monitor.request("fraud", version=3, features=row, id=number) as request:
        with request.stage("preprocess"):
            filled = row.fillna(-1).to_frame().T
        with request.stage("inference"):
            request["score"] = model.predict_proba(filled)[0, 1]
        request["prediction"] = int(request["score"] > 0.5)
show("ml_requests_total", "ml_feature_missing_total", "ml_request_stage_duration_seconds_count")

# %% [markdown]
# ## A request that fails
# The exception is raised as always; the request counts as an error with its name.

# %%
try:
    with monitor.request("fraud", version=3):
        # This model refuses missing values.
        model.predict(data.head(1).assign(amount=numpy.nan))
except ValueError as error:
    print(type(error).__name__)
show("ml_request_errors_total")

# %% [markdown]
# ## Scoring a batch
# A row of the frame is a request. The same with a wrapped estimator, which needs no further line.

# %%
rest = data[test].iloc[200:]
monitor.columns("fraud", version=3, features=rest,
                score=model.predict_proba(rest.fillna(-1))[:, 1])
Measured(model, monitor, "fraud", version=4).predict(rest.fillna(-1))
show("ml_requests_total")

# %% [markdown]
# ## What turned out to be true, and what it was worth

# %%
monitor.labels("fraud", range(200), is_fraud[test][:200])
monitor.metric("prevented_losses", float(data[test]["amount"][is_fraud[test] == 1].sum()),
               target=10_000, unit="euros", model="fraud")
show("ml_labels_received_total", "ml_business_value", "ml_business_target")

# %% [markdown]
# ## What became of all this

# %%
print(monitor.stats())
monitor.close()
