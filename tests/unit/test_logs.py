import json
import logging
import stat
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog

from zoomsync_agent.desktop import logs
from zoomsync_agent.desktop.redact import MASK

SECRET = "sb_secret_abcdefghijklmnop"  # noqa: S105 - made up
PASSWORD = "hunter2"  # noqa: S105 - made up


@pytest.fixture(autouse=True)
def closed():
    """No test logs into the file of another."""
    showwarning = warnings.showwarning
    yield
    logs.close()
    structlog.contextvars.clear_contextvars()
    assert warnings.showwarning is showwarning


@pytest.fixture
def start(tmp_path):
    """Configure into a file and give back its lines."""
    file = tmp_path / "logs" / "agent.log"

    def configured(level="info", **more):
        logs.configure(
            **{
                "log_file": file,
                "level": level,
                "console": False,
                "home_dir": tmp_path,
                **more,
            }
        )
        return lambda: [json.loads(line) for line in file.read_text("utf-8").splitlines()]

    configured.file = file
    return configured


def test_an_event_is_one_line_of_json(start):
    """With time in UTC, level, name, thread, and what was bound around it."""
    lines = start()
    with structlog.contextvars.bound_contextvars(job=7):
        logs.get_logger("engine").info("chunk sent", offset=12, path="a\nb")

    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "chunk sent",
        "level": "info",
        "logger": "engine",
        "thread": threading.current_thread().name,
        "job": 7,
        "offset": 12,
        "path": "a\nb",
    }


def test_libraries_come_the_same_way(start):
    """What the standard library's loggers say has the same form and the same bindings."""
    lines = start()
    with structlog.contextvars.bound_contextvars(job=7):
        logging.getLogger("some.library").warning("went %s", "wrong", extra={"token": "abc"})

    (line,) = lines()
    assert line["event"] == "went wrong"
    assert (line["level"], line["logger"], line["job"]) == ("warning", "some.library", 7)
    assert line["token"] == MASK


def test_no_secret_and_no_home_reaches_the_file(start, tmp_path):
    """Not in the event, not in what is bound or nested, not in an exception and its cause."""
    lines = start(console=True)
    log = logs.get_logger("x").bind(bound=f"Bearer {SECRET}")

    def fail():
        local = SECRET
        try:
            {}[local]
        except KeyError as exc:
            raise ValueError(f"refused {local} in {tmp_path}") from exc

    with structlog.contextvars.bound_contextvars(context=SECRET):
        log.info("?token=%s", SECRET, deep=[{"a": (SECRET, tmp_path)}], password=PASSWORD)
        try:
            fail()
        except ValueError as exc:
            log.exception("failed", error=exc)
            logging.getLogger("lib").exception("failed %s", SECRET)

    text = start.file.read_text("utf-8")
    assert "abcdefghijklmnop" not in text
    assert PASSWORD not in text
    assert str(tmp_path) not in text
    assert [("exception" in line) for line in lines()] == [False, True, True]
    assert "KeyError" in lines()[1]["exception"]
    assert "in fail" in lines()[2]["exception"]


def test_the_console_is_readable_and_as_clean(start, capsys):
    """Lines for people: no secret, no local variables, no control characters of a file name."""
    start(console=True)
    log = logs.get_logger("x")

    def fail():
        local = "value-of-a-local"
        return int(SECRET + local[:0])

    try:
        fail()
    except ValueError:
        log.exception("failed", name="\x1b[2Ja\rb")

    said = capsys.readouterr().err
    assert "failed" in said
    assert "Traceback" in said
    assert "abcdefghijklmnop" not in said
    assert "value-of-a-local" not in said
    assert "\x1b" not in said
    assert "\r" not in said


def test_without_console_nothing_is_printed(start, capsys):
    """A tray program writes to its file only."""
    start()
    logs.get_logger("x").error("failed")
    assert capsys.readouterr() == ("", "")


def test_the_level_is_kept(start):
    """What lies below the level is dropped, whoever says it; chatty libraries need debug."""
    lines = start("info")
    logs.get_logger("x").debug("no")
    logging.getLogger("lib").debug("no")
    logging.getLogger("httpx").info("no")
    logging.getLogger("lib").info("yes")
    assert [line["event"] for line in lines()] == ["yes"]

    lines = start("debug")
    logs.get_logger("x").debug("yes")
    logging.getLogger("httpx").info("yes")
    logging.getLogger("hpack").debug("no")
    assert [line["event"] for line in lines()] == ["yes"] * 3


def test_configuring_again_closes_the_former_file(start, tmp_path):
    """A logger obtained before writes into the new file only."""
    lines = start()
    log = logs.get_logger("x")
    log.info("first")
    handlers = [h for h in logging.getLogger().handlers if h in logs._ours]
    other = tmp_path / "other.log"
    start(log_file=other)
    log.info("second")

    assert [line["event"] for line in lines()] == ["first"]
    assert json.loads(other.read_text("utf-8"))["event"] == "second"
    assert all(h.stream is None for h in handlers)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_logs_are_private_and_rotated(start, monkeypatch):
    """Nobody else reads them, and there are five at most."""
    monkeypatch.setattr(logs, "MAX_BYTES", 400)
    start()
    start.file.chmod(0o644)
    start()
    assert stat.S_IMODE(start.file.stat().st_mode) == 0o600
    for n in range(40):
        logs.get_logger("x").info("filling", n=n, pad="x" * 100)

    files = sorted(start.file.parent.iterdir())
    assert [f.name for f in files] == ["agent.log", *(f"agent.log.{n}" for n in range(1, 5))]
    assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    assert all(f.stat().st_size <= 400 for f in files)


def test_a_log_that_cannot_be_rotated_goes_on(start, monkeypatch):
    """Where another program holds the file, lines are still written."""
    monkeypatch.setattr(logs, "MAX_BYTES", 400)
    lines = start()

    def refused(*_):
        raise PermissionError(13, "in use")

    monkeypatch.setattr("os.rename", refused)
    for n in range(20):
        logs.get_logger("x").info("filling", n=n, pad="x" * 100)
    assert [line["n"] for line in lines()] == list(range(20))


def test_a_log_that_cannot_be_opened_stops_nothing(start, tmp_path, capsys):
    """It is said on standard error, and the console still works."""
    (tmp_path / "file").write_text("")
    start(log_file=tmp_path / "file" / "agent.log", console=True)
    logs.get_logger("x").info("still here")

    said = capsys.readouterr().err
    assert "no log is written to ~/file/agent.log" in said
    assert "still here" in said


def test_a_full_disk_stops_nothing(start, monkeypatch, capsys):
    """A line that cannot be written is lost without a word, and without an error for the caller."""
    start()
    (handler,) = logs._ours

    def full(*_):
        raise OSError(28, "no space")

    monkeypatch.setattr(handler.stream, "write", full, raising=False)
    logs.get_logger("x").info("lost")
    assert capsys.readouterr() == ("", "")


def test_many_threads_write_whole_lines(start):
    """No line is torn or lost, and each thread keeps its own bindings."""
    lines = start()
    log = logs.get_logger("x")

    def work(job):
        with structlog.contextvars.bound_contextvars(job=job):
            for n in range(50):
                log.info("step", n=n, expected=job)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    found = lines()
    assert len(found) == 400
    assert all(line["job"] == line["expected"] for line in found)


def test_undecodable_names_can_be_logged(start, capsys):
    """A file name that is not UTF-8 costs no line."""
    lines = start(console=True)
    logs.get_logger("x").info("found", name="a\udcff")
    assert len(lines()) == 1
    assert "found" in capsys.readouterr().err


def test_what_stands_for_asyncio_is_loaded_when_it_is_used():
    """Nobody calls structlog's asynchronous methods here; who does is served."""
    code = (
        "from zoomsync_agent.desktop import logs\n"
        "import asyncio\n"
        "async def tell():\n"
        "    await logs.get_logger('x').ainfo('told')\n"
        "    return 'told'\n"
        "assert asyncio.run(tell()) == 'told'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize("name", ["rich", "greenlet", "asyncio"])
def test_what_structlog_does_not_need_is_not_loaded(name):
    """It costs every start, and the agent 9 MB; whoever wants it later still finds it, whole."""
    code = (
        "import importlib.util, sys; from zoomsync_agent.desktop import logs; "
        f"assert {name!r} not in sys.modules; "
        # greenlet comes with other programs only.
        f"assert importlib.util.find_spec({name!r}) is None or __import__({name!r}).__spec__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
