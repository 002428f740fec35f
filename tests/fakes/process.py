"""The real `zoomsync` process in a throw-away home, and faults that strike inside it."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from tests.fakes.warm import warm

POLL_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 60.0
"""Far longer than anything takes: a deadline is there to fail, not to measure."""
_DONE: Final = 0
_BEYOND_MODES: Final = "-dac_override,-dac_read_search"
_FOREIGN: Final = ("ZOOMSYNC_", "ZOOM_", "LOG_FILE", "XDG_", "DBUS_", "DISPLAY", "WAYLAND_")
"""What an agent of the tests must not take over: settings, and whoever sits before the screen."""

Found = TypeVar("Found")


def wait_for(
    what: str, look: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS
) -> Found:
    """Look until there is something to see and return it.

    Raises:
        AssertionError: *what* did not happen within *seconds*.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            raise AssertionError(f"within {seconds:.0f} s it did not happen: {what}")
        time.sleep(POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class ChildFault:
    """Code that arms a fault in the process before it begins; it calls `fired()` when it strikes.

    `marks` is the file in which every strike leaves one line.
    """

    code: str
    marks: Path

    @property
    def strikes(self) -> int:
        """How often the fault has struck."""
        return len(self.marks.read_text("utf-8").splitlines()) if self.marks.exists() else 0

    @property
    def prelude(self) -> str:
        """What the process runs first."""
        return (
            "def fired():\n"
            f"    with open({str(self.marks)!r}, 'a', encoding='utf-8') as marks:\n"
            "        marks.write('struck\\n')\n"
            f"{self.code}\n"
        )


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return what was printed, which must be JSON from the first character to the last."""
        return json.loads(self.out)


class Running:
    """A process that was started here and is ended here."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, err: Path) -> None:
        self._process = process
        self._out = out
        self._err = err

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def out(self) -> str:
        """What it has written to stdout so far."""
        return self._out.read_text("utf-8", errors="replace")

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return self._err.read_text("utf-8", errors="replace")

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)

    def ended(self, seconds: float = PATIENCE_SECONDS) -> Done:
        """Wait for its end and return how it ended."""
        code = self._process.wait(seconds)
        return Done(code, self._out.read_text("utf-8", errors="replace"), self.err)

    def stop(self, seconds: float = PATIENCE_SECONDS) -> Done:
        """Ask it to end, wait, and return how it ended."""
        self.tell(signal.SIGTERM)
        return self.ended(seconds)


@dataclass(slots=True)
class Zoomsync:
    """The command `zoomsync` with a home, a recordings folder and an archive of its own.

    Leaving the context ends whatever is still running. `fault` is armed in every process that is
    started while it is set. `is_ordinary` takes away what root may do beyond the modes of files.
    """

    place: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    fault: ChildFault | None = None
    is_ordinary: bool = False
    _started: list[Running] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def home(self) -> Path:
        """Everything that the agent keeps for itself."""
        return self.place / "home"

    @property
    def recordings(self) -> Path:
        """The folder into which Zoom records."""
        return self.place / "Zoom"

    @property
    def archive(self) -> Path:
        """Where recordings are kept."""
        return self.home / "archive"

    @property
    def log(self) -> str:
        """What the agent has logged, oldest first, as far as it is kept."""
        files = sorted((self.home / "logs").glob("agent.log*"), key=lambda f: f.stat().st_mtime_ns)
        return "".join(file.read_text("utf-8", errors="replace") for file in files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for running in self._started:
            if running.is_alive:
                running.kill()

    def start(self, *arguments: str) -> Running:
        """Start a command and return at once."""
        out, err = self._papers()
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [*self._program(), *arguments],
                cwd=self.place,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        running = Running(process, out, err)
        self._started.append(running)
        return running

    def run(self, *arguments: str, seconds: float = PATIENCE_SECONDS) -> Done:
        """Run a command to its end, where the program is loaded already (`tests.fakes.warm`)."""
        # What the environment says to the interpreter itself counts from its beginning.
        is_other = any(name.startswith("PYTHON") for name in self.settings)
        if is_other or self.fault is not None or self.is_ordinary or not hasattr(os, "fork"):
            return self.start(*arguments).ended(seconds)
        out, err = self._papers()
        code = warm().run(
            arguments,
            cwd=self.place,
            environ=self._environment(),
            out=out,
            err=err,
            seconds=seconds,
        )
        return Done(code, *(one.read_text("utf-8", errors="replace") for one in (out, err)))

    def _papers(self) -> tuple[Path, Path]:
        """Return where the next command writes what it says, and what it complains of."""
        number = next(self._numbers)
        return self.place / f"{number}.out", self.place / f"{number}.err"

    def json(self, *arguments: str, code: int = _DONE) -> Any:
        """Run a command with --json and return what it says; it must end with *code*."""
        done = self.run(*arguments, "--json")
        assert done.code == code, f"{arguments} ended with {done.code}: {done.out}{done.err}"
        return done.json()

    @contextlib.contextmanager
    def agent(self) -> Iterator[Running]:
        """Run the agent until the context ends; give it once it has looked through the folder."""
        begun = self.log.count("agent started")
        running = self.start("run", "--headless")
        wait_for("the agent starts", lambda: self.log.count("agent started") > begun)
        try:
            yield running
        finally:
            if running.is_alive:
                running.stop()

    def rows(self) -> list[dict[str, Any]]:
        """Return every row of the catalog."""
        found: list[dict[str, Any]] = self.json("recordings", "list")["recordings"]
        return found

    def waiting(self) -> dict[str, dict[str, Any]]:
        """Return what `status` says of the files that are not uploaded, by file name."""
        status = self.json("status")
        return {Path(one["path"]).name: one for one in status["waiting"]}

    def _program(self) -> list[str]:
        python = [sys.executable]
        if self.is_ordinary and os.geteuid() == 0:
            python = ["setpriv", f"--bounding-set={_BEYOND_MODES}", *python]
        if self.fault is None:
            return [*python, "-m", "zoomsync_agent"]
        begin = f"{self.fault.prelude}\nfrom zoomsync_agent.__main__ import main\nmain()\n"
        return [*python, "-c", begin]

    def _environment(self) -> dict[str, str]:
        ours = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
        return ours | {
            "HOME": str(self.place),
            "ZOOMSYNC_HOME": str(self.home),
            "ZOOM_RECORDINGS_PATH": str(self.recordings),
            "ZOOMSYNC_QUIET_SECONDS": "1",
            "ZOOMSYNC_PORT": "0",
            "PYTHONUTF8": "1",
            **self.settings,
        }
