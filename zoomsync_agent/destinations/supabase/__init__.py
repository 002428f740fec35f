"""A bucket of a Supabase project as the archive."""

from zoomsync_agent.destinations.supabase.destination import SupabaseDestination

__all__ = ["SupabaseDestination"]
