"""What the user chose.

Precedence: command line, environment, ``.env`` of the current folder, ``.env`` of the home,
``config.toml``, default. Importing this costs a quarter of a second (pydantic), so it is imported
where it is used and not before. Secrets are never settings; they are kept in the keyring.
"""

from zoomsync_agent.settings.layers import Places
from zoomsync_agent.settings.loading import Origin, load, origins
from zoomsync_agent.settings.model import SPECS, Settings, Spec
from zoomsync_agent.settings.saving import save

__all__ = ["SPECS", "Origin", "Places", "Settings", "Spec", "load", "origins", "save"]
