"""The client of the package `openai` before a server that speaks its protocol."""

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai
import pytest
from conftest import samples, total

from ml_exporter_client import Monitor
from ml_exporter_client import openai as for_openai

WORDS = ["Hel", "lo", " wor", "ld"]


def chunk(delta=None, finish=None, usage=None):
    choices = [] if delta is None and finish is None else [
        {"index": 0, "delta": delta or {}, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "llama",
            "choices": choices, "usage": usage}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.get("model") == "busy":
            return self.reply(429, {"error": {"message": "too many"}})
        if self.path.endswith("/embeddings"):
            return self.reply(200, {"object": "list", "model": "llama", "data": [
                {"object": "embedding", "index": 0, "embedding": [0.5]}],
                "usage": {"prompt_tokens": 5, "total_tokens": 5}})
        if self.path.endswith("/responses"):
            return self.reply(200, {
                "id": "r", "object": "response", "created_at": 1, "status": "incomplete",
                "model": "llama", "output": [], "incomplete_details": {"reason": "max_output_tokens"},
                "usage": {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}})
        if not asked.get("stream"):
            return self.reply(200, {
                "id": "c", "object": "chat.completion", "created": 1, "model": "llama",
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": "Hello world"}}],
                "usage": {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}})
        parts = [chunk({"role": "assistant", "content": ""})]
        parts += [chunk({"content": word}) for word in WORDS]
        parts.append(chunk(finish="length"))
        if (asked.get("stream_options") or {}).get("include_usage"):
            parts.append(chunk(usage={"prompt_tokens": 7, "completion_tokens": 5,
                                      "total_tokens": 12}))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for part in parts:
            time.sleep(0.01)
            self.wfile.write(f"data: {json.dumps(part)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def reply(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(url, monitor, model):
    return for_openai.measure(openai.OpenAI(base_url=url, api_key="x", max_retries=0), monitor,
                              model=model)


@pytest.fixture
def kept(monkeypatch):
    """The events as they are queued, with the fields that the daemon does not accept yet."""
    from ml_exporter_client.sender import Sender
    events = []
    put = Sender.put
    monkeypatch.setattr(Sender, "put", lambda self, event, rows=1: (
        events.append(dict(event)), put(self, event, rows))[1])
    return events


ASK = {"model": "llama", "messages": [{"role": "user", "content": "Say hello"}]}


def tokens(daemon, model):
    return {dict(labels)["direction"]: value
            for labels, value in samples(daemon, "ml_tokens_total", model=model).items()}


def test_a_whole_answer(daemon, monitor, client, model, kept):
    answer = client.chat.completions.create(**ASK)
    assert answer.choices[0].message.content == "Hello world"
    assert monitor.flush() and not monitor.stats().rejected
    assert tokens(daemon, model) == {"input": 12, "output": 34}
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 1
    assert kept[0]["finish_reason"] == "stop"


@pytest.mark.parametrize("options, counted", [
    ({}, {"input": 0, "output": 4}),
    ({"stream_options": {"include_usage": True}}, {"input": 7, "output": 5})])
def test_a_stream(daemon, monitor, client, model, kept, options, counted):
    with client.chat.completions.create(**ASK, stream=True, **options) as stream:
        words = [part.choices[0].delta.content for part in stream if part.choices]
    assert "".join(word or "" for word in words) == "Hello world"
    assert monitor.flush() and not monitor.stats().rejected
    assert {**{"input": 0}, **tokens(daemon, model)} == counted
    assert kept[0]["finish_reason"] == "length"
    first = total(daemon, "ml_time_to_first_token_seconds_sum", model=model)
    between = total(daemon, "ml_time_per_output_token_seconds_sum", model=model)
    whole = total(daemon, "ml_request_duration_seconds_sum", model=model)
    # The first part holds no text, the second does.
    assert 0.02 <= first < whole and 0.005 < between < 0.2 and whole >= 0.06


def test_a_stream_of_an_asynchronous_client(daemon, monitor, url, model, kept):
    async def use():
        async with openai.AsyncOpenAI(base_url=url, api_key="x") as client:
            for_openai.measure(client, monitor, model=model)
            stream = await client.chat.completions.create(**ASK, stream=True)
            streamed = [part async for part in stream]
            whole = await client.chat.completions.create(**ASK)
            return len(streamed), whole.usage.completion_tokens

    assert asyncio.run(use()) == (6, 34)
    assert monitor.flush()
    assert tokens(daemon, model) == {"input": 12, "output": 38}
    assert [event["finish_reason"] for event in kept] == ["length", "stop"]


def test_a_stream_that_is_left_was_cancelled(daemon, monitor, client, model):
    for _ in client.chat.completions.create(**ASK, stream=True):
        break
    stream = client.chat.completions.create(**ASK, stream=True)
    next(stream)
    stream.close()
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="cancelled") == 2


def test_a_refusal_is_raised_and_counted(daemon, monitor, client, model):
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(**{**ASK, "model": "busy"})
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="rejected") == 1
    assert total(daemon, "ml_request_errors_total", model=model, reason="RateLimitError") == 1


def test_a_server_that_is_away_is_an_error(daemon, monitor, model):
    client = for_openai.measure(
        openai.OpenAI(base_url="http://127.0.0.1:1/v1", api_key="x", max_retries=0), monitor)
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(**{**ASK, "model": model})
    assert monitor.flush()
    assert total(daemon, "ml_request_errors_total", model=model, reason="APIConnectionError") == 1


def test_responses_and_embeddings(daemon, monitor, client, model, kept):
    client.responses.create(model="llama", input="hello")
    client.embeddings.create(model="llama", input="hello")
    assert monitor.flush() and not monitor.stats().rejected
    assert tokens(daemon, model) == {"input": 14, "output": 3}
    assert kept[0]["finish_reason"] == "max_output_tokens"


def test_fields_that_the_daemon_does_not_accept_yet_are_not_sent(daemon, client, monitor, model):
    before = total(daemon, "ml_push_unknown_fields_total")
    client.chat.completions.create(**ASK)
    monitor.state(model, in_flight=1, kv_cache_usage_ratio=0.5)
    with monitor.request(model) as request:
        with request.stage("prefill"):
            pass
    assert monitor.flush() and not monitor.stats().rejected
    assert total(daemon, "ml_push_unknown_fields_total") == before


def test_events_of_a_stream_of_responses(daemon, monitor, model, kept):
    from types import SimpleNamespace as Part

    from ml_exporter_client.streams import Stream

    parts = [Part(type="response.created", response=Part(status="in_progress", output=[])),
             *[Part(type="response.output_text.delta", delta=word) for word in WORDS],
             Part(type="response.completed", response=Part(
                 status="completed", output=[], incomplete_details=None,
                 usage=Part(input_tokens=3, output_tokens=4)))]
    for _ in Stream(iter(parts), monitor.request(model).begin()):
        pass
    assert monitor.flush()
    assert tokens(daemon, model) == {"input": 3, "output": 4}
    assert kept[0]["finish_reason"] == "stop"
    assert isinstance(monitor, Monitor)
