"""zoomsync_agent brings every finished Zoom recording home by itself."""

__version__ = "0.1.0"
