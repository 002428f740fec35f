"""How much memory the agent keeps for itself."""

import contextlib
import sys
from typing import Final

_M_ARENA_MAX: Final = -8
"""`mallopt(3)`, glibc."""
_ARENAS: Final = 2


def give_back() -> None:
    """Give back to the system what has been freed: 2 MB once a page has been shown; takes 1 ms."""
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  only Linux pays for it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def use_few_arenas() -> None:
    """Let all threads share two arenas, where glibc gives memory; call it before there are threads.

    glibc makes one for nearly each thread, and what has been freed in one helps no other: with the
    threads of page and uploads that is 20 MB which nobody uses. The interpreter's lock keeps them
    from needing more at a time.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  only Linux pays for it

    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
