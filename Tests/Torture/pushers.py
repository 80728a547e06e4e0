"""Who pushes meanwhile: threads that retry what was not answered, and sometimes give it up."""

import http.client
import json
import random
import threading
import time
from collections import Counter, deque

from daemons import Daemon
from ledger import Findings, Ledger, place
from slots import SLOTS, SlotLedger

PAUSE_SECONDS = 0.01
RETRY_SECONDS = 0.02
DURATION_SECONDS = 0.125  # a power of two, so that sums are exact
GIVES_UP = 0.05
REPEATS = 0.05
STARTS_ANEW = 0.002
REMEMBERED = 500  # fewer than the 1,024 that the daemon promises


class Pusher(threading.Thread):
    """One thread with one connection that stays as long as the daemon lets it."""

    def __init__(self, number: int, daemon: Daemon, findings: Findings, seed: int):
        super().__init__(daemon=True)
        self.number, self.target, self.findings = number, daemon, findings
        self.random = random.Random(f"{seed} {number}")
        self.over = threading.Event()
        self.connection = None
        self.answers = Counter()
        self.seconds = []

    def run(self):
        while not self.over.wait(self.random.uniform(0, 2 * PAUSE_SECONDS)):
            self.work()

    def work(self):
        raise NotImplementedError

    def request(self, method: str, path: str, body: bytes, headers: dict) -> tuple[int, bytes] | None:
        """One attempt; None when no answer came."""
        begun = time.monotonic()
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.target.push,
                                                             timeout=10)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            told = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            self.answers[type(error).__name__] += 1
            return None
        self.answers[told[0]] += 1
        self.seconds.append(time.monotonic() - begun)
        return told

    def insist(self, *request) -> tuple[int, bytes] | None:
        """Tries until an answer is final; None when it gave up, and then nothing is known."""
        while True:
            told = self.request(*request)
            if told and told[0] not in (429, 503):
                return told
            if self.over.is_set() or self.random.random() < GIVES_UP:
                return None
            time.sleep(RETRY_SECONDS)


class EventPusher(Pusher):
    """Events with the headers that make a push count once."""

    def __init__(self, number, daemon, findings, seed, ledger: Ledger):
        super().__init__(number, daemon, findings, seed)
        self.ledger = ledger
        self.starts = 0
        self.begin()

    def begin(self):
        """What a process does that starts: a new start time, and sequence numbers from 1."""
        self.starts += 1
        self.stream = f"p{self.number}s{self.starts}"
        self.sequence = 0
        # What may be sent again, also after a restart of the daemon.
        self.answered = deque(maxlen=REMEMBERED)

    @staticmethod
    def stamp(number: int, starts: int, sequence: int) -> dict[str, str]:
        """The headers that let a batch count once."""
        return {"Producer-Id": f"torture-{number}",
                "Producer-Start": f"{1_700_000_000 + starts}.{number}",
                "Batch-Sequence": str(sequence)}

    def work(self):
        if self.random.random() < STARTS_ANEW:
            self.begin()
        self.sequence += 1
        block, value = place(self.sequence)
        model = f"torture-{self.number}"
        events = self.random.randint(1, 5)
        body = json.dumps([
            {"type": "metric", "name": f"{self.stream}b{block}", "kind": "counter",
             "value": value, "model": model},
            *[{"model": model, "version": "1", "duration_seconds": DURATION_SECONDS}] * events,
        ]).encode()
        request = ("POST", "/v1/events", body, {
            "Content-Type": "application/json",
            **self.stamp(self.number, self.starts, self.sequence)})
        self.ledger.sending(self.stream, self.sequence, events)
        told = self.insist(*request)
        if told is None:
            return
        self.check(self.sequence, told, events + 1)
        self.ledger.acknowledge(self.stream, self.sequence)
        self.answered.append((self.sequence, request))
        if self.random.random() < REPEATS:
            sequence, request = self.random.choice(self.answered)
            if told := self.insist(*request):
                self.check(sequence, told, 0, repeated=True)

    def check(self, sequence: int, told: tuple[int, bytes], items: int, repeated: bool = False):
        status, body = told
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        duplicate = answer.get("duplicate") is True
        applied = answer.get("accepted") == items and not answer.get("rejected")
        if repeated and not duplicate:
            self.findings.add("other", f"{self.stream} {sequence} was sent again after its "
                                       f"answer, and that was no duplicate: {body[:300]!r}")
        elif status != 200 or not (duplicate or applied):
            self.findings.add("other", f"{self.stream} {sequence}: {status} {body[:300]!r}")


class GroupPusher(Pusher):
    """Groups as clients of Pushgateway push them."""

    def __init__(self, number, daemon, findings, seed, ledger: SlotLedger):
        super().__init__(number, daemon, findings, seed)
        self.ledger = ledger
        self.pushes = 0

    def work(self):
        self.pushes += 1
        pusher, slot = str(self.number), self.pushes % SLOTS
        body = f"# TYPE torture_batch gauge\ntorture_batch {self.pushes}\n".encode()
        self.ledger.sending(pusher, self.pushes)
        told = self.insist("PUT", f"/metrics/job/torture/pusher/{pusher}/slot/{slot}", body,
                           {"Content-Type": "text/plain"})
        if told is None:
            return
        if told[0] not in (200, 202):
            self.findings.add("other", f"pusher {pusher}: {told[0]} {told[1][:300]!r}")
        self.ledger.acknowledge(pusher, self.pushes)


def finish(pushers):
    """Lets them end, each when it knows what became of its batch."""
    for pusher in pushers:
        pusher.over.set()
    for pusher in pushers:
        pusher.join()


def answers(pushers) -> Counter:
    """How often which status, or which failure without one."""
    return sum((pusher.answers for pusher in pushers), Counter())


def listed(counts: Counter) -> str:
    return ", ".join(f"{key}: {count}" for key, count in counts.most_common())
