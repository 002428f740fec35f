"""The composition root: settings become a wired agent here and nowhere else."""

from zoomsync_agent.app.agent import Agent
from zoomsync_agent.app.building import build
from zoomsync_agent.app.choosing import is_set_up
from zoomsync_agent.app.controls import archive_of, build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.links import link
from zoomsync_agent.app.page import page_link, page_token
from zoomsync_agent.app.running import beside, repairing, run, running, survey

__all__ = [
    "Agent",
    "Databases",
    "archive_of",
    "beside",
    "build",
    "build_control",
    "is_set_up",
    "link",
    "page_link",
    "page_token",
    "repairing",
    "run",
    "running",
    "survey",
]
