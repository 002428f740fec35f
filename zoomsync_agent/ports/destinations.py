"""Where recordings are kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from zoomsync_agent.core.naming import KeyStyle
from zoomsync_agent.core.recording import (
    Archived,
    ObjectKey,
    Outgoing,
    Progress,
    Receipt,
)


class Destination(Protocol):
    """A place that keeps recordings.

    Raises only `AgentError`. No object is ever visible under its key before all of it is there,
    and none is ever overwritten by other content.
    """

    @property
    def name(self) -> str:
        """Name in settings, rows and receipts."""
        ...

    @property
    def key_style(self) -> KeyStyle:
        """How the keys of objects are to be written."""
        ...

    def send(
        self,
        outgoing: Outgoing,
        *,
        resume_from: Progress | None,
        report: Callable[[Progress], None],
        stop: Callable[[], bool],
        pace: Callable[[int], None],
    ) -> Receipt | None:
        """Bring one file into the destination and prove that it is there.

        Starts at *resume_from* if the destination still knows it, else from the beginning. Calls
        *report* after every durable chunk, *pace* with the number of bytes before it moves them,
        and asks *stop* between chunks: told to stop it returns None and keeps what is durable.
        An object of the same content under the key is proven and not sent again.

        Raises:
            SourceChanged: the file is not the one described by *outgoing*.
            KeyTaken: other content lies under the key.
        """
        ...

    def check(self, receipt: Receipt) -> Receipt | None:
        """Return *receipt* as it holds now, or None if the object is gone or has another size.

        Its address may have changed, say because the archive was moved. What cannot be looked at
        is believed where it lies in another place than the destination now uses.
        """
        ...

    def check_all(self, receipts: Sequence[Receipt]) -> Iterator[Receipt | None]:
        """Yield what `check` returns for each of *receipts*, in their order, at less cost."""
        ...

    def is_here(self, receipt: Receipt) -> bool:
        """Return whether the whole object has just been seen: a look, and never a belief.

        Other than `check`, what lies where the destination cannot look is not here.

        Raises:
            CopyUnreadable: that cannot be told of this object alone; the others can be asked for.
        """
        ...

    def local_path(self, receipt: Receipt) -> Path | None:
        """Return the file of this computer that holds the object; None where no file does."""
        ...

    def link(self, key: ObjectKey, seconds: int) -> str:
        """Return a link that opens the object, for *seconds* where links can end."""
        ...

    def describe(self, key: ObjectKey, described: Mapping[str, Any]) -> None:
        """Keep the row beside the object, where the destination can; may do nothing."""
        ...

    def inventory(self) -> Iterator[Archived]:
        """Yield what the destination holds, where it can tell; for rebuilding a lost queue."""
        ...

    def abandon(self, key: ObjectKey, progress: Progress) -> None:
        """Drop a half-finished upload that will not be continued."""
        ...
