"""The file that is being sent, as every destination must treat it."""

import os
from typing import BinaryIO

from zoomsync_agent.core.errors import SourceChanged
from zoomsync_agent.core.recording import FileIdentity, Outgoing


def expect_unchanged(source: BinaryIO, outgoing: Outgoing) -> None:
    """Make sure that an open file is still the one that was hashed.

    Raises:
        SourceChanged: it is not.
    """
    wanted = FileIdentity(outgoing.size, outgoing.mtime_ns)
    if FileIdentity.of(os.fstat(source.fileno())) != wanted:
        raise SourceChanged(str(outgoing.path))
