"""Middleware for ASGI: FastAPI, Starlette, Litestar, Quart, Django under ASGI.

    app.add_middleware(MonitorMiddleware, monitor=monitor, model="fraud", version="3",
                       paths=["/predict"])
"""

from __future__ import annotations

from typing import Any, Awaitable, Callable, Dict, Iterable, MutableMapping, Optional

from .monitor import Monitor
from .outcomes import of_status
from .request import Request
from .routes import Routes

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class MonitorMiddleware:
    """Measures the requests to `paths`; without `paths` all that some route answers.

    A request ends when its last byte was sent. A path that ends with `*` stands for all that begin
    so. Handlers add fields by `annotate(score=...)`. When the server shuts down, what is queued is
    sent.
    """

    def __init__(self, app: App, monitor: Monitor, model: str,
                 paths: Optional[Iterable[str]] = None, **fields: Any):
        self.app = app
        self._monitor = monitor
        self._model = model
        self._routes = Routes(paths)
        self._fields = fields

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive,
                       send: Send) -> None:
        if scope["type"] == "lifespan":
            self._monitor.reopen()
            return await self.app(scope, receive, self._closing(send))
        if scope["type"] != "http" or not self._routes.match(scope.get("path", "")):
            return await self.app(scope, receive, send)
        status: Dict[str, int] = {}
        gone = complete = False

        async def observe(message: Message) -> None:
            nonlocal complete
            if message["type"] == "http.response.start":
                status["code"] = message["status"]
            elif message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
            await send(message)

        async def listen() -> Message:
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        request = self._monitor.request(self._model, **self._fields)
        request.__enter__()
        try:
            await self.app(scope, listen, observe)
        except BaseException as error:
            request.__exit__(type(error), error, error.__traceback__)
            raise
        code = status.get("code")
        if code == 404 and self._routes.are_all:
            # No model was asked: scanners and browsers ask for anything.
            request.cancel()
        elif "outcome" not in request:
            set_outcome(request, None if gone and not complete else code, gone)
        request.__exit__(None, None, None)

    def _closing(self, send: Send) -> Send:
        async def observe(message: Message) -> None:
            if message["type"] == "lifespan.shutdown.complete":
                # uvicorn may end by a signal, which runs no atexit.
                await self._monitor.aclose()
            await send(message)

        return observe


def set_outcome(request: Request, code: Optional[int], gone: bool) -> None:
    """The outcome that a status stands for; without a status the client has left or the
    application has not answered."""
    if code is None:
        request["outcome"] = "cancelled" if gone else "server_error"
        request.fields.setdefault("reason", "disconnected" if gone else "no_response")
        return
    request["outcome"] = outcome = of_status(code)
    if outcome != "ok":
        request.fields.setdefault("reason", f"http_{code}")
