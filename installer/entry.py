"""Where the bundled program begins: the command, and what a double click means."""

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Final

_LIBRARIES: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def give_back_libraries(environ: MutableMapping[str, str]) -> None:
    """Let programs that are started from here find their own libraries, and not the bundle's.

    The bundle's loader puts its folder first; a browser that takes a library from there may crash.
    """
    for name in _LIBRARIES:
        before = environ.pop(f"{name}_ORIG", None)
        if before is not None:
            environ[name] = before
        elif environ.get(name, "").startswith(str(getattr(sys, "_MEIPASS", "\0"))):
            del environ[name]


def started_by_hand(
    arguments: list[str], environ: Mapping[str, str], *, platform: str, has_console: bool
) -> list[str]:
    """Return the arguments that are meant.

    Whoever opens the program from Finder, or the one without a console on Windows, gives none and
    sees no help: they want the page.

    Args:
        arguments: those that were given.
        environ: tells who started it.
        platform: as in `sys.platform`.
        has_console: whether somebody can read what is printed.
    """
    given = [one for one in arguments if not one.startswith("-psn_")]  # Finder's own
    by_finder = platform == "darwin" and not has_console and "TERM" not in environ
    by_explorer = platform == "win32" and not has_console
    if not given and (by_finder or by_explorer):
        return ["setup"]
    return given


def main() -> None:
    """Run the command."""
    has_console = sys.stdout is not None and sys.stdin is not None
    if sys.platform == "darwin" and has_console:
        has_console = os.isatty(0) or os.isatty(1)
    give_back_libraries(os.environ)
    if sys.stdout is None:  # no console: what is printed goes nowhere, as a program may expect
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  to the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  the same
    sys.argv[1:] = started_by_hand(
        sys.argv[1:], os.environ, platform=sys.platform, has_console=has_console
    )
    from zoomsync_agent.__main__ import main as command  # noqa: PLC0415  after what it relies on

    command()


if __name__ == "__main__":
    main()
