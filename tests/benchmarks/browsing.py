"""Pages and API of a hundred thousand recordings over HTTP, and a page that is left open."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import psutil

from tests.benchmarks.big_catalog import Questions
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import median, memory_mib, percentile
from tests.fakes.chromium import chromium

FIRST_BYTE_MS: Final = 50.0
SERVER_MS: Final = 30.0
OPEN_PERCENT: Final = 1.0
_TIMES: Final = 20


def measure_site(
    place: Path, questions: Questions, recording_id: str, *, quick: bool
) -> list[Figure]:
    """Ask a served site for every page, and leave one open in a real browser."""
    words = [quote(text) for text in (*questions.common[:3], *questions.rare[:3])]
    pages = {
        "overview": ["/"],
        "recordings": [
            "/ui/recordings",
            "/ui/recordings?status=failed",
            "/ui/recordings?source=zoom",
        ],
        "search": [f"/ui/recordings?q={word}" for word in words],
        "recording": [f"/ui/recordings/{recording_id}"],
        "activity": ["/ui/activity"],
        "settings": ["/ui/settings"],
        "health": ["/ui/health"],
    }
    calls = {
        "list": ["/recordings?limit=50", "/recordings?limit=50&status=failed&sort=file_size"],
        "search": [f"/recordings?limit=50&q={word}" for word in words],
    }
    figures = []
    with _served(place) as (link, process):
        figures.append(
            Figure("site: resident before anybody looks", memory_mib(process.pid, "VmRSS"), "MiB")
        )
        browser = _Browser(link)
        for name, paths in pages.items():
            figures += _figures(f"site: {name}, first byte", browser, paths, FIRST_BYTE_MS)
        for name, paths in calls.items():
            figures += _figures(f"api: {name}, first byte", browser, paths, SERVER_MS)
        browser.close()
        figures.append(
            Figure("site: resident after all pages", memory_mib(process.pid, "VmRSS"), "MiB")
        )
        figures.append(_left_open(place, browser.fresh_link(), process, 1.0 if quick else 60.0))
    return figures


@contextmanager
def _served(place: Path) -> "Iterator[tuple[str, psutil.Process]]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.serving", str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "HOME": str(place)},
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), psutil.Process(process.pid)
    finally:
        process.communicate(timeout=30)


class _Browser:
    """One connection that is kept, with the cookie."""

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        self._connection.request("GET", f"{parts.path}?{parts.query}")
        answer = self._connection.getresponse()
        answer.read()
        self._cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]

    def first_byte_ms(self, path: str) -> float:
        """Ask for *path*; return how long its first byte took."""
        began = time.perf_counter()
        self._connection.request("GET", path, headers={"Cookie": self._cookie})
        answer = self._connection.getresponse()
        answer.read(1)
        spent = (time.perf_counter() - began) * 1_000
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return spent

    def fresh_link(self) -> "tuple[str, dict[str, str]]":
        """Return the address, and the cookie that opens it."""
        name, _, value = self._cookie.partition("=")
        return f"http://{self._host}:{self._port}/", {"name": name, "value": value}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _figures(name: str, browser: _Browser, paths: Sequence[str], target: float) -> list[Figure]:
    for path in paths:
        browser.first_byte_ms(path)
    spent = [browser.first_byte_ms(path) for _ in range(_TIMES) for path in paths]
    return [
        Figure(f"{name}, median", median(spent), "ms"),
        Figure(f"{name}, p95", percentile(spent, 95), "ms", target),
    ]


def _left_open(
    place: Path, link: "tuple[str, dict[str, str]]", process: psutil.Process, seconds: float
) -> Figure:
    url, cookie = link
    with chromium(place / "browser") as page:
        page.context.add_cookies([{**cookie, "url": url}])  # type: ignore[typeddict-item]
        page.goto(url)
        page.get_by_role("heading", level=1).wait_for()
        time.sleep(3.0)
        before, since = sum(process.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        used, passed = sum(process.cpu_times()[:2]) - before, time.monotonic() - since
    note = f"overview in Chromium, {seconds:.0f} s"
    return Figure(
        "site: page left open, share of one core", used / passed * 100, "%", OPEN_PERCENT, note
    )
