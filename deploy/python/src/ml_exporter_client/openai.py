"""Measures the calls of an OpenAI-compatible client: vLLM, TGI, llama.cpp, Ollama, OpenAI itself.

    client = measure(OpenAI(base_url="http://127.0.0.1:8000/v1"), monitor)

Works on `OpenAI` and `AsyncOpenAI` of the package `openai`, and on what has the same methods. The
client stays what it is: only the methods `create` of chat completions, completions, responses and
embeddings are replaced.
"""

from __future__ import annotations

import inspect
from typing import Any, Dict, Iterable, Optional, TypeVar

from .monitor import Monitor
from .request import Request
from .streams import AsyncStream, Stream, note_answer

Client = TypeVar("Client")
METHODS = ("chat.completions", "completions", "responses", "embeddings")


def measure(client: Client, monitor: Monitor, *, model: Optional[str] = None,
            methods: Iterable[str] = METHODS, **fields: Any) -> Client:
    """Measures the client's calls as requests to `model`, or to the model that each call names.

    Of a stream the time to the first token, the time per output token and the tokens are measured.
    A stream that does not report its usage has as many output tokens as parts with text, and no
    number of input tokens; `stream_options={"include_usage": True}` in the call makes it report.
    """
    for name in methods:
        resource: Any = client
        try:
            for part in name.split("."):
                resource = getattr(resource, part)
            create = resource.create
        except AttributeError:
            continue
        if not hasattr(create, "is_measured"):
            resource.create = _measured(create, monitor, model, fields)
            resource.create.is_measured = True
    return client


def _measured(create: Any, monitor: Monitor, model: Optional[str], fields: Dict[str, Any]) -> Any:
    def begin(arguments: Dict[str, Any]) -> Request:
        return monitor.request(model or str(arguments.get("model") or "unknown"), **fields).begin()

    async def call_async(*arguments: Any, **named: Any) -> Any:
        request = begin(named)
        try:
            answer = await create(*arguments, **named)
        except BaseException as error:
            request.end(error)
            raise
        if named.get("stream"):
            return AsyncStream(answer, request)
        note_answer(answer, request)
        request.end()
        return answer

    def call(*arguments: Any, **named: Any) -> Any:
        request = begin(named)
        try:
            answer = create(*arguments, **named)
        except BaseException as error:
            request.end(error)
            raise
        if named.get("stream"):
            return Stream(answer, request)
        note_answer(answer, request)
        request.end()
        return answer

    return call_async if _is_async(create) else call


def _is_async(create: Any) -> bool:
    # openai decorates its methods and sets __wrapped__.
    return inspect.iscoroutinefunction(inspect.unwrap(create))
