"""What Alertmanager delivers to: a server that keeps every message, for HTTP and for mail."""

import http.server
import json
import socketserver
import threading
import time
from dataclasses import dataclass, field

from programs import wait_until


@dataclass
class Message:
    """One delivery. `path` is that of the request, or `mail`."""

    path: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    time: float = field(default_factory=time.time)

    @property
    def content(self) -> dict:
        return json.loads(self.body)


class Receiver:
    """Listens on two free ports of 127.0.0.1, one for HTTP and one for SMTP, until it is closed."""

    def __init__(self):
        self.messages: list[Message] = []
        receiver = self

        class Web(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                receiver.messages.append(Message(self.path, body, dict(self.headers)))
                # PagerDuty says 202, all others 200; both take an empty object.
                self.send_response(202 if self.path.endswith("/enqueue") else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"status":"success"}')

            def log_message(self, *_):
                pass

        class Mail(socketserver.StreamRequestHandler):
            def handle(self):
                def say(line: str):
                    self.wfile.write(line.encode() + b"\r\n")
                say("220 mail")
                while line := self.rfile.readline().decode(errors="replace").strip():
                    command = line.split()[0].upper()
                    if command == "EHLO":
                        say("250-mail")
                        say("250 AUTH PLAIN")
                    elif command == "AUTH":
                        say("235 good")
                    elif command == "DATA":
                        say("354 go on")
                        lines = []
                        while (text := self.rfile.readline().decode(errors="replace")) != ".\r\n":
                            lines.append(text)
                        receiver.messages.append(Message("mail", "".join(lines)))
                        say("250 kept")
                    elif command == "QUIT":
                        say("221 bye")
                        return
                    else:
                        say("250 good")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.mail = Server(("127.0.0.1", 0), Mail)
        for server in (self.web, self.mail):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.web.server_address[1]}"

    @property
    def mail_address(self) -> str:
        return f"127.0.0.1:{self.mail.server_address[1]}"

    def at(self, path: str) -> list[Message]:
        return [message for message in list(self.messages) if message.path == path]

    def wait(self, path: str, seconds: float, wanted=lambda message: True) -> Message:
        return wait_until(lambda: next(filter(wanted, self.at(path)), None), seconds,
                          f"a message at {path}")

    def close(self):
        for server in (self.web, self.mail):
            server.shutdown()
            server.server_close()
