"""What settings and their values are called on the page, and which of them hardly anybody needs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "recordings_path": "Folder into which Zoom records",
        "backfill": "Older recordings",
        "quiet_seconds": "Seconds that a file must stand still",
        "reconcile_seconds": "Seconds between two looks at the folder",
        "poll": "Look by the clock instead of by events",
        "free_space_after_days": "Free local space after days",
        "destination": "Where recordings are kept",
        "archive_path": "Archive folder",
        "verify": "How a copy is checked",
        "bandwidth_limit": "Speed at most",
        "workers": "Uploads at a time",
        "supabase_url": "Supabase project",
        "supabase_key": "Supabase key",
        "supabase_bucket": "Bucket in Supabase",
        "supabase_s3": "Use the project’s S3 endpoint",
        "catalog": "Where the rows are written",
        "chunk_size": "Bytes sent at a time",
        "s3_bucket": "S3 bucket",
        "s3_region": "S3 region",
        "s3_endpoint": "S3 endpoint",
        "s3_prefix": "Beginning of all names in the bucket",
        "s3_addressing": "Bucket in the path or in the host",
        "s3_profile": "AWS profile",
        "s3_storage_class": "Storage class",
        "s3_encryption": "Encryption by the store",
        "s3_kms_key": "KMS key",
        "s3_part_size": "Size of the parts of large uploads",
        "s3_parallel": "Parts at a time",
        "zoom_client_id": "Client ID of the Zoom app",
        "zoom_redirect_uri": "Redirect address of the Zoom app",
        "zoom_url": "Address of Zoom’s sign-in",
        "zoom_cloud": "Bring cloud recordings home",
        "zoom_since": "First day of cloud recordings",
        "zoom_poll_seconds": "Seconds between two questions to Zoom",
        "zoom_trash": "Zoom’s copy to Zoom’s trash after days",
        "spool_path": "Folder for downloads on their way",
        "spool_size": "Downloads that may wait at most",
        "pause_on_battery": "Pause on battery",
        "pause_on_metered": "Pause on metered networks",
        "meeting_bandwidth_limit": "Speed during a Zoom meeting",
        "notify": "Notices on the desktop",
        "update_check": "Ask whether there is a newer version",
        "update_feed": "Where newer versions are asked for",
        "port": "Port of this page",
        "page_origins": "Web pages that may use the API",
        "user_id": "Name of the user in the rows",
        "device": "Name of this computer",
        "log_file": "Log file",
        "log_level": "What is logged",
    }
)
RARE: Final = frozenset(
    {
        *("quiet_seconds", "reconcile_seconds", "poll", "verify", "workers"),
        *("supabase_bucket", "supabase_s3", "catalog", "chunk_size"),
        *("s3_prefix", "s3_addressing", "s3_profile", "s3_storage_class", "s3_encryption"),
        *("s3_kms_key", "s3_part_size", "s3_parallel"),
        *("zoom_redirect_uri", "zoom_url", "zoom_poll_seconds", "spool_path", "spool_size"),
        *("update_feed", "port", "page_origins", "user_id", "log_file", "log_level"),
    }
)
"""Those of a group are folded away as long as all of them are what they are by default."""
CHOICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "all": "Everything",
        "always": "Always",
        "auto": "Automatic",
        "content": "By content",
        "folder": "In a folder",
        "local": "On this computer only",
        "never": "Never",
        "no": "No",
        "none": "As the bucket does by itself",
        "off": "Off",
        "path": "In the path",
        "problems": "What needs me or failed",
        "s3": "In an S3 bucket",
        "size": "By size alone",
        "supabase": "In Supabase",
        "virtual": "In the host",
        "yes": "Yes",
    }
)
"""What is said for a value where there are few; others are shown as they are written."""
