"""HTTP to the daemon over a Unix socket, TCP or TLS, on a connection that stays open."""

from __future__ import annotations

import dataclasses
import http.client
import os
import socket
import ssl
import urllib.parse
from typing import Dict, List, Mapping, Optional, Union

SOCKET = "/run/ml_exporter/push.sock"
PORT = 10181
DEFAULT = (f"unix:{SOCKET}", f"http://127.0.0.1:{PORT}")
ANSWER_BYTES = 1 << 20


class BadAddress(ValueError):
    """An address that is not one."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where the daemon takes pushes."""

    scheme: str  # unix, http or https
    host: str
    port: int
    path: str  # of the socket, or what stands before /v1

    @classmethod
    def parse(cls, text: str) -> Address:
        """`unix:/path`, `http://host:port`, `https://host:port/prefix`, `host:port` or `host`."""
        text = text.strip()
        if text.startswith("unix:"):
            path = text[len("unix:"):]
            if path.startswith("//"):
                path = path[2:]
            if not path.startswith("/"):
                raise BadAddress(f"{text!r}: the path of a socket begins with /")
            return cls("unix", "localhost", 0, path)
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        if parts.scheme not in ("http", "https"):
            raise BadAddress(f"{text!r}: must be unix:/path, http://... or https://...")
        try:
            port = parts.port
        except ValueError as error:
            raise BadAddress(f"{text!r}: {error}") from None
        if not parts.hostname:
            raise BadAddress(f"{text!r}: has no host")
        return cls(parts.scheme, parts.hostname, port or PORT, parts.path.rstrip("/"))

    def __str__(self) -> str:
        if self.scheme == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    retry_after: Optional[float]


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("this system has no Unix sockets")
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            wire.settimeout(self.timeout)
            wire.connect(self._path)
        except BaseException:
            wire.close()
            raise
        self.sock = wire


class Transport:
    """Sends requests to the first address that accepts a connection. Used by one thread."""

    def __init__(self, addresses: List[Address], token: Optional[str], ca: Optional[str],
                 timeout: float):
        self.addresses = addresses
        self.timeout = timeout
        self._ca = ca
        self._headers = {"User-Agent": "ml-exporter-client"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._connection: Optional[http.client.HTTPConnection] = None
        # That of the last connection.
        self.address = addresses[0]

    def send(self, method: str, path: str, body: Optional[bytes],
             headers: Mapping[str, Union[str, bytes]]) -> Answer:
        """Raises OSError or HTTPException when there is no answer."""
        reused = self._connection is not None
        try:
            return self._ask(method, path, body, headers)
        except (ConnectionError, http.client.RemoteDisconnected, http.client.CannotSendRequest):
            # The daemon may close an idle connection at any time: that is no failure.
            if not reused:
                raise
            return self._ask(method, path, body, headers)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: Optional[bytes],
             headers: Mapping[str, Union[str, bytes]]) -> Answer:
        connection = self._connection or self._connect()
        all_headers: Dict[str, Union[str, bytes]] = {**self._headers, **headers}
        prefix = "" if self.address.scheme == "unix" else self.address.path
        try:
            connection.request(method, prefix + path, body, all_headers)
            response = connection.getresponse()
            content = response.read(ANSWER_BYTES)
            if response.will_close or not response.isclosed():
                self.close()
            return Answer(response.status, content, _seconds(response.getheader("Retry-After")))
        except BaseException:
            self.close()
            raise

    def _connect(self) -> http.client.HTTPConnection:
        failure: Optional[OSError] = None
        for address in self.addresses:
            connection = self._open(address)
            try:
                connection.connect()
            except OSError as error:
                connection.close()
                failure = error
                continue
            self._connection, self.address = connection, address
            return connection
        raise failure or OSError("no address")

    def _open(self, address: Address) -> http.client.HTTPConnection:
        if address.scheme == "unix":
            return _UnixConnection(address.path, self.timeout)
        if address.scheme == "http":
            return http.client.HTTPConnection(address.host, address.port, timeout=self.timeout)
        context = ssl.create_default_context(cafile=self._ca)
        return http.client.HTTPSConnection(
            address.host, address.port, timeout=self.timeout, context=context)


def addresses(url: Optional[str]) -> List[Address]:
    """The address that was given, else that of ML_EXPORTER_URL, else the socket and then TCP."""
    text = url or os.environ.get("ML_EXPORTER_URL")
    return [Address.parse(one) for one in ([text] if text else DEFAULT)]


def _seconds(text: Optional[str]) -> Optional[float]:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
