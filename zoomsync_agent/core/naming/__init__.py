"""What names tell, and what names the agent gives.

Zoom keeps topic and start of a meeting nowhere but in the names of folders and files; a
destination wants names that every system can hold. Nothing here raises for an odd name: a
recording must not be lost because of what somebody called it.
"""

from zoomsync_agent.core.naming.cloud import (
    cloud_file_name,
    cloud_meeting_key,
    cloud_part,
    whole_meeting,
)
from zoomsync_agent.core.naming.files import file_part, is_media, placeholder_name, real_name
from zoomsync_agent.core.naming.keys import (
    KeyStyle,
    object_key,
    owner_folder,
    recording_id,
    safe_file_name,
)
from zoomsync_agent.core.naming.meetings import NO_TOPIC, meeting, nameless, short_hash
from zoomsync_agent.core.naming.text import display_name, one_line

__all__ = [
    "NO_TOPIC",
    "KeyStyle",
    "cloud_file_name",
    "cloud_meeting_key",
    "cloud_part",
    "display_name",
    "file_part",
    "is_media",
    "meeting",
    "nameless",
    "object_key",
    "one_line",
    "owner_folder",
    "placeholder_name",
    "real_name",
    "recording_id",
    "safe_file_name",
    "short_hash",
    "whole_meeting",
]
