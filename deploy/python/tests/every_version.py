"""Uses all parts of the package; run by every Python that is installed: URL MODEL."""

import asyncio
import multiprocessing
import os
import sys
from types import SimpleNamespace

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from ml_exporter_client import (  # noqa: E402
    Monitor, annotate, asgi, huggingface, keras, lightgbm, lightning, streams, wsgi, xgboost)

URL, MODEL = sys.argv[1:]
monitor = Monitor(URL, interval=0.05)


@monitor.request(MODEL, version=1, features={"a": float("nan"), "b": "x"})
def plain():
    annotate(score=0.5)


@monitor.request(MODEL, version=1)
async def coroutine():
    await asyncio.sleep(0)


@monitor.request(MODEL, version=1)
async def stream():
    yield 1


async def application(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


async def use():
    async def nothing(*_):
        return {"type": "http.request"}

    await coroutine()
    async for _ in stream():
        pass
    try:
        async with monitor.request(MODEL, version=1):
            await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except asyncio.TimeoutError:
        pass
    middleware = asgi.MonitorMiddleware(application, monitor, MODEL, version=1)
    await middleware({"type": "http", "path": "/"}, nothing, nothing)


def work():
    monitor.event(model=MODEL, version="child")


def main():
    plain()
    asyncio.run(use())
    body = wsgi.MonitorMiddleware(
        lambda environ, start: [start("200 OK", []), [b"x"]][1], monitor, MODEL, version=1)(
            {"PATH_INFO": "/"}, lambda status, headers: None)
    assert list(body) == [b"x"]
    body.close()
    for part in streams.Stream(iter([{"choices": [{"text": "x", "finish_reason": "stop"}]}]),
                               monitor.request(MODEL, version=1).begin()):
        assert part
    monitor.columns(MODEL, version=1, features={"a": [1, None]}, score=[0.5, 1.0])
    monitor.label(MODEL, 12, True)
    monitor.labels(MODEL, [1, 2], [1, None])
    with monitor.training(MODEL, rows=3) as run:
        run.statistics({"a": [1, 2, 3.5]})
        keras.callback(run).on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6})
        lightning.callback(run).on_train_epoch_end(SimpleNamespace(
            callback_metrics={"loss": 0.5}, current_epoch=0, global_step=3), None)
        huggingface.callback(run).on_log(None, SimpleNamespace(), None, {"loss": 0.25})
        xgboost.callback(run).after_iteration(None, 0, {"eval": {"auc": [0.9]}})
        lightgbm.callback(run)(SimpleNamespace(
            model=SimpleNamespace(feature_importance=lambda importance_type: [1, 2],
                                  feature_name=lambda: ["a", "b"]),
            iteration=0, begin_iteration=0, end_iteration=1,
            evaluation_result_list=[("valid_0", "auc", 0.9, True)]))
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
    assert child.exitcode == 0
    assert monitor.flush(20)
    stats = monitor.stats()
    assert not stats.rejected and not stats.dropped, stats
    # Sent when the process exits.
    monitor.event(model=MODEL, version="last")


if __name__ == "__main__":
    main()
