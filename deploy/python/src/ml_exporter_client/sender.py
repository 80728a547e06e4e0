"""The queue and the thread that sends what is in it."""

from __future__ import annotations

import _thread
import base64
import http.client
import json
import random
import re
import threading
import time
import uuid
from collections import deque
from typing import Any, Callable, Deque, Dict, Iterator, List, NamedTuple, Optional, Protocol, Tuple, Union

from . import process
from .columns import halves
from .fields import EVENTS_PER_PUSH
from .report import Report, sentence
from .transport import Answer, Transport
from .values import encode

BODY_BYTES = 4 << 20
# Seconds between two attempts, at least and at most.
FIRST_DELAY, LONGEST_DELAY = 0.1, 5.0


class Deferred(Protocol):
    """Several events that are made in the sender's thread."""

    rows: int

    def events(self) -> Iterator[Tuple[Dict[str, Any], int]]:
        """Events and how many rows each has."""


class Line(NamedTuple):
    text: bytes
    rows: int
    model: str


class Sender:
    """Sends batches, each exactly once. `put` may be called by any thread and by signal handlers."""

    def __init__(self, transport: Transport, name: str, capacity: int, batch: int, interval: float):
        self.transport = transport
        self.capacity, self.batch, self.interval = capacity, batch, interval
        self._name = re.sub(r"[^A-Za-z0-9._:@-]", "_", name)[:100] or "python"
        # How pickle makes it again in another process: threads and sockets stay where they are.
        self.restore: Tuple[Callable[..., Any], Tuple[Any, ...]] = (type(None), ())
        self.begin()
        process.watch(self)

    def __reduce__(self) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
        return self.restore

    def begin(self) -> None:
        """Also called in a forked child, which is a producer of its own with an empty queue."""
        self.report = Report()
        self._begin_producer()

    def reopen(self) -> None:
        """Begins as another producer if it was closed."""
        thread = self._thread
        if self.closed and (thread is None or not thread.is_alive()):
            self._begin_producer()

    def _begin_producer(self) -> None:
        self.queue: Deque[Union[Dict[str, Any], Deferred]] = deque()
        self.deferred_rows = 0
        self.closed = False
        # Held while there is nothing to do. Unlike threading.Event it can be released by a signal
        # handler that interrupts another release.
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._lock = threading.RLock()
        self._thread: Optional[threading.Thread] = None
        self._idle = False
        self._busy = False
        self._hurry = False
        self._lines: Deque[Line] = deque()
        self._deadline: Optional[float] = None
        self._sequence = 0
        self._id = f"{self._name}/{uuid.uuid4()}"
        self._start = repr(time.time())
        self.transport.close()

    # MARK: Callers

    def put(self, event: Union[Dict[str, Any], Deferred], rows: int = 1) -> None:
        """Queues an event, or counts it as dropped. Never waits."""
        queue = self.queue
        if len(queue) >= self.capacity or self.closed:
            self.report.drop("closed" if self.closed else "queue_full", rows)
            return
        queue.append(event)
        if self._thread is None:
            self._begin_thread()
        elif self._idle or len(queue) == self.batch:
            self.wake()

    def put_rows(self, event: Deferred) -> None:
        """Queues many events at once. Their rows are bounded like events, ten times as many."""
        with self._lock:
            # One that is larger by itself is accepted when no other waits.
            if self.deferred_rows and self.deferred_rows + event.rows > 10 * self.capacity:
                self.report.drop("queue_full", event.rows)
                return
            if len(self.queue) < self.capacity and not self.closed:
                self.deferred_rows += event.rows
        self.put(event, event.rows)

    def wake(self) -> None:
        try:
            self._wake.release()
        except RuntimeError:
            pass

    def flush(self, seconds: float) -> bool:
        """Waits until all that is queued was answered. Returns whether it was in time."""
        deadline = time.monotonic() + seconds
        while self.queue or self._lines or self._busy:
            if time.monotonic() > deadline or self._thread is None:
                return False
            self._hurry = True
            self.wake()
            time.sleep(0.005)
        return True

    def close(self, seconds: float) -> None:
        """Sends what is queued for at most that long, and lets the daemon forget this
        producer."""
        self.begin_to_close(time.monotonic() + seconds)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            try:
                thread.join(seconds + 0.5)
            except RuntimeError:
                # Called by a signal handler that interrupted the start of the thread.
                pass
        elif thread is None and self.queue:
            # No thread can be started when the interpreter ends: this one does its work.
            self._run()

    def begin_to_close(self, deadline: float) -> None:
        self._deadline = deadline
        self.closed = True
        self.wake()

    def _begin_thread(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="ml_exporter_client", daemon=True)
            # Before it is started: a signal handler that interrupts the start must not start another.
            self._thread = thread
            try:
                thread.start()
            except RuntimeError:
                self._thread = None
                return
        process.close_at_end_of_child(self)

    # MARK: The thread

    def _run(self) -> None:
        try:
            while self._turn():
                self.report.log(len(self.queue))
            if self._sequence:
                self._release_producer()
        finally:
            self.transport.close()
            self.report.log(len(self.queue), last=True)

    def _turn(self) -> bool:
        """Sends a batch. Returns whether there may be another."""
        lines: List[Line] = []
        try:
            self._gather()
            self._busy = True
            lines = self._batch()
            if lines:
                self._deliver(lines)
            return bool(lines) or not self.closed
        except Exception as error:
            # A bug of this package loses one batch; the caller and the thread go on.
            self.report.drop("internal_error", sum(line.rows for line in lines) or 1, repr(error))
            self._wake.acquire(timeout=FIRST_DELAY)
            return not self.closed
        finally:
            self._busy = False

    def _gather(self) -> None:
        """Waits for the first event, and then for a full batch or the end of the interval."""
        while not self.queue and not self._lines and not self.closed:
            self._idle = True
            # An event may have come before the flag was set.
            if not self.queue and not self.closed:
                self._wake.acquire(timeout=60)
            self._idle = False
            self.report.log(0)
        end = time.monotonic() + self.interval
        while not self._lines and len(self.queue) < self.batch and not self.closed:
            left = end - time.monotonic()
            if left <= 0 or self._hurry or not self._wake.acquire(timeout=left):
                break
        self._hurry = False

    def _batch(self) -> List[Line]:
        """The next lines, as many as a push may have."""
        lines: List[Line] = []
        rows = size = 0
        while len(lines) < self.batch:
            if not self._lines and not self._encode_next():
                break
            if not self._lines:
                continue
            line = self._lines[0]
            if lines and (rows + line.rows > EVENTS_PER_PUSH
                          or size + len(line.text) > BODY_BYTES):
                break
            rows += line.rows
            size += len(line.text) + 1
            lines.append(self._lines.popleft())
        return lines

    def _encode_next(self) -> bool:
        try:
            event = self.queue.popleft()
        except IndexError:
            return False
        if isinstance(event, dict):
            self._encode(event, 1)
            return True
        with self._lock:
            self.deferred_rows = max(0, self.deferred_rows - event.rows)
        try:
            for part, rows in event.events():
                self._encode(part, rows)
        except Exception as error:
            self.report.drop("unreadable", event.rows, f"{error}")
        return True

    def _encode(self, event: Dict[str, Any], rows: int) -> None:
        lost: List[str] = []
        try:
            text = encode(event, lost)
        except Exception as error:
            self.report.drop("unreadable", rows, f"{error}")
            return
        if lost:
            self.report.unreadable(lost)
        if len(text) > BODY_BYTES and rows > 1 and "columns" in event:
            # Long texts: the daemon refuses bodies of more than 20 MiB.
            for half, count in halves(event, rows):
                self._encode(half, count)
            return
        self._lines.append(Line(text, rows, str(event.get("model", ""))))

    def _deliver(self, lines: List[Line]) -> None:
        self._sequence += 1
        headers: Dict[str, Union[str, bytes]] = {
            "Producer-Id": self._id, "Producer-Start": self._start,
            "Batch-Sequence": str(self._sequence), "Content-Type": "application/x-ndjson"}
        body = b"\n".join(line.text for line in lines)
        rows = sum(line.rows for line in lines)
        delay = FIRST_DELAY
        while True:
            answer, trouble = self._post(body, headers)
            if answer is not None:
                if answer.status in (200, 400):
                    self.report.answer(answer.body, rows, lambda index: about(lines, index))
                    return
                if answer.status == 413 and len(lines) > 1:
                    # The number was not used up.
                    self._sequence -= 1
                    middle = len(lines) // 2
                    self._deliver(lines[:middle])
                    self._deliver(lines[middle:])
                    return
                trouble = f"{self.transport.address} answers {answer.status}: {detail(answer)}"
                if answer.status < 500 and answer.status != 429:
                    self.report.drop(f"http_{answer.status}", rows, trouble)
                    return
            pause = delay * random.uniform(0.5, 1.0)
            if answer is not None and answer.retry_after is not None:
                pause = max(pause, min(answer.retry_after, LONGEST_DELAY))
            delay = min(2 * delay, LONGEST_DELAY)
            self.report.trouble(trouble)
            self.report.log(len(self.queue) + len(lines))
            if not self._rest(pause):
                self.report.drop("exit", rows + self._discard())
                return

    def _post(self, body: bytes,
              headers: Dict[str, Union[str, bytes]]) -> Tuple[Optional[Answer], str]:
        try:
            return self.transport.send("POST", "/v1/events", body, headers), ""
        except (OSError, http.client.HTTPException, ValueError) as error:
            where = " and ".join(str(address) for address in self.transport.addresses)
            return None, f"{where} cannot be reached: {error or type(error).__name__}"

    def _rest(self, seconds: float) -> bool:
        """Waits before the next attempt. Returns whether there is time for one."""
        began = time.monotonic()
        end = began + seconds
        # When the process ends there is time for a few attempts in quick succession.
        limit = began + 3 * FIRST_DELAY
        while True:
            now, deadline = time.monotonic(), self._deadline
            if deadline is not None:
                end = min(end, limit)
                if end >= deadline:
                    return False
            if now >= end:
                return True
            self._wake.acquire(timeout=end - now)

    def _discard(self) -> int:
        """Empties the queue; how many rows were in it."""
        rows = sum(line.rows for line in self._lines)
        self._lines.clear()
        while self.queue:
            event = self.queue.popleft()
            rows += 1 if isinstance(event, dict) else event.rows
        return rows

    def _release_producer(self) -> None:
        """Lets the daemon forget this producer: its record and its state."""
        name = base64.urlsafe_b64encode(self._id.encode()).decode().rstrip("=")
        left = 1.0 if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            return
        try:
            self.transport.send("DELETE", f"/v1/producers@base64/{name}", None, {})
        except (OSError, http.client.HTTPException):
            pass


def about(lines: List[Line], index: int) -> str:
    """The model of the event with this index in a batch."""
    for line in lines:
        if index < line.rows:
            return f"model {line.model}: " if line.model else ""
        index -= line.rows
    return ""


def detail(answer: Answer) -> str:
    """The error text of an answer that is not a list of events."""
    try:
        return sentence(json.loads(answer.body)["error"])
    except (ValueError, KeyError, TypeError):
        return answer.body[:200].decode("utf-8", "replace").strip()
