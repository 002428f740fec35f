"""S3 servers that no one here wrote: moto and `rclone serve s3`, each once for a test process."""

import atexit
import contextlib
import functools
import os
import secrets
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import FixedKeys, Keys
from zoomsync_agent.s3.requests import Requests

KEYS: Final = Keys("ZOOMSYNCTESTKEY00001", "a secret of more than sixteen characters")
REGION: Final = "us-east-1"
_START_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class RealServer:
    """One server, with a way to make a bucket of one's own in it."""

    url: str

    def new_bucket(self) -> str:
        """Make a bucket and return its name."""
        name = f"recordings-{secrets.token_hex(6)}"
        requests = Requests(self.bucket(name), FixedKeys(KEYS))
        try:
            requests.send("PUT", action="s3:CreateBucket")
        finally:
            requests.close()
        return name

    def bucket(self, name: str, url: str | None = None) -> Bucket:
        """Return the address of a bucket, perhaps as it is to be seen through a proxy."""
        return Bucket(name, REGION, url or self.url, is_path_style=True)


@functools.cache
def moto() -> RealServer:
    """Return a moto server, which takes parts of any size here."""
    port = _free_port()
    program = [sys.executable, "-m", "moto.server", "--host=127.0.0.1", f"--port={port}"]
    return _until_exit(_running(program, port, {"S3_UPLOAD_PART_MIN_SIZE": "1"}))


@functools.cache
def rclone() -> RealServer:
    """Return an `rclone serve s3` over a temporary folder."""
    folder = tempfile.TemporaryDirectory(prefix="rclone-s3-")
    atexit.register(folder.cleanup)
    return _until_exit(rclone_over(Path(folder.name)))


def rclone_over(folder: Path) -> AbstractContextManager[RealServer]:
    """Give an `rclone serve s3` that keeps its buckets in *folder*."""
    port = _free_port()
    program = [
        rclone_program(),
        "serve",
        "s3",
        str(folder),
        f"--addr=127.0.0.1:{port}",
        f"--auth-key={KEYS.access_key},{KEYS.secret_key}",
        "--config=/dev/null",
        "--log-level=ERROR",
        "--vfs-cache-mode=off",
    ]
    return _running(program, port, {})


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _until_exit(running: AbstractContextManager[RealServer]) -> RealServer:
    """Start a server that ends with this process."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running)


@contextlib.contextmanager
def _running(
    program: Sequence[str], port: int, variables: Mapping[str, str]
) -> Iterator[RealServer]:
    """Start a server in a process of its own, and wait for it."""
    process = subprocess.Popen(
        program,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(process, port)
        yield RealServer(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if time.monotonic() > deadline or process.poll() is not None:
            raise AssertionError(f"{process.args!r:.200} did not start")
        time.sleep(0.02)


def rclone_program() -> str:
    """Return the path of rclone, which a package of the development dependencies brings."""
    return str(Path(sysconfig.get_path("scripts")) / "rclone")
