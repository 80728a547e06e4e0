"""Services that push while the package changes: pushing.py FILE pushes until that file is there, two
minutes at most, and prints a JSON object at the end.

Each of four pushes numbered batches, two through TCP and two through the Unix socket, on a new
connection every time, and sends a batch again until it is answered 200. So what is counted is what a
client with the exactly-once headers may rely on, and a connection that is refused is a socket that
did not listen.
"""

import collections
import http.client
import json
import os
import socket
import sys
import threading
import time

START = time.time()
LIMIT_SECONDS = 120
SOCKET = "/run/ml_exporter/push.sock"
counts = collections.Counter()
lock = threading.Lock()


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(SOCKET)


def count(name: str):
    with lock:
        counts[name] += 1


def is_over() -> bool:
    return os.path.exists(sys.argv[1]) or time.time() > START + LIMIT_SECONDS


def push(number: int):
    sequence = 1
    is_open = False
    # A batch that was sent and not answered may count, so it is sent until it is answered.
    while not is_over() or is_open:
        headers = {"Content-Type": "application/json", "Producer-Id": f"pusher-{number}",
                   "Producer-Start": str(START), "Batch-Sequence": str(sequence)}
        connection = (http.client.HTTPConnection("127.0.0.1", 10181, timeout=20) if number % 2
                      else UnixConnection("localhost"))
        try:
            connection.request("POST", "/v1/events", '{"model": "carried"}', headers)
            status = connection.getresponse().status
        except (ConnectionRefusedError, FileNotFoundError):
            count("refused")
            status = 0
        except (OSError, http.client.HTTPException):
            count("unanswered")
            status = 0
        finally:
            connection.close()
        is_open = status != 200
        if status == 200:
            count("acknowledged")
            sequence += 1
        elif status:
            count(f"status {status}")
        time.sleep(0.01)


threads = [threading.Thread(target=push, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(counts))
