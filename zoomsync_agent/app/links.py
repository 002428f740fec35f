"""Links that open a recording where it is kept."""

from zoomsync_agent.core.errors import NotAllowed, UsageError
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.settings import Settings


def link(settings: Settings, home: Home, row: RecordingRow, seconds: float) -> str:
    """Return a link that opens a recording, for *seconds* where links can end.

    Raises:
        NotAllowed: its bytes are nowhere, or in a project that is not the one in the settings.
        AgentError: the project gives none.
    """
    if not row.file_url:
        raise NotAllowed(f"{row.file_name} is {row.processing_status}: there is nothing to open")
    if row.destination == "s3":
        return _bucket_link(settings, home, row, max(1, int(seconds)))
    if row.destination != "supabase":
        return row.file_url
    # An HTTP client costs 80 ms.
    from zoomsync_agent.app import remote  # noqa: PLC0415
    from zoomsync_agent.destinations.supabase import SupabaseDestination  # noqa: PLC0415

    with remote.opened(settings, home) as opened:
        if row.file_url != opened.project.object_url(row.object_key):
            raise NotAllowed(f"{row.file_url} lies in another project than {opened.project.url}")
        return SupabaseDestination(opened.project, opened.access).link(
            row.object_key, max(1, int(seconds))
        )


def _bucket_link(settings: Settings, home: Home, row: RecordingRow, seconds: int) -> str:
    from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms
    from zoomsync_agent.destinations.s3.destination import LONGEST_LINK_SECONDS  # noqa: PLC0415

    if seconds > LONGEST_LINK_SECONDS:
        raise UsageError("A link into a bucket opens for 7 days at most: --expires 7d")
    with bucket.opened(settings, home) as requests:
        if row.file_url != requests.bucket.object_url(row.object_key):
            raise NotAllowed(f"{row.file_url} lies in another bucket than {requests.bucket.url}")
        return bucket.destination_of(requests, settings).link(row.object_key, seconds)
