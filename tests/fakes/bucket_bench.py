"""A bucket of the strict stand-in, and the real destination that sends into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.fakes.s3_server import Action, Fault, S3Server, Seen, StoredObject, on
from tests.fakes.sending import Sending
from tests.fakes.uploading import recorded
from zoomsync_agent.core.errors import AgentError, CredentialsRefused
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Receipt
from zoomsync_agent.destinations.s3 import S3Destination
from zoomsync_agent.destinations.s3.assurances import PROBE
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import Keys
from zoomsync_agent.s3.requests import Requests

PART: Final = 1 << 16
SIZE: Final = 5 * PART + 1234
"""Of a recording unless another one is asked for: five parts and a rest."""
PARTS: Final = 6
PREFIX: Final = "kept/"
FIRST_TOKEN: Final = "first-session-token"  # noqa: S105  opens the stand-in alone


class ChangingKeys:
    """`Credentials` that a test decides about.

    Attributes:
        now: the keys that are in force.
        following: what they are renewed to, in turn; None where nobody knows others.
        raises: a renewal fails instead, as that of a session that has ended.
        refused: the keys that the store is said to have refused, in order.
    """

    def __init__(self, now: Keys) -> None:
        self.now = now
        self.following: list[Keys | None] = []
        self.raises = False
        self.refused: list[Keys] = []

    def keys(self) -> Keys:
        """Return the keys."""
        return self.now

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Return the next ones."""
        self.refused.append(refused)
        if self.raises:
            raise CredentialsRefused("the session has ended")
        found = self.following.pop(0) if self.following else None
        if found is not None:
            self.now = found
        return found


class BucketBench(Sending[S3Destination]):
    """Somebody who uploads into a bucket, as a context manager; nothing in it sleeps.

    Args:
        folder: where the recordings lie.
        part_size: how large parts are; a file up to this size goes by one request.
        parallel: so many parts are on their way at a time.
        token: the session's, where the keys are temporary.
        **server: options of the stand-in.

    Attributes:
        skew: how far this computer's clock is ahead of the store's, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        part_size: int = PART,
        parallel: int = 1,
        token: str | None = None,
        **server: Any,
    ) -> None:
        super().__init__(folder / "recordings")
        self.skew = 0.0
        self.server = S3Server(smallest_part=PART, clock=self.clock.now, **server)
        self.server.session_tokens.update([token] if token else [])
        self.keys = ChangingKeys(Keys(self.server.access_key, self.server.secret_key, token))
        self.options: dict[str, Any] = {"part_size": part_size, "parallel": parallel}
        self._opened: list[Requests] = []
        self.destination = self.new_destination()

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_raised: object) -> None:
        for requests in self._opened:
            requests.close()
        self.server.close()

    def new_requests(
        self, *, url: str | None = None, name: str | None = None, region: str | None = None
    ) -> Requests:
        """Return what sends requests to the bucket, or to where it is thought to be."""
        bucket = Bucket(
            name or self.server.bucket,
            region or self.server.region,
            url or self.server.url,
            is_path_style=True,
            prefix=PREFIX,
        )
        self._opened.append(Requests(bucket, self.keys, self.time))
        return self._opened[-1]

    def new_destination(
        self,
        *,
        url: str | None = None,
        name: str | None = None,
        region: str | None = None,
        **options: Any,
    ) -> S3Destination:
        """Return the destination as a new start of the agent makes it."""
        requests = self.new_requests(url=url, name=name, region=region)
        usual: dict[str, Any] = {**self.options, "nap": self.nap}
        return S3Destination(requests, **(usual | options))

    def time(self) -> float:
        """Return what this computer takes for the time."""
        return self.clock.now() + self.skew

    # --- sending ---------------------------------------------------------------------------

    def outgoing(self, data: bytes | None = None, name: str = "video.mp4") -> Outgoing:
        """Write a recording and describe it as the agent does after it has hashed it."""

        def key(sha256: str) -> ObjectKey:
            return ObjectKey(f"2026/2026-03-14-100005-weekly-sync/{sha256[:12]}-{name}")

        return self.written(recorded(SIZE) if data is None else data, name, key)

    def fails(self, outgoing: Outgoing, error: type[AgentError], **more: Any) -> AgentError:
        """Send, expect *error*, and return it once nothing secret was found in it."""
        with pytest.raises(error) as told:
            self.send(outgoing, **more)
        found = told.value
        self.expect_no_secret(found)
        assert type(found) is error
        assert found.detail
        assert len(found.detail) < 500
        return found

    def goes_on(self, outgoing: Outgoing, *, resent: int = 0, **more: Any) -> Receipt:
        """Send the rest; make sure that it is whole and how many bytes went twice."""
        resume = {"resume_from": self.reported[-1]} if self.reported else {}
        receipt = self.send(outgoing, **(resume | more))
        assert receipt is not None
        self.arrived(outgoing, resent=resent)
        return receipt

    def arrived(self, outgoing: Outgoing, *, resent: int = 0) -> None:
        """Make sure that the file is there by so many bytes more than its own, and nothing else."""
        assert self.holds(outgoing)
        assert self.server.uploads == {}
        assert self.sent_bytes() == outgoing.size + resent

    def expect_no_secret(self, error: BaseException | None) -> None:
        """Make sure that nothing secret stands in an error or in what it came of."""
        while error is not None:
            said = f"{error} {error!r} {error.args}"
            for secret in self.secrets():
                assert secret not in said
            error = error.__cause__ or error.__context__

    # --- faults ----------------------------------------------------------------------------

    def fault(self, matches: Callable[[Seen], bool] | str, action: Action, times: int = 1) -> Fault:
        """Let something go wrong with a recording, and return what tells whether it did.

        Args:
            matches: which requests, or the name of an operation.
            action: what happens instead.
            times: how often.
        """
        found = Fault(of(matches) if isinstance(matches, str) else matches, action, times)
        self.server.faults.append(found)
        return found

    def on_part(self, number: int, action: Action, times: int = 1) -> Fault:
        """Let a part go wrong."""
        return self.fault(part(number), action, times)

    # --- what has come ---------------------------------------------------------------------

    def count(self, name: str) -> int:
        """Return how many requests for an operation there were about recordings."""
        fits = of(name)
        with self.server.guard:
            return sum(map(fits, self.server.requests))

    def sent_bytes(self) -> int:
        """Return how many bytes of recordings arrived, each as often as it did."""
        with self.server.guard:
            found = [
                one for one in self.server.requests if one.method == "PUT" and not _is_own(one)
            ]
        return sum(seen.body_bytes for seen in found)

    def sent_parts(self) -> list[int]:
        """Return the numbers of the parts that the store took, in order."""
        is_part = of("UploadPart")
        with self.server.guard:
            found = [one for one in self.server.requests if is_part(one) and one.status == 200]
        return [int(seen.query["partNumber"]) for seen in found]

    def stored(self, outgoing: Outgoing) -> StoredObject:
        """Return the object of a recording."""
        return self.server.objects[PREFIX + outgoing.key]

    def holds(self, outgoing: Outgoing) -> bool:
        """Return whether exactly the recording's bytes are under its key."""
        found = self.server.objects.get(PREFIX + outgoing.key)
        return found is not None and found.data == outgoing.path.read_bytes()

    def put(self, outgoing: Outgoing, data: bytes, **metadata: str) -> StoredObject:
        """Put an object under the key of a recording, as another program would have."""
        return self.server.put_object(PREFIX + outgoing.key, data, metadata)

    def secrets(self) -> list[str]:
        """Return what no message may contain."""
        token = self.keys.now.token
        return [
            self.server.secret_key,
            "X-Amz-Signature",
            "Signature=",
            *([token] if token else []),
        ]


def of(name: str) -> Callable[[Seen], bool]:
    """Return a predicate for requests of one operation that are about recordings."""
    fits = on(name)
    return lambda seen: fits(seen) and not _is_own(seen)


def part(number: int) -> Callable[[Seen], bool]:
    """Return a predicate for one part."""
    fits = on("UploadPart")
    return lambda seen: fits(seen) and seen.query["partNumber"] == str(number)


def _is_own(seen: Seen) -> bool:
    return seen.path.endswith(PROBE) or (
        "list-type" in seen.query and seen.query.get("prefix", "").endswith(PROBE)
    )
