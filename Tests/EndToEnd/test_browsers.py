"""What a web page in a browser of this machine can and cannot do."""

import contextlib

import pytest

import pages
from programs import ask, connect, raw

EVENT = b'{"model":"m"}'


def status(received: bytes) -> int:
    return int(received.split()[1]) if received.startswith(b"HTTP/1.1 ") else 0


def push(daemon, target: str = "/v1/events", host: str | None = "localhost", *headers: str,
         method: str = "POST", address: str | None = None) -> int:
    lines = [f"{method} {target} HTTP/1.1", *([f"Host: {host}"] if host is not None else []),
             "Content-Type: application/json", f"Content-Length: {len(EVENT)}",
             "Connection: close", *headers]
    return status(raw(address or daemon.push_address,
                      "".join(line + "\r\n" for line in lines).encode() + b"\r\n" + EVENT))


def get(daemon, path: str = "/metrics", host: str | None = "localhost", method: str = "GET") -> int:
    lines = [f"{method} {path} HTTP/1.1", *([f"Host: {host}"] if host is not None else []),
             "Connection: close"]
    return status(raw(daemon.address, "".join(line + "\r\n" for line in lines).encode() + b"\r\n"))


@pytest.fixture(scope="module")
def daemon(shared):
    return shared.daemon("--push.allowed-host=push.example", tree="debian12-2cpu")


@pytest.fixture(scope="module")
def limited(shared):
    return shared.daemon("--web.allowed-host=node.example", "--web.allowed-host=Other.Example",
                         tree="debian12-2cpu")


@pytest.mark.parametrize("site, expected", [
    ("none", 200), ("same-origin", 200), ("Same-Origin", 200), ("cross-site", 403),
    ("same-site", 403), ("", 403), ("none, cross-site", 403), ("nonesense", 403)])
def test_a_push_from_a_page_of_another_site_is_refused(daemon, site, expected):
    assert push(daemon, "/v1/events", "localhost", f"Sec-Fetch-Site: {site}") == expected
    found = push(daemon, "/metrics/job/j", "localhost", f"sec-fetch-site: {site}", method="DELETE")
    assert found == (202 if expected == 200 else 403)


@pytest.mark.parametrize("target", [
    "http://evil.example/v1/events", "HTTP://EVIL.EXAMPLE/v1/events",
    "http://evil.example:10181/v1/events", "https://evil.example/v1/events",
    "http://localhost.evil.example/v1/events", "http://127.0.0.1.evil.example/v1/events"])
def test_the_authority_of_an_absolute_target_counts_and_host_does_not(daemon, target):
    assert push(daemon, target, "localhost") == 403


@pytest.mark.parametrize("target", [
    "http://user@localhost/v1/events", "http://evil.example@localhost/v1/events",
    "http://localhost:evil@evil.example/v1/events", "http:///v1/events"])
def test_an_authority_with_user_information_is_malformed(daemon, target):
    assert push(daemon, target, "localhost") == 400


@pytest.mark.parametrize("target", [
    "http://localhost/v1/events", "http://LOCALHOST:1/v1/events", "http://127.0.0.1:9/v1/events",
    "http://[::1]:9/v1/events", "http://push.example/v1/events", "http://PUSH.example:80/v1/events"])
def test_an_absolute_target_of_this_listener_is_served_whatever_host_says(daemon, target):
    assert push(daemon, target, "localhost") == 200
    assert push(daemon, target, "evil.example") == 200


@pytest.mark.parametrize("host, expected", [
    ("evil.example", 403), ("EVIL.EXAMPLE:80", 403), ("push.example:10181", 200),
    ("Push.Example", 200), ("[::1]:10181", 200), ("10.0.0.1", 200), ("1.2.3", 403)])
def test_the_host_of_a_push_is_checked(daemon, host, expected):
    assert push(daemon, host=host) == expected


@pytest.mark.parametrize("host", ["evil.example", "localhost", "10.0.0.1:9", "[fe80::1]:9"])
@pytest.mark.parametrize("path", ["/metrics", "/-/healthy", "/-/ready", "/metrics?collect[]=cpu"])
def test_metrics_and_health_checks_answer_under_any_name(daemon, path, host):
    assert get(daemon, path, host) == 200


def test_the_landing_page_answers_under_known_names_only(daemon):
    assert get(daemon, "/", "localhost:10180") == 200
    assert get(daemon, "/", "127.0.0.1") == 200
    assert get(daemon, "/", "evil.example") == 403
    assert get(daemon, "http://evil.example/", "localhost") == 403
    assert get(daemon, "http://localhost/", "evil.example") == 200


@pytest.mark.parametrize("path", ["/metrics", "/", "/nope", "/metrics?collect[]=cpu",
                                  "/metrics/job/j", "//metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_with_allowed_hosts_other_names_are_refused_on_every_path(limited, path, method):
    assert get(limited, path, "evil.example", method) == 403
    assert get(limited, f"http://evil.example{path}", "node.example", method) == 403
    for host in ("node.example", "NODE.example:9", "other.example", "localhost", "10.0.0.1:9", "[::1]"):
        assert get(limited, path, host, method) != 403


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
def test_health_checks_answer_under_any_name_also_then(limited, path):
    assert get(limited, path, "evil.example") == 200


def test_the_refusal_says_which_flag_allows_a_name(limited):
    answer = limited.get(headers={"Host": "evil.example"})
    assert answer.status == 403 and "--web.allowed-host" in answer.text
    page = pages.parse_text(limited.get().body)
    assert page.value(
        "ml_exporter_http_requests_total", listener=limited.address, code="403") >= 1


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.mark.parametrize("path, method", [
    ("/metrics", "GET"), ("/metrics", "HEAD"), ("/-/healthy", "GET"), ("/-/ready", "GET"),
    ("/nope", "GET"), ("/metrics", "POST"), ("/metrics?collect[]=nope", "GET"), ("/", "HEAD")])
def test_every_answer_has_security_headers(daemon, path, method):
    answer = daemon.get(path, method=method)
    for name, value in HEADERS.items():
        assert len(answer.headers.get_all(name)) == 1
        if path != "/":
            assert answer.headers[name] == value


@pytest.mark.parametrize("path, method, body", [
    ("/v1/events", "POST", EVENT), ("/v1/events", "POST", b"{"), ("/metrics/job/j", "PUT", b"a 1\n"),
    ("/metrics/job/j", "PUT", b"a{ 1\n"), ("/metrics", "GET", None), ("/api/v1/status", "GET", None),
    ("/nope", "GET", None)])
def test_every_answer_to_pushes_has_security_headers(daemon, path, method, body):
    with contextlib.closing(connect(daemon.push_address)) as connection:
        answer = ask(connection, path, {"Content-Type": "application/json"}, method, body)
    for name, value in HEADERS.items():
        assert answer.headers.get_all(name) == [value]


def test_the_landing_page_loads_nothing_and_is_shown_in_no_frame(daemon):
    answer = daemon.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
