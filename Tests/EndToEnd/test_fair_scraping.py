"""Scrapers that ask for much or are in a hurry, beside one that asks as Prometheus does."""

import contextlib
import http.client
import os
import pathlib
import threading

import pytest

import pages
from test_connections import scrape

LINES = 12_000


@pytest.fixture
def textfiles(tmp_path) -> pathlib.Path:
    """A folder with a text file that takes long to read, and is written again and again."""
    folder = tmp_path / "text"
    folder.mkdir()
    text = b"".join(b'tf_m%d{a="x",b="y"} 1\n' % number for number in range(LINES))

    def write():
        (folder / "new").write_bytes(text)
        os.rename(folder / "new", folder / "a.prom")

    write()
    ending = threading.Event()

    def run():
        while not ending.wait(0.02):
            write()

    thread = threading.Thread(target=run)
    thread.start()
    yield folder
    ending.set()
    thread.join()


@contextlib.contextmanager
def repeating(count: int, body):
    """Threads that each call `body(thread's number, round)` until the end."""
    ending = threading.Event()

    def run(number: int):
        turn = 0
        while not ending.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                body(number, turn)
            turn += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("timeout", ["0.001", "1e-9", "0.5"])
def test_scrapers_in_a_hurry_take_nothing_from_others(start, textfiles, timeout):
    daemon = start.daemon(f"--collector.textfile.directory={textfiles}")
    lines = len(daemon.log.splitlines())

    def hurry(_number, _turn):
        daemon.get(headers={"X-Prometheus-Scrape-Timeout-Seconds": timeout})

    with repeating(3, hurry):
        for _ in range(10):
            answer = daemon.get(headers={"X-Prometheus-Scrape-Timeout-Seconds": "30"}, timeout=60)
            assert answer.status == 200
            assert b"tf_m%d{" % (LINES - 1) in answer.body
            page = answer.text
            assert 'node_scrape_collector_success{collector="textfile"} 1' in page
    assert len(daemon.log.splitlines()) - lines < 100


def test_greedy_scrapers_do_not_keep_another_from_its_pages(start):
    daemon = start.daemon()
    names = ["cpu", "meminfo", "netdev", "diskstats", "stat", "loadavg", "filesystem", "uname"]

    def greedy(number, turn):
        chosen = [name for place, name in enumerate(names) if (number + turn) >> place % 6 & 1]
        query = "&".join(f"collect[]={name}" for name in chosen or names)
        scrape(daemon.address, "127.0.0.2", f"/metrics?{query}")

    with repeating(60, greedy):
        for _ in range(20):
            status, body = scrape(daemon.address, "127.0.0.1")
            assert status == 200
            assert pages.parse_text(body).value("node_scrape_collector_success", collector="cpu") == 1
