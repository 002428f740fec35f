"""Tries a program that was built or installed: `python installer/smoke.py PROGRAM`.

It needs nothing but Python. What it does is what a new user does: ask for the version, play the
demo, start the agent, open its page, end it. All in a throw-away home; nothing of anybody's is
touched. Prints a line for each thing that was tried, with what it took. Exit codes: 0 all well · 1
something was not · 2 wrong use.
"""

import argparse
import contextlib
import hashlib
import http.cookiejar
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

VERSION_SECONDS: Final = 0.5
PAGE_SECONDS: Final = 2.5
LARGEST_MB: Final = 120.0
_PATIENCE_SECONDS: Final = 90.0
_TRIES: Final = 3
_RECORDINGS: Final = 3
"""So many the demo brings home."""
_OK, _REFUSED = 200, 401
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""No proxy is asked for a page of this computer."""
_FOREIGN: Final = ("ZOOMSYNC_", "ZOOM_", "SUPABASE_", "AWS_", "LOG_FILE", "PYTHON", "VIRTUAL_ENV")


class NotWell(Exception):
    """Something that was tried is not as it has to be."""


@dataclass(slots=True)
class Trial:
    """One program, and a home for it.

    Attributes:
        program: the program, as it is called.
        place: a throw-away folder.
        root: the tree of files in which the program lives, if it is another one (chroot).
        is_strict: whether taking longer, or being larger, than is promised is a failure.
        more: variables for the program.
    """

    program: str
    place: Path
    root: Path | None = None
    is_strict: bool = False
    more: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Everything of the agent."""
        return self.place / "home"

    def seen(self, path: Path) -> str:
        """Return how the program calls a file."""
        return str(path) if self.root is None else f"/{path.relative_to(self.root)}"

    def lies(self, path: str) -> Path:
        """Return where a file is that the program calls so."""
        return Path(path) if self.root is None else self.root / path.lstrip("/")

    def command(self, *arguments: str) -> list[str]:
        """Return how it is started."""
        return [*(() if self.root is None else within(self.root)), self.program, *arguments]

    def environment(self) -> dict[str, str]:
        """Return the variables for it: ours, but for the settings of whoever runs this."""
        ours = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        ours |= {
            "HOME": self.seen(self.place),
            "USERPROFILE": self.seen(self.place),
            "ZOOMSYNC_HOME": self.seen(self.home),
            "ZOOM_RECORDINGS_PATH": self.seen(self.place / "Zoom"),
            "ZOOMSYNC_QUIET_SECONDS": "1",
            "ZOOMSYNC_PORT": "0",
            "PYTHONUTF8": "1",
        }
        if self.root is not None:
            ours["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return ours | self.more

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run it to its end and return what it printed.

        Raises:
            NotWell: it ended with another code.
        """
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        out = done.stdout.decode("utf-8", "replace")
        if done.returncode != code:
            err = done.stderr.decode("utf-8", "replace")
            raise NotWell(f"{' '.join(arguments)} ended with {done.returncode}: {out}{err}")
        return out

    def note(self, what: str, figure: float, unit: str, most: float = 0.0) -> None:
        """Print a figure.

        Raises:
            NotWell: it is more than is promised, and that counts.
        """
        self.figures[what] = figure
        too_much = 0 < most < figure
        print(f"{what}: {figure:.2f} {unit}" + (f" (promised: {most:g})" if too_much else ""))
        if too_much and self.is_strict:
            raise NotWell(f"{what} is {figure:.2f} {unit}, and {most:g} is promised")


def within(root: Path) -> list[str]:
    """Return how a program in another tree of files is started: as on a machine of its own.

    The tree is the root of a mount, and has /proc; both are gone with the program.
    """
    enter = 'mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    unshare = shutil.which("unshare") or "/usr/bin/unshare"
    return [unshare, "--mount", "/bin/sh", "-c", enter, str(root)]


def try_all(trial: Trial, folder: Path | None, expected: str) -> None:
    """Try everything.

    Args:
        trial: what is tried.
        folder: of the bundle, to be weighed.
        expected: the version; empty: whichever it is.

    Raises:
        NotWell: something is not as it has to be.
    """
    if folder is not None:
        size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
        trial.note("size", size / 1e6, "MB", LARGEST_MB)
    _version(trial, expected)
    if "create table" not in trial.run("schema"):
        raise NotWell("schema prints no SQL: files are missing in the bundle")
    print("schema: printed")
    _demo(trial)
    with _agent(trial) as (url, took):
        _page(trial, url)
    for _ in range(_TRIES - 1):  # the first one may have come from a cold disk
        if took > PAGE_SECONDS:
            with _agent(trial) as (_, again):
                took = min(took, again)
    print("agent: ended when it was asked to")
    trial.note("page", took, "s", PAGE_SECONDS)


def _version(trial: Trial, expected: str) -> None:
    took = []
    for _ in range(_TRIES):
        begun = time.monotonic()
        told = trial.run("--version").strip()
        took.append(time.monotonic() - begun)
        if not told.startswith("zoomsync ") or (expected and told != f"zoomsync {expected}"):
            raise NotWell(f"it says that it is “{told}”, and not zoomsync {expected}")
    print(f"version: {told}")
    trial.note("--version", min(took), "s", VERSION_SECONDS)


def _demo(trial: Trial) -> None:
    kept = trial.place / "demo"
    begun = time.monotonic()
    told = json.loads(trial.run("demo", "--once", "--json", "--keep-in", trial.seen(kept)))
    found = told["recordings"]
    if len(found) < _RECORDINGS:
        raise NotWell(f"the demo brought {len(found)} recordings home, and not {_RECORDINGS}")
    for one in found:
        path = urllib.request.url2pathname(urllib.parse.urlsplit(one["file_url"]).path)
        sha256 = hashlib.sha256(trial.lies(path).read_bytes()).hexdigest()
        if sha256 != one["sha256"] or one["processing_status"] != "completed":
            raise NotWell(f"the demo says of {path} what is not so: {one}")
    print(f"demo: {len(found)} recordings came home, hashes equal")
    trial.note("demo", time.monotonic() - begun, "s")


@contextlib.contextmanager
def _agent(trial: Trial) -> Iterator[tuple[str, float]]:
    """Run the agent, give the address of its page and what that took, then end it."""
    (trial.place / "Zoom").mkdir(exist_ok=True)
    begun = time.monotonic()
    group: dict[str, Any] = (
        {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {}
    )
    with (trial.place / "agent.out").open("wb") as out:
        agent = subprocess.Popen(
            trial.command("run", "--headless"),
            env=trial.environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            **group,
        )
    try:
        url = _waited("the page is there", lambda: _health(trial), agent)
        yield url, time.monotonic() - begun
        agent.send_signal(signal.CTRL_BREAK_EVENT if sys.platform == "win32" else signal.SIGTERM)
        code = agent.wait(_PATIENCE_SECONDS)
        if code != 0:
            raise NotWell(f"the agent ended with {code} when it was asked to end")
    finally:
        if agent.poll() is None:
            agent.kill()
            agent.wait()


def _health(trial: Trial) -> str:
    """Return the address of the page once it answers; empty before."""
    try:
        owner = json.loads((trial.home / "data" / "agent.lock.json").read_text("utf-8") or "{}")
        url = str(owner.get("url") or "")
        with _DIRECT.open(f"{url}health", timeout=5) as answer:
            return url if answer.status == _OK else ""
    except (OSError, ValueError, AttributeError):
        return ""


def _page(trial: Trial, url: str) -> None:
    """Ask for the page as a browser does, and for what programs ask."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar)
    )
    link = trial.run("open", "--print").split()[-1]
    with browser.open(link, timeout=30) as answer:
        page = answer.read().decode("utf-8")
        if answer.status != _OK or "zoomsync" not in page:
            raise NotWell(f"the page does not open: {answer.status}")
    for path in ("ui/recordings", "ui/settings", "docs/assets/swagger-ui.js", "redoc"):
        with browser.open(f"{url}{path}", timeout=30) as answer:
            if not answer.read():
                raise NotWell(f"{path} is empty")
    try:
        with _DIRECT.open(f"{url}recordings", timeout=30):
            raise NotWell("the API answers to anybody")
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code != _REFUSED:
            raise NotWell(f"the API answers {exc.code} to somebody without a token") from None
    token = trial.run("open", "--token").split()[-1]
    asked = urllib.request.Request(  # noqa: S310  our own page
        f"{url}recordings", headers={"Authorization": f"Bearer {token}"}
    )
    with _DIRECT.open(asked, timeout=30) as answer:
        if "items" not in (found := json.load(answer)) and "recordings" not in found:
            raise NotWell(f"the API lists no recordings: {found}")
    print("page: opens, and the API answers")


def _waited(what: str, look: Callable[[], str], agent: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and agent.poll() is None:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise NotWell(f"it did not happen: {what} (the agent's code: {agent.poll()})")


def main(arguments: list[str] | None = None) -> int:
    """Try, and return the exit code."""
    parser = argparse.ArgumentParser(description="Tries a program that was built or installed.")
    parser.add_argument("program", help="the program")
    parser.add_argument("--bundle", type=Path, help="its folder, to be weighed")
    parser.add_argument("--root", type=Path, help="the tree of files in which it lives (chroot)")
    parser.add_argument("--expect", default="", help="the version that it must have")
    parser.add_argument(
        "--strict", action="store_true", help="fail where it is slower or larger than promised"
    )
    told = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    within = None if told.root is None else str(told.root / "tmp")
    program = told.program if told.root else (shutil.which(told.program) or told.program)
    with tempfile.TemporaryDirectory(dir=within, ignore_cleanup_errors=True) as place:
        trial = Trial(program, Path(place), told.root, told.strict)
        try:
            try_all(trial, told.bundle, told.expect)
        except (NotWell, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as exc:
            print(f"not well: {exc}", file=sys.stderr)
            log = trial.place / "agent.out"
            if log.is_file():
                print(log.read_text("utf-8", "replace")[-4000:], file=sys.stderr)
            return 1
    print("all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
