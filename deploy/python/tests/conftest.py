"""A real daemon, and what the tests read from it."""

import pathlib
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "deploy" / "python" / "src"), str(ROOT / "Tests" / "EndToEnd")]

from pages import parse_text  # noqa: E402
from programs import NINE_FLAGS, Daemon  # noqa: E402

from ml_exporter_client import Monitor  # noqa: E402


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """No variable of the machine changes what a test sees."""
    for name in ("URL", "TOKEN", "CA", "DISABLE", "NAME"):
        monkeypatch.delenv(f"ML_EXPORTER_{name}", raising=False)


def samples(daemon, family: str, **labels) -> dict:
    """The series of a family that have these labels: values by the labels that remain."""
    page = parse_text(daemon.get("/metrics").body)
    found = {}
    for got, value in page.named(family).items():
        got = dict(got)
        if all(got.get(name) == want for name, want in labels.items()):
            rest = tuple(sorted((name, text) for name, text in got.items() if name not in labels))
            found[rest] = value
    return found


def total(daemon, family: str, **labels) -> float:
    return sum(samples(daemon, family, **labels).values())


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    folder = tmp_path_factory.mktemp("daemon")
    program = Daemon(folder / "log", *NINE_FLAGS, f"--push.socket={folder}/push.sock")
    program.socket = f"{folder}/push.sock"
    yield program
    assert program.stop() == 0


@pytest.fixture
def start(tmp_path):
    """Starts further daemons; all are stopped at the end."""
    running = []

    def begin(*flags, **options):
        running.append(Daemon(tmp_path / f"daemon-{len(running)}.log", *NINE_FLAGS, *flags,
                              **options))
        return running[-1]

    yield begin
    for program in running:
        program.stop()


@pytest.fixture
def model():
    """A model of the test's own: the tests of a file share a daemon."""
    return f"m-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def monitor(daemon):
    made = Monitor(f"http://{daemon.push_address}", interval=0.02)
    yield made
    made.close(5)


class Stub:
    """A server with given answers; it keeps the requests."""

    def __init__(self, *answers, wrap=None):
        # Each a status, a body and headers; the last one stays.
        self.answers = list(answers) or [(200, b'{"accepted":1,"rejected":0,"errors":[]}', {})]
        self.requests = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                stub.requests.append((self.command, self.path, dict(self.headers), body))
                answer = stub.answers.pop(0) if len(stub.answers) > 1 else stub.answers[0]
                if answer is None:
                    # The answer is lost on its way.
                    self.close_connection = True
                    return
                status, content, headers = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_DELETE = do_GET = handle_one

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if wrap is not None:
            self.server.socket = wrap(self.server.socket)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def pushes(self):
        return [request for request in self.requests if request[0] == "POST"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def stub():
    made = []

    def begin(*answers, **options):
        made.append(Stub(*answers, **options))
        return made[-1]

    yield begin
    for one in made:
        one.close()


def eventually(condition, seconds=10):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)
    return value
