"""The outcome of a request from its status or exception."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Tuple

from .fields import Outcome

# Also those that are not subclasses of TimeoutError before Python 3.11.
_TIMEOUTS = (TimeoutError, asyncio.TimeoutError, concurrent.futures.TimeoutError)
_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError, GeneratorExit,
              KeyboardInterrupt)


def of_status(status: int) -> Outcome:
    """The outcome of a request that was answered with this HTTP status."""
    if status < 400:
        return "ok"
    if status in (408, 504):
        return "timeout"
    if status == 429:
        return "rejected"
    if status == 499:
        return "cancelled"
    return "client_error" if status < 500 else "server_error"


def of_exception(error: BaseException) -> Tuple[Outcome, str]:
    """The outcome and the reason of a request that ended with this exception.

    Exceptions of web frameworks and API clients have a status (`status_code`, `code`).
    """
    reason = type(error).__name__
    if isinstance(error, _CANCELLED):
        return "cancelled", reason
    if isinstance(error, _TIMEOUTS):
        return "timeout", reason
    for name in ("status_code", "code", "status"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status <= 599:
            return of_status(status), reason
    # httpx, requests, openai and grpc derive their timeouts from classes of their own.
    if "timeout" in reason.lower():
        return "timeout", reason
    return "server_error", reason
