"""Whose program is at the other end of a connection on this computer.

Source: Linux, proc(5), /proc/net/tcp: each end of a connection on loopback has a line of its own,
with the user who owns it.
"""

import os
import sys
from pathlib import Path
from typing import Final

_TABLE: Final = Path("/proc/net/tcp")
_LOOPBACK: Final = "0100007F"
"""127.0.0.1, as the table writes it on the machines that there are."""
_OWNER: Final = 7
_LOCAL: Final = 1
_REMOTE: Final = 2


def is_ours(their_port: int, our_port: int, *, table: Path = _TABLE) -> bool | None:
    """Return whether the user's own program, or the system's, is at the other end.

    Args:
        their_port: of the other end, on 127.0.0.1.
        our_port: of this end.
        table: what the system tells.

    Returns:
        None where the system does not tell: on other systems than Linux, and for a connection that
        has ended meanwhile.
    """
    if sys.platform != "linux":
        return None
    wanted = (f"{_LOOPBACK}:{their_port:04X}", f"{_LOOPBACK}:{our_port:04X}")
    try:
        with table.open(encoding="ascii") as lines:
            next(lines, None)
            for line in lines:
                fields = line.split()
                if (fields[_LOCAL], fields[_REMOTE]) == wanted:
                    return int(fields[_OWNER]) in (os.getuid(), 0)
    except (OSError, ValueError, IndexError):
        return None
    return None
