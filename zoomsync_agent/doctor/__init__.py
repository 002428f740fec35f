"""Looks at what the agent uses, and says what is wrong and how to mend it.

Each module looks at one thing, and loads what it needs for that; none is loaded from here.
"""

from zoomsync_agent.doctor.findings import Finding, Level

__all__ = ["Finding", "Level"]
