"""A training run that is being followed."""

from __future__ import annotations

import datetime
import math
import statistics as _statistics
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from .columns import frame, listed
from .values import clean, scalar

if TYPE_CHECKING:
    from types import TracebackType

    from .monitor import Monitor

TRAIN, VALIDATION, TEST = "train", "validation", "test"
_SPLITS = {
    "train": TRAIN, "training": TRAIN, "learn": TRAIN, "val": VALIDATION, "valid": VALIDATION,
    "validation": VALIDATION, "eval": VALIDATION, "dev": VALIDATION, "test": TEST, "testing": TEST,
}
# What the daemon accepts in one event.
ENTRIES = 200


class Training:
    """`with monitor.training("fraud") as run:` reports the start of a run, its result and duration.

    An exception makes it a failed run and is raised again. No method raises.
    """

    def __init__(self, monitor: Monitor, model: str, run: Optional[str],
                 fields: Mapping[str, Any]):
        self._monitor = monitor
        self._fields: Dict[str, Any] = dict(fields)
        self._fields["model"] = model
        self._fields["run"] = run or datetime.datetime.now().isoformat(timespec="seconds")
        self._began = time.monotonic()
        self._at_success: List[Callable[[], None]] = []

    @property
    def run(self) -> str:
        return str(self._fields["run"])

    @property
    def rows(self) -> Optional[int]:
        """Rows of the training data."""
        rows: Optional[int] = self._fields.get("rows")
        return rows

    @rows.setter
    def rows(self, count: int) -> None:
        self._fields["rows"] = count

    def log(self, metrics: Optional[Mapping[str, Any]] = None, *, split: str = TRAIN,
            epoch: Any = None, step: Any = None, **more: Any) -> None:
        """The current metrics of the run: `run.log(epoch=3, split="validation", f1=0.91)`."""
        self._send(split=split, epoch=epoch, step=step, metrics=_numbers({**(metrics or {}), **more}))

    def log_by_prefix(self, metrics: Mapping[str, Any], *, split: str = TRAIN, epoch: Any = None,
                      step: Any = None) -> None:
        """As `log`, for names that begin with their split: `val_loss`, `eval/f1`."""
        by_split: Dict[str, Dict[str, Any]] = {}
        for name, value in metrics.items():
            own, rest = split_of(str(name), split)
            by_split.setdefault(own, {})[rest] = value
        for own, values in by_split.items():
            self.log(values, split=own, epoch=epoch, step=step)

    def importance(self, features: Any, values: Optional[Iterable[Any]] = None) -> None:
        """The importance of each feature: a mapping, or names and numbers."""
        try:
            pairs = dict(features) if values is None else dict(zip(features, values))
            self._send(feature_importance=_numbers(pairs))
        except Exception as error:
            self.mistake(error)

    def statistics(self, features: Any, names: Any = None) -> None:
        """Mean, standard deviation and median of each numeric column of the training data."""
        try:
            found = {}
            for name, column in frame(features, names).items():
                numbers = statistics_of(column)
                if numbers:
                    found[name] = numbers
                if len(found) == ENTRIES:
                    break
            self._send(feature_statistics=found)
        except Exception as error:
            self.mistake(error)

    def at_success(self, action: Callable[[], None]) -> None:
        """Runs `action` when the run has succeeded, before the result is reported."""
        self._at_success.append(action)

    def begin(self) -> Training:
        self._began = time.monotonic()
        self._send(status="running")
        return self

    def end(self, error: Optional[BaseException] = None) -> None:
        for action in self._at_success if error is None else ():
            try:
                action()
            except Exception as mistake:
                self.mistake(mistake)
        self._send(status="succeeded" if error is None else "failed",
                   duration_seconds=time.monotonic() - self._began)

    def _send(self, **fields: Any) -> None:
        self._monitor.event(type="training", **{
            **self._fields, **{name: value for name, value in fields.items() if value is not None}})

    def mistake(self, error: Exception) -> None:
        """Counts something that could not be read; for callbacks."""
        self._monitor.note_unreadable(repr(error))

    def __enter__(self) -> Training:
        return self.begin()

    def __exit__(self, kind: Optional[type], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.end(error)

    async def __aenter__(self) -> Training:
        return self.begin()

    async def __aexit__(self, kind: Optional[type], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.end(error)


def split_of(name: str, otherwise: str = TRAIN) -> Tuple[str, str]:
    """The split and the metric that a name like `val_loss` stands for."""
    for mark in "_/.-":
        first, found, rest = name.partition(mark)
        if found and rest and first.lower() in _SPLITS:
            return _SPLITS[first.lower()], rest
    return otherwise, name


def split_named(name: str) -> str:
    """The split that a data set's name means; the name itself when it means none."""
    first = name.lower().replace("-", "_").split("_")[0]
    return _SPLITS.get(name.lower(), _SPLITS.get(first, name))


def statistics_of(column: Any) -> Optional[Dict[str, float]]:
    """Mean, standard deviation and median; None for a column that is not numeric."""
    numpy = sys.modules.get("numpy")
    kind = getattr(getattr(column, "dtype", None), "kind", "")
    if numpy is not None and kind in ("i", "u", "f"):
        values = numpy.asarray(column, dtype="float64")
        values = values[numpy.isfinite(values)]
        if not len(values):
            return None
        return {"mean": float(values.mean()), "stddev": float(values.std()),
                "median": float(numpy.median(values))}
    numbers = []
    for value in listed(column):
        plain = clean(value, [])
        if isinstance(plain, (str, bool)):
            return None
        if plain is not None and math.isfinite(plain):
            numbers.append(float(plain))
    if not numbers:
        return None
    return {"mean": _statistics.fmean(numbers), "stddev": _statistics.pstdev(numbers),
            "median": _statistics.median(numbers)}


def _numbers(values: Mapping[Any, Any]) -> Dict[str, Any]:
    """The entries that are numbers, as many as an event may have."""
    found: Dict[str, Any] = {}
    for name, value in values.items():
        try:
            plain = scalar(value)
        except Exception:
            continue
        if isinstance(plain, (int, float)) and len(found) < ENTRIES:
            found[str(name)] = plain
    return found
