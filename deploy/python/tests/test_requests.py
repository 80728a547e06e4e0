"""Requests as context managers and decorators."""

import asyncio
import statistics
import threading
import time

import pytest
from conftest import samples, total

from ml_exporter_client import annotate


class NotFound(Exception):
    status_code = 404


def outcomes(daemon, model):
    return {dict(labels)["outcome"]: value
            for labels, value in samples(daemon, "ml_requests_total", model=model).items() if value}


def test_a_block_is_a_request_with_its_duration(daemon, monitor, model):
    with monitor.request(model, version=3, features={"amount": 12.5}) as request:
        request["score"] = 0.9
        time.sleep(0.02)
    assert monitor.flush()
    assert samples(daemon, "ml_requests_total", model=model, outcome="ok") == {
        (("version", "3"),): 1}
    assert 0.02 <= total(daemon, "ml_request_duration_seconds_sum", model=model) < 1
    assert total(daemon, "ml_feature_values_total", model=model, feature="amount") == 1


@pytest.mark.parametrize("error, outcome", [
    (ValueError("x"), "server_error"), (TimeoutError(), "timeout"), (NotFound(), "client_error"),
    (asyncio.TimeoutError(), "timeout"), (asyncio.CancelledError(), "cancelled"),
    (KeyboardInterrupt(), "cancelled"),
])
def test_an_exception_becomes_an_outcome_and_is_raised_again(daemon, monitor, model, error, outcome):
    with pytest.raises(type(error)) as caught:
        with monitor.request(model):
            raise error
    assert caught.value is error
    assert monitor.flush()
    assert outcomes(daemon, model) == {outcome: 1}
    assert total(daemon, "ml_request_errors_total", model=model, reason=type(error).__name__) == 1


def test_an_outcome_that_was_set_stays(daemon, monitor, model):
    with pytest.raises(ValueError):
        with monitor.request(model) as request:
            request["outcome"] = "rejected"
            raise ValueError
    monitor.flush()
    assert outcomes(daemon, model) == {"rejected": 1}


def test_functions_of_every_kind_are_measured_at_each_call(daemon, monitor, model):
    @monitor.request(model, version="f")
    def plain(x):
        return x + 1

    @monitor.request(model, version="g")
    def generator():
        yield 1
        yield 2

    @monitor.request(model, version="c")
    async def coroutine():
        await asyncio.sleep(0)
        return 5

    @monitor.request(model, version="s")
    async def stream():
        yield 1
        yield 2

    async def use():
        return await coroutine(), [item async for item in stream()]

    assert [plain(1), plain(2)] == [2, 3]
    assert plain.__name__ == "plain"
    assert list(generator()) == [1, 2]
    assert asyncio.run(use()) == (5, [1, 2])
    assert monitor.flush()
    assert {dict(labels)["version"]: value for labels, value in samples(
        daemon, "ml_requests_total", model=model, outcome="ok").items()} == {
            "f": 2, "g": 1, "c": 1, "s": 1}


def test_a_generator_that_is_left_early_was_cancelled(daemon, monitor, model):
    @monitor.request(model)
    def generator():
        yield 1
        yield 2

    for _ in generator():
        break
    monitor.flush()
    assert outcomes(daemon, model) == {"cancelled": 1}


def test_a_task_that_is_cancelled_was_cancelled(daemon, monitor, model):
    async def use():
        async def work():
            async with monitor.request(model):
                await asyncio.sleep(30)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await monitor.aflush()

    asyncio.run(use())
    assert outcomes(daemon, model) == {"cancelled": 1}


def test_tasks_annotate_their_own_requests(daemon, monitor, model):
    async def handler(number):
        async with monitor.request(model):
            await asyncio.sleep(0.001 * (10 - number))
            annotate(features={"even" if number % 2 == 0 else "odd": number})

    async def use():
        await asyncio.gather(*(handler(number) for number in range(10)))

    asyncio.run(use())
    annotate(features={"outside": 1})
    monitor.flush()
    assert total(daemon, "ml_feature_values_total", model=model, feature="even") == 5
    assert total(daemon, "ml_feature_values_total", model=model, feature="odd") == 5


def test_many_threads_lose_no_request(daemon, monitor, model):
    def work():
        for _ in range(500):
            with monitor.request(model):
                pass

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor.flush()
    assert total(daemon, "ml_requests_total", model=model, outcome="ok") == 4000


def test_stages_and_tokens_are_measured(daemon, monitor, model):
    with monitor.request(model, tokens={"input": 7}) as request:
        with request.stage("preprocess"):
            time.sleep(0.01)
        for _ in range(3):
            time.sleep(0.01)
            request.token()
    monitor.flush()
    assert total(daemon, "ml_request_stage_duration_seconds_count", model=model, stage="preprocess") == 1
    assert total(daemon, "ml_tokens_total", model=model, direction="input") == 7
    assert total(daemon, "ml_tokens_total", model=model, direction="output") == 3
    assert total(daemon, "ml_time_to_first_token_seconds_count", model=model) == 1
    assert 0.005 < total(daemon, "ml_time_per_output_token_seconds_sum", model=model) < 0.5


def test_what_the_caller_changes_later_is_not_sent(daemon, monitor, model):
    row = {"a": 1.0}
    for _ in range(50):
        with monitor.request(model, features=row):
            pass
    row["b"] = 1.0
    monitor.flush()
    assert total(daemon, "ml_feature_values_total", model=model, feature="b") == 0
    assert total(daemon, "ml_feature_values_total", model=model, feature="a") == 50


def test_the_other_events_arrive(daemon, monitor, model):
    monitor.label(model, "req-1", 1)
    monitor.state(model, version=1, in_flight=3, queue_length=2)
    monitor.loaded(model, version=1, framework="lightgbm", trained_at=1795000000)
    monitor.metric(f"profit_{model[2:]}", 900, target=1000, unit="euros")
    assert monitor.flush()
    assert monitor.stats().accepted == 4 and monitor.stats().rejected == 0
    assert total(daemon, "ml_requests_in_flight", model=model) == 3
    assert total(daemon, "ml_business_value", kpi=f"profit_{model[2:]}") == 900


def test_no_call_raises_whatever_it_is_given(monitor, model):
    class Wild:
        def __getattribute__(self, name):
            raise RuntimeError(name)

    with monitor.request(model, features=Wild(), score=Wild()) as request:
        request["stages"] = Wild()
    monitor.event(type=Wild(), model=Wild())
    monitor.columns(model, features=Wild(), score=3)
    monitor.columns(model, features={"a": [1, 2]}, score=[1])
    monitor.labels(model, Wild(), [1])
    monitor.metric("x", Wild(), labels=Wild())
    monitor.label(model, Wild(), Wild())
    monitor.request(model, version=Wild()).begin().end()
    assert monitor.flush()
    assert monitor.stats().queued == 0


def test_a_request_takes_microseconds_of_the_caller(monitor, model):
    """A wide bound, for busy machines; `make python-bench` measures."""
    row = {f"feature_{number}": float(number) for number in range(20)}
    medians = []
    for _ in range(5):
        found = []
        for _ in range(500):
            began = time.perf_counter()
            with monitor.request(model, features=row) as request:
                request["score"] = 0.5
            found.append(time.perf_counter() - began)
        medians.append(statistics.median(found))
    assert min(medians) < 20e-6
