"""Middleware for WSGI: Flask, Django, Bottle, Pyramid.

    app.wsgi_app = MonitorMiddleware(app.wsgi_app, monitor, model="fraud", version="3",
                                     paths=["/predict"])
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

from .asgi import set_outcome
from .monitor import Monitor
from .request import Request, current
from .routes import Routes

StartResponse = Callable[..., Any]
App = Callable[[Dict[str, Any], StartResponse], Iterable[bytes]]


class MonitorMiddleware:
    """Measures the requests to `paths`; without `paths` all that are not answered 404.

    A request ends when its last byte was handed to the server. A path that ends with `*` stands for
    all that begin so. Views add fields by `annotate(score=...)`.
    """

    def __init__(self, app: App, monitor: Monitor, model: str,
                 paths: Optional[Iterable[str]] = None, **fields: Any):
        self.app = app
        self._monitor = monitor
        self._model = model
        self._routes = Routes(paths)
        self._fields = fields

    def __call__(self, environ: Dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        if not self._routes.match(path):
            return self.app(environ, start_response)
        request = self._monitor.request(self._model, **self._fields)
        codes: List[int] = []

        def observe(status: str, headers: Any, *more: Any) -> Any:
            codes.append(int(status.split(" ", 1)[0]))
            return start_response(status, headers, *more)

        request.begin()
        token = current.set(request)
        try:
            body = self.app(environ, observe)
        except BaseException as error:
            request.end(error)
            raise
        finally:
            current.reset(token)
        return _Body(body, request, codes, self._routes.are_all)


class _Body:
    """The body of an answer, whose end is the end of the request."""

    def __init__(self, body: Iterable[bytes], request: Request, codes: List[int], drops: bool):
        self._body, self._request, self._codes, self._drops = body, request, codes, drops
        self._error: Optional[BaseException] = None
        self._is_over = False
        self._ended = False

    def __iter__(self) -> Iterator[bytes]:
        token = current.set(self._request)
        try:
            yield from self._body
            self._is_over = True
        except Exception as error:
            self._error = error
            raise
        finally:
            try:
                current.reset(token)
            except ValueError:
                pass

    def __len__(self) -> int:
        # Servers ask a list of one part for its length, to send Content-Length.
        return len(self._body)  # type: ignore[arg-type]

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        code = self._codes[-1] if self._codes else None
        if code == 404 and self._drops:
            return
        if self._error is None and "outcome" not in self._request:
            # A body that was not read to its end has a client that left.
            set_outcome(self._request, code if self._is_over or _was_whole(self._body) else None,
                        gone=True)
        self._request.end(self._error)


def _was_whole(body: Iterable[bytes]) -> bool:
    return isinstance(body, (list, tuple))
