"""How the icon looks at one moment, and what is said when the pointer rests on it. Pure."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.job import State
from zoomsync_agent.core.snapshot import AgentState, Snapshot
from zoomsync_agent.tray import words
from zoomsync_agent.tray.desk import View

NAME: Final = "zoomsync"
SIZES: Final = (16, 22, 24, 32, 48, 64)
"""Pixels of a side that panels ask for."""
STEPS: Final = 24
"""So many steps has the ring of progress: one more is to be seen, and seldom is one drawn anew."""
SETUP_SENTENCE: Final = "Choose where Zoom's recordings are, and where they are to go."


class Face(StrEnum):
    """What the icon tells; each has a shape of its own."""

    IDLE = "idle"
    WORKING = "working"
    PAUSED = "paused"
    NEEDS_YOU = "needs_you"
    ERROR = "error"
    OFFLINE = "offline"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Look:
    """All that the picture depends on.

    Attributes:
        face: what it tells.
        step: of the ring, 0 to `STEPS`; only of a face that works.
        letter: of the profile; empty for the usual one.
    """

    face: Face
    step: int = 0
    letter: str = ""


_FACES: Final = {
    AgentState.STOPPED: Face.STOPPED,
    AgentState.PAUSED: Face.PAUSED,
    AgentState.NEEDS_YOU: Face.NEEDS_YOU,
    AgentState.WORKING: Face.WORKING,
    AgentState.OFFLINE: Face.OFFLINE,
    AgentState.IDLE: Face.IDLE,
}


def look_of(view: View) -> Look:
    """Return how the icon looks for what there is to show."""
    face = _face(view)
    step = _step(view.snapshot) if face is Face.WORKING else 0
    return Look(face, step, letter_of(view.profile))


def letter_of(profile: str) -> str:
    """Return the letter by which the icons of profiles are told apart, one that can be drawn."""
    plainer = unicodedata.normalize("NFKD", profile)
    known = next((one.upper() for one in plainer if one.isascii() and one.isalnum()), "")
    return known or ("*" if profile else "")


def name_of(profile: str) -> str:
    """Return what the icon is called."""
    return f"{NAME} ({words.cut(words.plain(profile), 20)})" if profile else NAME


def sentence_of(view: View) -> str:
    """Return the one sentence that says how it stands, without what only helps in a terminal."""
    if view.is_held:
        return SETUP_SENTENCE
    return words.sentence(view.snapshot.sentence)


def percent(snapshot: Snapshot) -> int | None:
    """Return how much of what is being worked on has been sent; None where nothing is."""
    size = sum(one.size for one in snapshot.active)
    if size <= 0:
        return None
    return _share(sum(one.sent for one in snapshot.active), size, 100)


def _face(view: View) -> Face:
    if view.is_held:
        return Face.NEEDS_YOU
    snapshot = view.snapshot
    if snapshot.state is AgentState.NEEDS_YOU and _has_failed(snapshot):
        return Face.ERROR
    return _FACES[snapshot.state]


def _has_failed(snapshot: Snapshot) -> bool:
    """Whether all there is to say is that files failed for good."""
    others = snapshot.root_problem or snapshot.problem or snapshot.cloud or snapshot.rows.refused
    blocked, failed = (snapshot.counts.get(str(one), 0) for one in (State.BLOCKED, State.FAILED))
    return bool(failed and not blocked and not others)


def _step(snapshot: Snapshot) -> int:
    size = sum(one.size for one in snapshot.active)
    return _share(sum(one.sent for one in snapshot.active), size, STEPS) if size > 0 else 0


def _share(part: int, whole: int, steps: int) -> int:
    return max(0, min(steps, part * steps // whole))
