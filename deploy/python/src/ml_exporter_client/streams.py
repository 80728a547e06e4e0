"""Answers of language models, whole and as streams, as they are measured."""

from __future__ import annotations

from typing import Any, AsyncIterator, Iterator, Optional

from .request import Request

# The parts of a stream of `responses` that hold the whole answer.
_ENDS = ("response.completed", "response.incomplete", "response.failed")


def note_answer(answer: Any, request: Request) -> None:
    """Takes tokens and finish reason of a whole answer, or of the part of a stream that has them."""
    try:
        note_usage(_of(answer, "usage"), request)
        for choice in _of(answer, "choices") or ():
            reason = _of(choice, "finish_reason")
            if reason:
                request["finish_reason"] = reason
        status = _of(answer, "status")
        if isinstance(status, str) and _of(answer, "output") is not None:
            # A Response has the status "completed", or "incomplete" with a reason.
            why = _of(_of(answer, "incomplete_details"), "reason")
            request["finish_reason"] = why or ("stop" if status == "completed" else status)
            if status in ("failed", "cancelled"):
                request["outcome"] = "server_error" if status == "failed" else "cancelled"
    except Exception:
        # An answer of another shape is still an answer.
        pass


def note_usage(usage: Any, request: Request) -> None:
    """Tokens, by the names of chat completions or those of responses."""
    tokens = {}
    for direction, names in (("input", ("prompt_tokens", "input_tokens")),
                             ("output", ("completion_tokens", "output_tokens"))):
        for name in names:
            count = _of(usage, name)
            if isinstance(count, int):
                tokens[direction] = count
    if tokens:
        request["tokens"] = tokens


def note_part(part: Any, request: Request) -> None:
    """Notes the tokens, the usage and the finish reason of a part of a stream."""
    try:
        kind = _of(part, "type")
        if isinstance(kind, str) and kind.startswith("response."):
            if kind.endswith(".delta") and _of(part, "delta"):
                request.token()
            elif kind in _ENDS:
                note_answer(_of(part, "response"), request)
            return
        if any(_has_text(choice) for choice in _of(part, "choices") or ()):
            request.token()
        note_answer(part, request)
    except Exception:
        pass


def _has_text(choice: Any) -> bool:
    """Whether a choice brings output: text, reasoning, a call of a tool."""
    delta = _of(choice, "delta")
    if delta is None:
        return bool(_of(choice, "text"))
    return any(bool(_of(delta, name)) for name in (
        "content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal"))


def _of(thing: Any, name: str) -> Any:
    return thing.get(name) if isinstance(thing, dict) else getattr(thing, name, None)


class _Measured:
    """What both kinds of streams have: they are the client's own, and end once."""

    def __init__(self, stream: Any, request: Request):
        self._stream, self._request = stream, request
        self._iterator: Any = None
        self._is_over = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _end(self, error: Optional[BaseException] = None) -> None:
        if not self._is_over:
            self._is_over = True
            self._request.end(error)

    def _leave(self) -> None:
        """The caller reads no further."""
        if not self._is_over and "finish_reason" not in self._request:
            self._request.fields.setdefault("outcome", "cancelled")
        self._end()

    def __del__(self) -> None:
        if "_is_over" in self.__dict__:
            self._leave()


class Stream(_Measured):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._iterator is None:
            self._iterator = iter(self._stream)
        try:
            part = next(self._iterator)
        except StopIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        note_part(part, self._request)
        return part

    def __enter__(self) -> Stream:
        self._stream.__enter__()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if error is not None:
            self._end(error)
        self._leave()
        return self._stream.__exit__(kind, error, trace)

    def close(self) -> None:
        self._leave()
        self._stream.close()


class AsyncStream(_Measured):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._iterator is None:
            self._iterator = self._stream.__aiter__()
        try:
            part = await self._iterator.__anext__()
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:
            self._end(error)
            raise
        note_part(part, self._request)
        return part

    async def __aenter__(self) -> AsyncStream:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if error is not None:
            self._end(error)
        self._leave()
        return await self._stream.__aexit__(kind, error, trace)

    async def close(self) -> None:
        self._leave()
        await self._stream.close()
