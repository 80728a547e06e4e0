"""The description of the push listener, and schemathesis that holds the daemon to it."""

import json
import os
import subprocess
import sys

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_schema_conformance,response_headers_conformance")


def test_every_answer_is_described_and_none_is_an_error_of_the_server(start, tmp_path):
    daemon = start.daemon("--push.producer-rate=0")
    description = json.loads(daemon.push("/openapi.json", method="GET").body)
    assert len(description["paths"]) == 12
    examples = os.environ.get("SCHEMATHESIS_EXAMPLES", "25")
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run",
         f"http://{daemon.push_address}/openapi.json", "--checks", CHECKS, "--no-color",
         "--phases", "coverage,fuzzing", "--max-examples", examples],
        cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert daemon.alive
    assert daemon.get("/metrics").status == 200
