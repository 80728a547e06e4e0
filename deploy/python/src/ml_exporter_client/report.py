"""Counts what became of events, and logs what was lost at most once a minute."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections import deque
from typing import Callable, Deque, Dict, List, Optional, Tuple

logger = logging.getLogger("ml_exporter_client")
SECONDS = 60.0
# Names of ignored keys and reasons that are counted apart from each other.
NAMES = 100
EXAMPLES = 5


@dataclasses.dataclass(frozen=True)
class Stats:
    """Events by what became of them since the process started, or since it was forked."""

    accepted: int
    # Rejected by the daemon.
    rejected: int
    # Batches that the daemon had already.
    duplicates: int
    # Never accepted by the daemon, by reason: queue_full, closed, unreadable, too_large, exit, ...
    dropped: Dict[str, int]
    # Keys that the daemon does not know; the rest of their events was accepted.
    ignored: Dict[str, int]
    queued: int


class Report:
    """Written by callers and by the sender; only the sender logs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._lock = threading.Lock()
        # Losses that callers could not add to the counters because another thread held the lock.
        self._later: Deque[Tuple[str, int, str]] = deque()
        self._clock = clock
        self._accepted = self._rejected = self._duplicates = 0
        self._dropped: Dict[str, int] = {}
        self._ignored: Dict[str, int] = {}
        self._logged: Optional[float] = None
        self._begin()

    def _begin(self) -> None:
        """Forgets what the next line of the log is about."""
        self._new_rejected = 0
        self._new_dropped: Dict[str, int] = {}
        self._new_ignored: List[str] = []
        self._examples: List[str] = []
        self._trouble = ""

    def stats(self, queued: int) -> Stats:
        # A signal handler may have interrupted the thread that holds the lock.
        is_locked = self._lock.acquire(timeout=1)
        try:
            self._catch_up()
            return Stats(self._accepted, self._rejected, self._duplicates, dict(self._dropped),
                         dict(self._ignored), queued)
        finally:
            if is_locked:
                self._lock.release()

    def drop(self, reason: str, count: int = 1, example: str = "") -> None:
        """Counts lost events. Does not wait, not even for another thread that counts."""
        self._later.append((reason, count, example))
        if self._lock.acquire(blocking=False):
            try:
                self._catch_up()
            finally:
                self._lock.release()

    def _catch_up(self) -> None:
        while self._later:
            try:
                reason, count, example = self._later.popleft()
            except IndexError:
                return
            add(self._dropped, reason, count)
            add(self._new_dropped, reason, count)
            self._example(example)

    def unreadable(self, sentences: List[str]) -> None:
        """Values that were replaced by null; their events are sent."""
        with self._lock:
            for sentence in sentences:
                self._example(f"a value was sent as null: {sentence}")

    def trouble(self, sentence: str) -> None:
        """Why the daemon cannot be reached, or does not accept events at present."""
        with self._lock:
            self._trouble = sentence

    def answer(self, body: bytes, count: int, describe: Callable[[int], str]) -> None:
        """Reads the daemon's answer to a batch of `count` events."""
        try:
            answer = json.loads(body)
            whole = answer.get("error")
            if isinstance(whole, dict) and "accepted" not in answer:
                # The push as a whole was refused, for example as stale_start.
                answer.update(accepted=0, rejected=count)
            accepted, rejected = int(answer["accepted"]), int(answer["rejected"])
            errors = answer.get("errors") or []
        except (ValueError, KeyError, TypeError, AttributeError):
            self.drop("no_answer", count, f"the answer is not the daemon's: {body[:80]!r}")
            return
        with self._lock:
            self._trouble = ""
            self._accepted += accepted
            if answer.get("duplicate"):
                # The answer to the first attempt was lost; the batch was not.
                self._duplicates += 1
                self._accepted += count
            if isinstance(whole, dict) and not errors:
                # Of a body that is not JSON the daemon counts no events.
                rejected = rejected or count
                self._example(sentence(whole))
            self._rejected += rejected
            self._new_rejected += rejected
            for error in errors:
                if isinstance(error, dict) and len(self._examples) < EXAMPLES:
                    index = error.get("index")
                    about = describe(index) if isinstance(index, int) else ""
                    self._example(about + sentence(error))
            for entry in answer.get("ignored") or []:
                name, times = ignored(entry)
                add(self._ignored, name, times)
                if name not in self._new_ignored:
                    self._new_ignored.append(name)

    def _example(self, text: str) -> None:
        if text and text not in self._examples and len(self._examples) < EXAMPLES:
            self._examples.append(text)

    def log(self, queued: int, last: bool = False) -> None:
        """Logs one line about losses, unless a line was logged in the last minute and this is not
        the last one."""
        with self._lock:
            self._catch_up()
            line = self._line(queued)
            now = self._clock()
            if not line or not (last or self._logged is None or now - self._logged >= SECONDS):
                return
            self._logged = now
            self._begin()
        try:
            logger.warning("%s", line)
        except Exception:
            # A handler that fails is no reason to stop sending.
            pass

    def _line(self, queued: int) -> str:
        parts = []
        if self._trouble:
            parts.append(self._trouble + (f"; {queued} events wait" if queued else ""))
        if self._new_rejected:
            parts.append(f"ml_exporter refused {self._new_rejected} events")
        for reason, count in sorted(self._new_dropped.items()):
            parts.append(f"{count} events were dropped: {reason}")
        if self._new_ignored:
            parts.append("ml_exporter ignores these keys: " + ", ".join(self._new_ignored))
        return "; ".join(parts + self._examples)


def sentence(error: Dict[str, object]) -> str:
    """An error in the daemon's words."""
    return f"{error.get('code', 'error')}: {error.get('detail', '')}"


def ignored(entry: object) -> Tuple[str, int]:
    """A key of `ignored`, which is its name, or an object with its name and a count."""
    if isinstance(entry, dict):
        name = entry.get("key", entry.get("name", entry.get("field", "")))
        count = entry.get("count", 1)
        return str(name), count if isinstance(count, int) else 1
    return str(entry), 1


def add(counts: Dict[str, int], name: str, count: int) -> None:
    if name not in counts and len(counts) >= NAMES:
        name = "other"
    counts[name] = counts.get(name, 0) + count
