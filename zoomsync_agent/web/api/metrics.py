"""Figures for a monitor.

Source: Prometheus, "Exposition formats", text format 0.0.4.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from zoomsync_agent import __version__
from zoomsync_agent.core.job import State
from zoomsync_agent.core.snapshot import AgentState

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], int]


def exposition(seen: Mapping[str, Any], *, is_paused: bool) -> str:
    """Return the figures of a snapshot, given as plain values."""
    state = str(seen["state"])
    counts: Mapping[str, int] = seen["counts"]
    one: Mapping[str, str] = {}
    families: tuple[tuple[str, str, Iterable[Sample]], ...] = (
        (
            "zoomsync_build_info",
            "The agent that answers; always 1.",
            [({"version": __version__, "destination": seen["destination"]}, 1)],
        ),
        (
            "zoomsync_agent_state",
            "1 for what the agent is doing, 0 for all else.",
            [({"state": str(other)}, int(other == state)) for other in AgentState],
        ),
        (
            "zoomsync_files",
            "Recording files on their way, by the state of their job.",
            [({"state": str(other)}, counts.get(str(other), 0)) for other in State],
        ),
        ("zoomsync_queued_files", "Files still to go.", [(one, seen["queued"]["files"])]),
        ("zoomsync_queued_bytes", "Bytes still to go.", [(one, seen["queued"]["size"])]),
        ("zoomsync_safe_files", "Files in the archive.", [(one, seen["synced"]["files"])]),
        ("zoomsync_safe_bytes", "Bytes in the archive.", [(one, seen["synced"]["size"])]),
        (
            "zoomsync_rows_waiting",
            "Rows that the remote catalog does not have yet.",
            [(one, seen["rows"]["waiting"])],
        ),
        ("zoomsync_bytes_per_second", "What is moved, lately.", [(one, seen["speed"])]),
        (
            "zoomsync_paused",
            "1 while nothing is to be moved.",
            [(one, int(is_paused))],
        ),
        (
            "zoomsync_watching",
            "1 while new files are looked for.",
            [(one, int(seen["is_watching"]))],
        ),
    )
    return "".join(_family(name, said, samples) for name, said, samples in families)


def _family(name: str, said: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {said}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join([*lines, ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
