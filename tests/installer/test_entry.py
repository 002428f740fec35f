"""How the bundled program begins."""

import sys

import pytest

from installer import entry


@pytest.mark.parametrize(
    ("arguments", "platform", "has_console", "environ", "meant"),
    [
        ([], "darwin", False, {}, ["setup"]),
        (["-psn_0_1234"], "darwin", False, {}, ["setup"]),
        ([], "darwin", True, {"TERM": "xterm"}, []),
        ([], "darwin", False, {"TERM": "xterm"}, []),
        (["run"], "darwin", False, {}, ["run"]),
        ([], "win32", False, {}, ["setup"]),
        ([], "win32", True, {}, []),
        ([], "linux", False, {}, []),
        (["run", "--at-login"], "win32", False, {}, ["run", "--at-login"]),
    ],
)
def test_a_double_click_opens_the_page(arguments, platform, has_console, environ, meant):
    """A terminal, or a word on the command line, means what it says."""
    told = entry.started_by_hand(arguments, environ, platform=platform, has_console=has_console)
    assert told == meant


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"LD_LIBRARY_PATH": "/bundle/_internal"}, {}),
        (
            {"LD_LIBRARY_PATH": "/bundle/_internal:/own", "LD_LIBRARY_PATH_ORIG": "/own"},
            {"LD_LIBRARY_PATH": "/own"},
        ),
        ({"LD_LIBRARY_PATH": "/own"}, {"LD_LIBRARY_PATH": "/own"}),
        ({}, {}),
    ],
)
def test_programs_that_are_started_find_their_own_libraries(monkeypatch, before, after):
    """A browser with a library of the bundle may crash."""
    monkeypatch.setattr(sys, "_MEIPASS", "/bundle/_internal", raising=False)
    found = dict(before)
    entry.give_back_libraries(found)
    assert found == after


def test_outside_of_a_bundle_nothing_is_taken_away(monkeypatch):
    """Whoever runs it from source has libraries of their own."""
    monkeypatch.delattr(sys, "_MEIPASS", raising=False)
    found = {"LD_LIBRARY_PATH": "/own"}
    entry.give_back_libraries(found)
    assert found == {"LD_LIBRARY_PATH": "/own"}


def test_without_a_console_what_is_printed_goes_nowhere(monkeypatch):
    """Python has no streams then, and a program that asks for one would end."""
    said = []
    monkeypatch.setattr(sys, "argv", ["zoomsyncw", "run"])
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)

    def command():
        sys.stdout.write("x")
        said.append((sys.argv[1:], sys.stderr.isatty()))
        sys.stdout.close()
        sys.stderr.close()

    monkeypatch.setattr("zoomsync_agent.__main__.main", command)
    entry.main()
    assert said == [(["run"], False)]
