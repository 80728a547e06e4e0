"""The API of the package: one object that takes all events."""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

from .columns import Labels, Requests
from .fields import ColumnFields, LabelFields, MetricFields, Name, RequestFields
from .process import EXIT_SECONDS
from .report import Stats, logger
from .request import Request, current
from .sender import Sender
from .training import Training
from .transport import Transport, addresses
from .values import snapshot

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TRUE = frozenset({"1", "true", "yes", "on"})


class Monitor:
    """Sends events to ml_exporter in the background.

    One per process is enough; it may be made before workers are forked. `url` is `unix:/path`,
    `http://host:port` or `https://host:port`; without it that of ML_EXPORTER_URL counts, else the
    daemon's socket, else its TCP port on this machine. `capacity` events wait while the daemon is
    away; further ones are dropped and counted.
    """

    def __init__(self, url: Optional[str] = None, *, name: Optional[str] = None,
                 token: Optional[str] = None, ca: Optional[str] = None, capacity: int = 20_000,
                 batch: int = 1000, interval: float = 1.0, timeout: float = 5.0):
        self._sender: Optional[Sender] = None
        arguments = (url, name, ca, capacity, batch, interval, timeout)
        if os.environ.get("ML_EXPORTER_DISABLE", "").strip().lower() in _TRUE:
            return
        try:
            transport = Transport(
                addresses(url), token or os.environ.get("ML_EXPORTER_TOKEN"),
                ca or os.environ.get("ML_EXPORTER_CA") or None, timeout)
            self._sender = Sender(
                transport, name or os.environ.get("ML_EXPORTER_NAME") or program_name(),
                max(1, capacity), max(1, batch), max(0.0, interval))
            self._sender.restore = (restored, arguments)
            _senders[arguments] = self._sender
        except Exception as error:
            # A wrong address costs the measurements, never the service.
            logger.error("nothing is sent to ml_exporter: %s", error)

    @property
    def enabled(self) -> bool:
        """False with ML_EXPORTER_DISABLE=1, and with an address that is not one."""
        return self._sender is not None

    # MARK: Requests

    def request(self, model: str, **fields: Unpack[RequestFields]) -> Request:
        """A request that is measured: a context manager, sync and async, and a decorator."""
        values: Dict[str, Any] = fields  # type: ignore[assignment]
        values["model"] = model
        return Request(self._sender, values)

    def columns(self, model: str, *, version: Optional[Name] = None,
                variant: Optional[Name] = None, feature_names: Optional[Sequence[Any]] = None,
                **columns: Unpack[ColumnFields]) -> None:
        """Many requests at once, a row each.

        A column is a list, an array or a Series; `features`, `scores`, `groups`, `stages`, `tokens`
        and `attributions` are a DataFrame or a dict of columns, and `features` also an array of rows
        with `feature_names`. A single value counts for all rows.
        """
        self._put_rows(lambda: Requests(_scope(model, version, variant), dict(columns),
                                        feature_names))

    # MARK: What is known later

    def label(self, model: str, id: Optional[Name] = None, label: Any = None,
              **fields: Unpack[LabelFields]) -> None:
        """What turned out to be true of the request with this id."""
        self.event(type="label", model=model, id=id, label=label, **fields)

    def labels(self, model: str, ids: Any, labels: Any, *, version: Optional[Name] = None,
               variant: Optional[Name] = None) -> None:
        """Many labels at once. Those that are None or NaN are not known yet and not sent."""
        self._put_rows(lambda: Labels(
            {"type": "label", **_scope(model, version, variant)}, {"id": ids, "label": labels}))

    def training(self, model: str, run: Optional[str] = None, *, rows: Optional[int] = None,
                 version: Optional[Name] = None) -> Training:
        """A training run as a context manager."""
        fields = {"rows": rows, "version": version}
        return Training(self, model, run,
                        {name: value for name, value in fields.items() if value is not None})

    def metric(self, name: str, value: Any = None, *, kind: str = "gauge",
               **fields: Unpack[MetricFields]) -> None:
        """A business number, or with `kind="counter"` what is added to one."""
        self.event(type="metric", name=name, kind=kind, value=value, **fields)

    # MARK: State

    def state(self, model: str, *, version: Optional[Name] = None, in_flight: Any = None,
              queue_length: Any = None, **more: Any) -> None:
        """Gauges of this process; they expire 300 s after its last event."""
        self.event(type="state", model=model, version=version, in_flight=in_flight,
                   queue_length=queue_length, **more)

    def loaded(self, model: str, *, version: Optional[Name] = None, framework: Any = None,
               git_sha: Any = None, trained_at: Any = None) -> None:
        """Reports that this process has loaded a version and serves it."""
        self.event(type="model", model=model, version=version, event="loaded",
                   framework=framework, git_sha=git_sha, trained_at=trained_at)

    def unloaded(self, model: str, *, version: Optional[Name] = None) -> None:
        self.event(type="model", model=model, version=version, event="unloaded")

    def event(self, **event: Any) -> None:
        """Any event of docs/push.md. Fields that are None are left out."""
        sender = self._sender
        if sender is None:
            return
        try:
            sender.put({name: snapshot(value) for name, value in event.items()
                        if value is not None})
        except Exception as error:
            sender.report.drop("unreadable", 1, repr(error))

    # MARK: The sender

    def stats(self) -> Stats:
        """What became of events so far."""
        sender = self._sender
        if sender is None:
            return Stats(0, 0, 0, {}, {}, 0)
        return sender.report.stats(len(sender.queue))

    @property
    def dropped(self) -> int:
        """How many events were dropped, for whatever reason."""
        return sum(self.stats().dropped.values())

    def flush(self, seconds: float = 5.0) -> bool:
        """Waits until the daemon has answered for all that is queued; whether it did in time."""
        return self._sender is None or self._sender.flush(seconds)

    def close(self, seconds: float = EXIT_SECONDS) -> None:
        """Sends what is queued, for at most that long; runs by itself when the process exits.

        Events that come later are dropped and counted."""
        if self._sender is not None:
            self._sender.close(seconds)

    def reopen(self) -> None:
        """Takes events again after `close`, as an application that is started once more."""
        if self._sender is not None:
            self._sender.reopen()

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def aflush(self, seconds: float = 5.0) -> bool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, self.flush, seconds)

    async def aclose(self, seconds: float = EXIT_SECONDS) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self.close, seconds)

    def note_unreadable(self, sentence: str) -> None:
        """Counts something that was given and cannot be sent."""
        if self._sender is not None:
            self._sender.report.drop("unreadable", 1, sentence)

    def _put_rows(self, make: Any) -> None:
        sender = self._sender
        if sender is None:
            return
        try:
            rows = make()
            if rows.rows:
                sender.put_rows(rows)
        except Exception as error:
            sender.report.drop("unreadable", 1, repr(error))


# By arguments, for what is unpickled.
_senders: "weakref.WeakValueDictionary[Tuple[Any, ...], Sender]" = weakref.WeakValueDictionary()


def restored(*arguments: Any) -> Optional[Sender]:
    """The sender of an unpickled monitor: the one of this process with the same arguments. A token
    is not pickled; another process takes it from ML_EXPORTER_TOKEN."""
    sender = _senders.get(arguments)
    if sender is None:
        url, name, ca, capacity, batch, interval, timeout = arguments
        sender = Monitor(url, name=name, ca=ca, capacity=capacity, batch=batch, interval=interval,
                         timeout=timeout)._sender
    return sender


def annotate(**fields: Any) -> None:
    """Adds fields to the request that is being measured in this task or thread, if there is one.

    For handlers below a middleware and for decorated functions.
    """
    request = current.get()
    if request is not None:
        request.fields.update(fields)


def program_name() -> str:
    """The script's name, `module` for `python -m module`; the Producer-Id begins with it."""
    program = sys.argv[0] if getattr(sys, "argv", None) else ""
    base = os.path.basename(program)
    if base in ("__main__.py", "-m", "-c", ""):
        base = os.path.basename(os.path.dirname(program)) or "python"
    return base[:-3] if base.endswith(".py") else base


def _scope(model: str, version: Optional[Name], variant: Optional[Name]) -> Dict[str, Any]:
    fields = {"model": model, "version": version, "variant": variant}
    return {name: value for name, value in fields.items() if value is not None}
