"""The computer around the agent, as the operating system tells of it."""

from zoomsync_agent.desktop.surroundings.computer import ThisComputer

__all__ = ["ThisComputer"]
