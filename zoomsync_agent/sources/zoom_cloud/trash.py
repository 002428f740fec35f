"""Moves a recording to Zoom's trash, if Zoom has nothing of it that is not safe here."""

from collections.abc import Sequence

from zoomsync_agent.ports import CloudMeetingRecord, CloudStore, FileRecord
from zoomsync_agent.sources.zoom_cloud.origin import Origin, identity_of, true_size
from zoomsync_agent.zoom.client import ZoomClient


class ZoomTrash:
    """`CloudTrash` of Zoom.

    Args:
        client: asks Zoom.
        cloud: remembers of which files Zoom tells a wrong size.
    """

    def __init__(self, client: ZoomClient, cloud: CloudStore) -> None:
        self._client = client
        self._cloud = cloud

    @property
    def account(self) -> str:
        """Who is signed in."""
        return self._client.user_id

    def move(self, meeting: CloudMeetingRecord) -> bool:
        """Move Zoom's copy to Zoom's trash; see `CloudTrash`."""
        return self._client.trash(meeting.uuid)

    def has(self, meeting: CloudMeetingRecord) -> bool:
        """Ask Zoom whether its copy is not in Zoom's trash."""
        return self._client.meeting(meeting.uuid) is not None

    def holds_only(self, meeting: CloudMeetingRecord, safe: Sequence[FileRecord]) -> bool:
        """Ask Zoom whether its copy is nothing but *safe*; see `CloudTrash`."""
        told = self._client.meeting(meeting.uuid)
        if told is None:
            return False
        listed, _ = told
        known = {Origin.read(one.origin).file_id: one for one in safe}
        sizes = self._cloud.real_sizes()
        if not listed.files:
            return False
        for one in listed.files:
            file = known.get(one.id)
            if file is None or not one.is_finished:
                return False
            if file.identity != identity_of(listed, one, true_size(one, file.path, sizes)):
                return False
        return True
