"""Runs the local stack as `cargo run` does, for checks written in Python."""

import contextlib
import pathlib
import re
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[2]


@contextlib.contextmanager
def local_stack(port=0):
    """Runs the stack and yields its base URL. Port 0 picks a free port."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(["cargo", "run", "--quiet", "--", "--port", str(port)], cwd=ROOT, stdout=output, text=True)
        try:
            url = None
            while not url and process.poll() is None:
                time.sleep(0.2)
                output.seek(0)
                if found := re.search(r"at (http://127\.0\.0\.1:\d+)", output.read()):
                    url = found[1]
            assert url, "the local stack did not start"
            yield url
        finally:
            process.send_signal(2)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
