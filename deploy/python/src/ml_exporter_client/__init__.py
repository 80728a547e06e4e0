"""Client of ml_exporter for model services and training jobs.

    from ml_exporter_client import Monitor

    monitor = Monitor()

    with monitor.request("fraud", version="3", features=row) as request:
        request["score"] = model.predict(row)

Events are queued in the caller and sent by a background thread. No call waits for the network and
none raises; what is lost is counted in `monitor.stats()` and logged at most once a minute.
"""

from .fields import ColumnFields, LabelFields, MetricFields, Outcome, RequestFields
from .monitor import Monitor, annotate
from .request import Request
from .report import Stats
from .training import Training

__version__ = "0.1.0"

__all__ = [
    "ColumnFields", "LabelFields", "MetricFields", "Monitor", "Outcome", "Request",
    "RequestFields", "Stats", "Training", "annotate",
]
