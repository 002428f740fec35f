"""Looks at a Supabase project as the agent uses it, and says what is wrong and how to mend it."""

from zoomsync_agent.doctor.findings import Finding, Level
from zoomsync_agent.doctor.supabase import Facts, examine

__all__ = ["Facts", "Finding", "Level", "examine"]
