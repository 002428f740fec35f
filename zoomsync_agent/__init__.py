"""zoomsync_agent brings every finished Zoom recording home by itself."""

import sys

__version__ = "0.1.0"

# httpx brings a command of its own, and with it rich and pygments: 190 ms and 7 MiB for nothing. It
# goes without where that cannot be loaded.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
