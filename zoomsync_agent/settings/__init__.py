"""What the user chose.

Precedence: command line, environment, ``.env`` of the current folder, ``.env`` of the home,
``config.toml``, default. Importing this costs a quarter of a second (pydantic), so it is imported
where it is used and not before. Secrets are never settings: see `settings.secrets`.
"""

from zoomsync_agent.settings.layers import Places
from zoomsync_agent.settings.loading import Origin, load, origins
from zoomsync_agent.settings.model import SPECS, Settings, Spec
from zoomsync_agent.settings.saving import save, save_all
from zoomsync_agent.settings.secrets import (
    AWS_KEYS,
    DATABASE_URL,
    SERVICE_KEY,
    SUPABASE_S3_KEYS,
    ZOOM_CLIENT_SECRET,
    Secret,
    secret,
)

__all__ = [
    "AWS_KEYS",
    "DATABASE_URL",
    "SERVICE_KEY",
    "SPECS",
    "SUPABASE_S3_KEYS",
    "ZOOM_CLIENT_SECRET",
    "Origin",
    "Places",
    "Secret",
    "Settings",
    "Spec",
    "load",
    "origins",
    "save",
    "save_all",
    "secret",
]
