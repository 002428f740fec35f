"""Serves the site on loopback: nobody is made wait by those who are slow."""

from zoomsync_agent.web.server.service import WebServer

__all__ = ["WebServer"]
