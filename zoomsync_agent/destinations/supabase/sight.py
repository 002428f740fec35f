"""What is not to be seen in a bucket: gone, or hidden by its policies."""

from collections.abc import Callable

from zoomsync_agent.core.errors import SetupIncomplete
from zoomsync_agent.core.recording import ObjectKey
from zoomsync_agent.destinations.supabase.objects import Objects


class Sight:
    """Knows whether objects are to be seen at all.

    Args:
        objects: of the bucket.
        bucket: its name.
        policies_allow: tells whether the policies let us see our objects, None where that cannot
            be known; asked when not one object is to be seen.
    """

    def __init__(
        self,
        objects: Objects,
        bucket: str,
        policies_allow: Callable[[], bool | None],
    ) -> None:
        self._objects = objects
        self._bucket = bucket
        self._policies_allow_sight = policies_allow

    def expect(self, key: ObjectKey) -> None:
        """Make sure that an object that is not to be seen is not there.

        Without a policy for reading everything looks as if it were deleted.

        Raises:
            SetupIncomplete: nothing is to be seen, and that may not be for lack of objects.
            Refused, httpx.HTTPError: it could not be looked at.
        """
        if self._objects.any_below(key.partition("/")[0]):
            return
        if self._policies_allow_sight():
            return
        raise SetupIncomplete(
            f"nothing in the bucket “{self._bucket}” is to be seen: is it there, and does "
            "a policy allow reading?"
        )
