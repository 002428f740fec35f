"""The agent's log: JSON lines in a rotated file, and readable lines on the console if asked for.

The log is for whoever repairs the agent; people read snapshots and notices. Nothing reaches a file
or a terminal without having gone through `redact`.
"""

import contextlib
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

from zoomsync_agent.desktop.redact import redact_all


class _Later(ModuleType):
    """Stands for a module that is loaded when something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # what the import system asks for is no use of it
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def _lightly() -> Iterator[None]:
    """Let structlog, imported meanwhile, load nothing that is never used here.

    It takes rich, if it is there, for tracebacks that are never drawn: 90 ms at each start, and
    5 MB for as long as the agent runs; greenlet, which no thread of the agent is: 1 MB, with the
    C++ library; and asyncio for methods that nobody calls: 20 ms and 3 MB. What is loaded already
    stays, afterwards everybody else finds the real ones, and those methods work all the same.
    """
    modules = cast("dict[str, Any]", sys.modules)
    # None is how an import is refused; asyncio is asked for without an "if it is there".
    lent = {"rich": None, "greenlet": None, "asyncio": _Later("asyncio")}
    lent = {name: given for name, given in lent.items() if name not in modules}
    modules.update(lent)
    try:
        yield
    finally:
        for name in lent:
            modules.pop(name, None)


with _lightly():
    import structlog
    from structlog.stdlib import ProcessorFormatter
    from structlog.typing import EventDict, Processor, WrappedLogger

MAX_BYTES: Final = 2_000_000
FILES: Final = 5
LEVELS: Final = ("debug", "info", "warning", "error")
_CHATTY: Final = ("httpx", "werkzeug", "watchdog")
"""They tell every request and every event; only debug wants that."""
_DEAFENING: Final = ("httpcore", "hpack", "h2", "urllib3", "PIL")
"""They tell every header and every byte; nobody wants that."""

_lock = threading.Lock()
_ours: list[logging.Handler] = []


def configure(*, log_file: Path, level: str, console: bool, home_dir: Path) -> None:
    """Send the log of this process to *log_file*, and to standard error if *console*.

    May be called again: the former handlers are closed. A file that cannot be opened is reported on
    standard error and does not stop the agent.

    Args:
        log_file: the newest of the rotated files; its folder is created.
        level: one of `LEVELS`; what lies below it is dropped.
        console: whether to write readable lines as well.
        home_dir: the user's home directory, written as ``~``.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    clean = partial(_clean, str(home_dir))
    handlers: list[logging.Handler] = []
    problem: OSError | None = None
    try:
        handlers.append(_file_handler(log_file, clean))
    except OSError as exc:
        problem = exc
    if console and sys.stderr is not None:  # a program without a console has none
        handlers.append(_console_handler(clean))
    with _lock:
        _replace(handlers, number)
        structlog.configure(
            processors=[
                structlog.stdlib.filter_by_level,
                *_enrich(),
                ProcessorFormatter.wrap_for_formatter,
            ],
            logger_factory=structlog.stdlib.LoggerFactory(),
            wrapper_class=structlog.stdlib.BoundLogger,
            # A cached logger would go on writing to the handlers of a former configuration.
            cache_logger_on_first_use=False,
        )
    if problem is not None:
        _complain(f"no log is written to {log_file}: {problem.strerror or problem}", clean)


def close() -> None:
    """Close the files and give the standard library's root logger back as it was."""
    with _lock:
        _replace([], logging.WARNING)
        structlog.reset_defaults()


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger called *name*. May be called before `configure`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def bound(**context: object) -> contextlib.AbstractContextManager[object]:
    """Add *context* to every log line of this thread while the result is entered."""
    return structlog.contextvars.bound_contextvars(**context)


class _PrivateFile(RotatingFileHandler):
    """A rotated file that nobody else may read, and that never brings the agent down."""

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        descriptor = os.open(self.baseFilename, flags, 0o600)
        if sys.platform != "win32":
            os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def doRollover(self) -> None:  # noqa: N802 - the name is the standard library's
        """Rotate; where Windows refuses because somebody reads the log, go on in the same file."""
        try:
            super().doRollover()
        except OSError:
            if self.stream is None:
                self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - likewise
        """Keep silent: a full disk must not fill standard error as well."""


def _file_handler(log_file: Path, clean: Processor) -> logging.Handler:
    log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = _PrivateFile(log_file, maxBytes=MAX_BYTES, backupCount=FILES - 1, encoding="utf-8")
    handler.setFormatter(_formatter(clean, structlog.processors.JSONRenderer()))
    return handler


def _console_handler(clean: Processor) -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    renderer = structlog.dev.ConsoleRenderer(
        colors=_wants_colour(os.environ),
        # Exceptions are text by now; should one get through, its local variables must not.
        exception_formatter=structlog.dev.plain_traceback,
    )
    handler.setFormatter(_formatter(clean, _printable, renderer))
    return handler


def _formatter(*last: Processor) -> logging.Formatter:
    return ProcessorFormatter(
        foreign_pre_chain=[*_enrich(), structlog.stdlib.ExtraAdder()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            *last,
        ],
    )


def _enrich() -> list[Processor]:
    """Return what every event goes through at the place where it happens."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_thread,
    ]


def _name_thread(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event.setdefault("thread", threading.current_thread().name)
    return event


def _clean(home: str, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact the whole event; the last thing that happens to it before it is rendered."""
    return cast("EventDict", redact_all(event, home))


def _printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape control characters: a file name must not be able to steer the terminal."""
    return {key: _escaped(value, key) for key, value in event.items()}


def _escaped(value: object, key: str) -> object:
    if not isinstance(value, str):
        return value
    kept = "\n\t" if key in ("exception", "stack") else ""
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode()
        for char in value
    )


def _wants_colour(environ: Mapping[str, str]) -> bool:
    return bool(sys.stderr and sys.stderr.isatty()) and not environ.get("NO_COLOR")


def _replace(handlers: list[logging.Handler], level: int) -> None:
    root = logging.getLogger()
    for old in _ours:
        root.removeHandler(old)
        old.close()
    _ours[:] = handlers
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    hushed = max(level, logging.WARNING) if handlers else logging.NOTSET
    for name in _DEAFENING:
        logging.getLogger(name).setLevel(hushed)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else hushed)
    logging.captureWarnings(bool(handlers))


def _complain(text: str, clean: Callable[..., Any]) -> None:
    """Write to standard error, if there is one."""
    said = clean(None, "warning", {"event": text})["event"]
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"zoomsync: {said}\n")
