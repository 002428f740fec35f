"""A bucket of a project's stand-in, and the real destination that sends into it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from tests.fakes.access import FixedAccess
from tests.fakes.sending import Sending
from tests.fakes.supabase_server import Action, Fault, Seen, StoredObject, SupabaseServer
from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.destinations.supabase import SupabaseDestination
from zoomsync_agent.supabase.project import Project

CHUNK: Final = 1 << 16
TUS: Final = "/storage/v1/upload/resumable"
INFO: Final = "/storage/v1/object/info/"
_LENGTH: Final = 5 * CHUNK + 1234


def recorded(length: int = _LENGTH) -> bytes:
    """Return so many bytes, of which no two chunks are alike."""
    return b"".join(
        hashlib.sha256(block.to_bytes(4)).digest() for block in range(length // 32 + 1)
    )[:length]


class UploadBench(Sending[SupabaseDestination]):
    """Somebody who uploads, as a context manager; nothing in it sleeps.

    Args:
        folder: where the recordings lie.
        chunk_bytes: how much is made durable at a time.
        small_bytes: up to this size a file goes by one request.
        server: options of the stand-in.
    """

    def __init__(
        self, folder: Path, *, chunk_bytes: int = CHUNK, small_bytes: int = 0, **server: Any
    ) -> None:
        super().__init__(folder / "recordings")
        self.server = SupabaseServer(clock=self.clock.now, **server)
        self.user = self.server.add_user("ann@example.org")
        self.access = FixedAccess(
            self.server.publishable_key, self.user.id, self._token(), renewing=self._token
        )
        self.options = {"chunk_bytes": chunk_bytes, "small_bytes": small_bytes}
        self._projects: list[Project] = []
        self.destination = self.new_destination()

    def _token(self) -> str:
        return str(self.server.session_for(self.user)["access_token"])

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_raised: object) -> None:
        for project in self._projects:
            project.close()
        self.server.close()

    def new_destination(self, *, url: str | None = None, **options: Any) -> SupabaseDestination:
        """Return the destination as a new start of the agent makes it."""
        project = Project(url or self.server.url, self.server.bucket)
        self._projects.append(project)
        usual: dict[str, Any] = {
            **self.options,
            "monotonic": self.clock.monotonic,
            "wait": self.nap,
        }
        return SupabaseDestination(project, self.access, **(usual | options))

    def key(self, name: str) -> ObjectKey:
        """Return the key of an object in the user's own folder."""
        return ObjectKey(f"{self.user.id}/2026/03/{name}")

    def outgoing(self, data: bytes | None = None, name: str = "video.mp4") -> Outgoing:
        """Write a recording and describe it as the agent does after it has hashed it."""
        return self.written(
            recorded() if data is None else data, name, lambda _sha256: self.key(name)
        )

    def fault(
        self, matches: Callable[[Seen], bool] | tuple[str, str], action: Action, times: int = 1
    ) -> Fault:
        """Let something go wrong, and return what tells whether it did."""
        found = Fault(matches, action, times)
        self.server.faults.append(found)
        return found

    def on_patch(self, offset: int, action: Action, times: int = 1) -> Fault:
        """Let the chunk that begins at *offset* go wrong."""
        return self.fault(
            lambda seen: (
                seen.method == "PATCH" and seen.headers.get("upload-offset") == str(offset)
            ),
            action,
            times,
        )

    def count(self, method: str, prefix: str = TUS) -> int:
        """Return how many such requests there were."""
        return len(self.server.seen(method, prefix))

    def sent_bytes(self) -> int:
        """Return how many bytes of recordings arrived in chunks, each as often as it did."""
        return sum(seen.body_bytes for seen in self.server.seen("PATCH"))

    def stored(self, outgoing: Outgoing) -> StoredObject:
        """Return the object of a recording."""
        return self.server.objects[outgoing.key]

    def holds(self, outgoing: Outgoing) -> bool:
        """Return whether exactly the recording's bytes are under its key."""
        found = self.server.objects.get(outgoing.key)
        return found is not None and found.data == outgoing.path.read_bytes()

    def secrets(self) -> list[str]:
        """Return what no message may contain."""
        token = self.access.token()
        return [self.server.publishable_key, self.server.secret_key, token, token.split(".")[2]]
