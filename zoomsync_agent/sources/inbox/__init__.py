"""The inbox: recordings that were handed in over the page or the API, on their way to the archive.

Somebody may have what is handed in elsewhere, or not: the file here is an original until the
archive has confirmed that it holds it.
"""

from zoomsync_agent.sources.inbox.inbox import HandedIn, Inbox

__all__ = ["HandedIn", "Inbox"]
