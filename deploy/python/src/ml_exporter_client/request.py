"""A request to a model that is being measured."""

from __future__ import annotations

import contextvars
import functools
import inspect
from time import perf_counter
from typing import TYPE_CHECKING, Any, Callable, Dict, Generator, Mapping, Optional, TypeVar

from .outcomes import of_exception
from .values import snapshot

if TYPE_CHECKING:
    from types import TracebackType

    from .sender import Sender

Function = TypeVar("Function", bound=Callable[..., Any])

# Fields of these types need no copy when a request ends.
_PLAIN = frozenset({str, int, float, bool, type(None)})

current: "contextvars.ContextVar[Optional[Request]]" = contextvars.ContextVar(
    "ml_exporter_request", default=None)


class Request:
    """Measures what runs inside a `with` or `async with` block, or each call of a function.

    Fields are set like those of a dict: `request["score"] = 0.9`. An exception becomes an outcome
    and a reason, and is raised again.
    """

    __slots__ = ("fields", "_sender", "_began", "_token", "_first", "_last", "_outputs")

    def __init__(self, sender: Optional[Sender], fields: Dict[str, Any]):
        self.fields = fields
        self._sender = sender
        self._token: Any = None
        self._began = 0.0
        self._outputs = 0
        self._first = self._last = 0.0

    # MARK: Fields

    def __setitem__(self, name: str, value: Any) -> None:
        self.fields[name] = value

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def __contains__(self, name: str) -> bool:
        return name in self.fields

    def update(self, more: Optional[Mapping[str, Any]] = None, **fields: Any) -> None:
        self.fields.update(more or {}, **fields)

    def stage(self, name: str) -> _Stage:
        """Measures a part of the request: `with request.stage("inference"):`."""
        return _Stage(self, name)

    def token(self, count: int = 1) -> None:
        """Notes that output tokens were made now. The first gives the time to first token, all
        give the time per output token and `tokens.output`."""
        self._last = perf_counter()
        if not self._outputs:
            self._first = self._last
        self._outputs += count

    # MARK: Measuring

    def begin(self) -> Request:
        self._began = perf_counter()
        return self

    def end(self, error: Optional[BaseException] = None) -> None:
        """Queues the request. Never raises."""
        sender = self._sender
        if sender is None:
            return
        try:
            ended = perf_counter()
            event = self.fields.copy()
            if "duration_seconds" not in event:
                event["duration_seconds"] = ended - self._began
            if error is not None and "outcome" not in event:
                outcome, reason = of_exception(error)
                event["outcome"] = outcome
                event.setdefault("reason", reason)
            if self._outputs:
                self._add_tokens(event)
            for name, value in event.items():
                kind = type(value)
                if kind is dict:
                    event[name] = value.copy()
                elif kind not in _PLAIN:
                    event[name] = snapshot(value)
            sender.put(event)
        except Exception as mistake:
            sender.report.drop("unreadable", 1, repr(mistake))

    def _add_tokens(self, event: Dict[str, Any]) -> None:
        event.setdefault("time_to_first_token_seconds", self._first - self._began)
        tokens = dict(event.get("tokens") or {})
        outputs = tokens.setdefault("output", self._outputs)
        event["tokens"] = tokens
        if outputs > 1:
            event.setdefault("time_per_output_token_seconds",
                             (self._last - self._first) / (outputs - 1))

    def cancel(self) -> None:
        """Nothing is sent of this request."""
        self._sender = None

    def __enter__(self) -> Request:
        self._token = current.set(self)
        self._began = perf_counter()
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.end(error)
        try:
            current.reset(self._token)
        except ValueError:
            # A generator was finished in another context than it began in.
            pass

    async def __aenter__(self) -> Request:
        return self.__enter__()

    async def __aexit__(self, kind: Optional[type], error: Optional[BaseException],
                        trace: Optional[TracebackType]) -> None:
        self.__exit__(kind, error, trace)

    # MARK: As a decorator

    def _again(self) -> Request:
        return Request(self._sender, self.fields.copy())

    def __call__(self, function: Function) -> Function:
        """Measures each call of a function, coroutine function or generator function."""
        wrapper: Any
        if inspect.iscoroutinefunction(function):
            @functools.wraps(function)
            async def measured_coroutine(*arguments: Any, **named: Any) -> Any:
                with self._again():
                    return await function(*arguments, **named)
            wrapper = measured_coroutine
        elif inspect.isasyncgenfunction(function):
            @functools.wraps(function)
            async def measured_stream(*arguments: Any, **named: Any) -> Any:
                with self._again():
                    async for item in function(*arguments, **named):
                        yield item
            wrapper = measured_stream
        elif inspect.isgeneratorfunction(function):
            @functools.wraps(function)
            def measured_generator(*arguments: Any, **named: Any) -> Generator[Any, Any, Any]:
                with self._again():
                    return (yield from function(*arguments, **named))
            wrapper = measured_generator
        else:
            @functools.wraps(function)
            def measured(*arguments: Any, **named: Any) -> Any:
                with self._again():
                    return function(*arguments, **named)
            wrapper = measured
        return wrapper  # type: ignore[no-any-return]


class _Stage:
    """A part of a request; parts of one name add up."""

    __slots__ = ("_request", "_name", "_began")

    def __init__(self, request: Request, name: str):
        self._request, self._name = request, name

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        seconds = perf_counter() - self._began
        fields = self._request.fields
        stages = fields.get("stages")
        if not isinstance(stages, dict):
            stages = fields["stages"] = {}
        stages[self._name] = stages.get(self._name, 0.0) + seconds
