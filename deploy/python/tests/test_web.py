"""The middlewares under real servers and frameworks."""

import asyncio
import threading
import time
import types

import httpx
import pytest
from conftest import eventually, samples, total
from flask import Flask, Response, abort
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from ml_exporter_client import Monitor, annotate, asgi, wsgi


def outcomes(daemon, model):
    return {dict(labels)["outcome"]: value
            for labels, value in samples(daemon, "ml_requests_total", model=model).items() if value}


async def predict(request):
    amount = float(request.query_params["amount"])
    annotate(score=0.93, features={"amount": amount})
    return JSONResponse({"score": 0.93})


async def refuse(request):
    raise HTTPException(429)


async def slow(request):
    async def parts():
        for _ in range(3):
            await asyncio.sleep(0.02)
            yield b"part"

    return StreamingResponse(parts())


def threaded(request):
    # Starlette runs it in a thread.
    annotate(features={"threaded": 1})
    return JSONResponse({})


async def endless(request):
    async def parts():
        while True:
            await asyncio.sleep(0.01)
            yield b"x" * 1000

    return StreamingResponse(parts())


def starlette(monitor, model, **options):
    return Starlette(
        routes=[Route("/predict", predict), Route("/refuse", refuse), Route("/slow", slow),
                Route("/endless", endless), Route("/threaded", threaded)],
        middleware=[Middleware(asgi.MonitorMiddleware, monitor=monitor, model=model, **options)])


def ask(app, *paths):
    async def use():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return [(await client.get(path)).status_code for path in paths]

    return asyncio.run(use())


def test_asgi_outcomes_and_what_handlers_annotate(daemon, monitor, model):
    app = starlette(monitor, model, version=3)
    assert ask(app, "/predict?amount=5", "/predict?amount=x", "/refuse", "/slow",
               "/favicon.ico") == [200, 500, 429, 200, 404]
    assert monitor.flush()
    # The path that no route answers is no request to the model.
    assert outcomes(daemon, model) == {"ok": 2, "server_error": 1, "rejected": 1}
    assert total(daemon, "ml_feature_values_total", model=model, feature="amount") == 1
    assert total(daemon, "ml_request_errors_total", model=model, reason="http_429") == 1
    assert total(daemon, "ml_request_errors_total", model=model, reason="ValueError") == 1
    # The stream counts until its end.
    assert total(daemon, "ml_request_duration_seconds_sum", model=model) > 0.06


def test_asgi_measures_only_the_paths_it_is_given(daemon, monitor, model):
    app = starlette(monitor, model, paths=["/pre*", "/refuse"])
    ask(app, "/predict?amount=5", "/refuse", "/slow", "/preview")
    assert monitor.flush()
    assert outcomes(daemon, model) == {"ok": 1, "rejected": 1, "client_error": 1}


class Server:
    """uvicorn in a thread, so that lifespan and disconnects are real."""

    def __init__(self, app):
        import uvicorn
        self.server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        eventually(lambda: self.server.started)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self):
        self.server.should_exit = True
        self.thread.join(10)


def test_a_client_that_leaves_in_the_middle_was_cancelled_and_shutdown_sends_the_rest(daemon, model):
    monitor = Monitor(f"http://{daemon.push_address}", interval=30)
    server = Server(starlette(monitor, model))
    with httpx.stream("GET", f"http://127.0.0.1:{server.port}/endless") as answer:
        next(answer.iter_raw())
    time.sleep(0.2)
    assert httpx.get(f"http://127.0.0.1:{server.port}/predict?amount=1").status_code == 200
    server.stop()
    # No call of close: the middleware has seen the end of the application.
    assert outcomes(daemon, model) == {"ok": 1, "cancelled": 1}


def test_a_handler_in_a_thread_annotates_its_request(daemon, monitor, model):
    ask(starlette(monitor, model), "/threaded", "/threaded")
    assert monitor.flush()
    assert total(daemon, "ml_feature_values_total", model=model, feature="threaded") == 2


def test_an_application_that_is_started_once_more_sends_again(daemon, model):
    monitor = Monitor(f"http://{daemon.push_address}", interval=30)
    app = starlette(monitor, model)
    for count in (1, 2, 3):
        with TestClient(app) as client:
            assert client.get("/predict?amount=1").status_code == 200
        assert outcomes(daemon, model) == {"ok": count}
    assert monitor.stats().accepted == 3 and not monitor.dropped


def flask(monitor, model, **options):
    app = Flask(__name__)

    @app.get("/predict")
    def predict():
        annotate(score=0.5)
        return {"score": 0.5}

    @app.get("/fail")
    def fail():
        raise RuntimeError

    @app.get("/refuse")
    def refuse():
        abort(400)

    @app.get("/stream")
    def stream():
        def parts():
            for _ in range(3):
                time.sleep(0.02)
                yield "part"
        return Response(parts())

    @app.get("/broken")
    def broken():
        def parts():
            yield "part"
            raise ValueError
        return Response(parts())

    app.wsgi_app = wsgi.MonitorMiddleware(app.wsgi_app, monitor, model, **options)
    return app


def test_wsgi_outcomes(daemon, monitor, model):
    client = flask(monitor, model).test_client()
    # A server reads an answer to its end and closes it, as `buffered` does.
    statuses = [client.get(path, buffered=True).status_code for path in (
        "/predict", "/fail", "/refuse", "/stream", "/nothing")]
    assert statuses == [200, 500, 400, 200, 404]
    with pytest.raises(ValueError):
        client.get("/broken", buffered=True)
    assert monitor.flush()
    assert outcomes(daemon, model) == {"ok": 2, "server_error": 2, "client_error": 1}
    assert total(daemon, "ml_request_duration_seconds_sum", model=model) > 0.06


def test_wsgi_measures_only_the_paths_it_is_given(daemon, monitor, model):
    client = flask(monitor, model, paths=["/predict"], version="7").test_client()
    for path in ("/predict", "/fail", "/stream"):
        client.get(path, buffered=True)
    assert monitor.flush()
    assert samples(daemon, "ml_requests_total", model=model, version="7", outcome="ok") == {(): 1}
    assert outcomes(daemon, model) == {"ok": 1}


def test_a_wsgi_client_that_leaves_in_the_middle_was_cancelled(daemon, monitor, model):
    app = flask(monitor, model)
    answer = app.test_client().get("/stream", buffered=False)
    next(iter(answer.response))
    answer.close()
    assert monitor.flush()
    assert outcomes(daemon, model) == {"cancelled": 1}


def test_the_answers_pass_unchanged(monitor, model):
    client = flask(monitor, model).test_client()
    answer = client.get("/predict")
    assert answer.json == {"score": 0.5} and answer.headers["Content-Length"] == "14"
    assert client.get("/stream").data == b"partpartpart"


def test_django(daemon, monitor, model):
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path
    from werkzeug.test import Client

    def predict(request):
        annotate(score=0.25)
        return JsonResponse({"amount": float(request.GET["amount"])})

    urls = types.ModuleType("urls")
    urls.urlpatterns = [path("predict", predict)]
    settings.configure(ROOT_URLCONF=urls, ALLOWED_HOSTS=["*"], SECRET_KEY="x",
                       LOGGING_CONFIG=None)
    django.setup()
    client = Client(wsgi.MonitorMiddleware(get_wsgi_application(), monitor, model, version=1))
    statuses = [client.get(path, buffered=True).status_code for path in (
        "/predict?amount=2", "/predict?amount=x", "/nothing")]
    assert statuses == [200, 500, 404]
    assert monitor.flush()
    assert outcomes(daemon, model) == {"ok": 1, "server_error": 1}
