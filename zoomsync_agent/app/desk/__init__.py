"""What the page can do, wired. It outlives the agents of a run, which come and go."""

from zoomsync_agent.app.desk.desk import AppDesk

__all__ = ["AppDesk"]
