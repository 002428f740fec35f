"""Commands that begin where the program is loaded already: each is a process forked from there.

The suite runs hundreds of short commands beside the agent that it tests, and what each of them
spent was the loading. What a test is about, an agent or a fault inside of a process, is started
like everywhere else (`tests.fakes.process`).
"""

import atexit
import functools
import importlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_PROGRAM: Final = str(_ROOT / "zoomsync_agent" / "__main__.py")
_LOADED: Final = (
    *("zoomsync_agent.app.running", "zoomsync_agent.desktop.logs", "zoomsync_agent.web.desk"),
    *("zoomsync_agent.store.migrations", "zoomsync_agent.catalog.migrations"),
    *(
        f"zoomsync_agent.cli.{name}"
        for name in ("agent", "config", "output", "queue", "recordings", "status")
    ),
)
_BEGIN: Final = (
    f"import sys; sys.path.append({str(_ROOT)!r}); from tests.fakes import warm; warm.serve()"
)


class Warm:
    """The process that has everything loaded, and forks; it ends with this one."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BEGIN, str(there.fileno())],
                # Not where the program's own tree lies: it is found as an agent finds it.
                cwd="/",
                env={**os.environ, "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                pass_fds=(there.fileno(),),
            )
        self._socket = here
        self._lines = here.makefile("r", encoding="utf-8")
        self.program = json.loads(self._lines.readline())
        """The package's own file, as this process has found it."""
        self._lock = threading.Lock()
        atexit.register(self.close)

    def run(
        self,
        arguments: tuple[str, ...],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        out: Path,
        err: Path,
        seconds: float,
    ) -> int:
        """Run a command to its end and return its exit code.

        Args:
            arguments: of the command `zoomsync`.
            cwd: in which folder it runs.
            environ: its whole environment.
            out: what it prints is put there.
            err: what it complains of is put there.
            seconds: it is ended after that time.

        Raises:
            TimeoutError: it was.
        """
        told = {
            "arguments": arguments,
            "cwd": str(cwd),
            "environ": dict(environ),
            "out": str(out),
            "err": str(err),
        }
        with self._lock:  # one after the other, as those who type them do
            self._socket.sendall(json.dumps(told).encode() + b"\n")
            pid = int(self._lines.readline())
            ended = threading.Event()
            overdue = threading.Event()

            def end() -> None:
                if not ended.wait(seconds):
                    overdue.set()
                    os.kill(pid, signal.SIGKILL)

            watch = threading.Thread(target=end, name="warm")
            watch.start()
            code = int(self._lines.readline())
            ended.set()
            watch.join()
        if overdue.is_set():
            raise TimeoutError(f"{arguments} had not ended after {seconds:.0f} s")
        return code

    def close(self) -> None:
        """End it."""
        self._lines.close()
        self._socket.close()
        self._process.wait(30)


@functools.cache
def warm() -> Warm:
    """Return the one of this process."""
    return Warm()


# --- inside of that process ------------------------------------------------------------------


def serve() -> None:
    """Fork for each line that comes, and tell the process and how it ended."""
    peer = socket.socket(fileno=int(sys.argv[1]))
    for name in _LOADED:
        importlib.import_module(name)
    found = sys.modules["zoomsync_agent"].__file__
    peer.sendall(json.dumps(found).encode() + b"\n")
    with peer.makefile("r", encoding="utf-8") as lines:
        for line in lines:
            pid = os.fork()
            if pid == 0:
                lines.close()
                peer.close()
                _become(json.loads(line))
            peer.sendall(f"{pid}\n".encode())
            _, status = os.waitpid(pid, 0)
            peer.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _become(told: dict[str, Any]) -> None:
    """Be the command, as the interpreter would have begun it, and end like it."""
    code = 1
    try:
        for number, name in ((1, "out"), (2, "err")):
            made = os.open(told[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(made, number)
            os.close(made)
        os.chdir(told["cwd"])
        os.environ.clear()
        os.environ.update(told["environ"])
        time.tzset()
        random.seed()
        sys.argv = [_PROGRAM, *told["arguments"]]
        code = _main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _main() -> int:
    from zoomsync_agent.__main__ import main

    try:
        main()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  so does the interpreter
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    return code
