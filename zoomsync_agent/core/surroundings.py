"""What the computer's surroundings mean for the bytes: what waits because of them, and why.

None of it blocks anything where it cannot be told.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zoomsync_agent.core.units import readable_size


class Aspect(StrEnum):
    """What can be asked of the surroundings. The value is stored and never changes its meaning."""

    BATTERY = "battery"
    METERED = "metered"
    MEETING = "meeting"


class Sign(StrEnum):
    """What the operating system tells by itself."""

    CHANGED = "changed"
    """Power or network may be another one."""
    ONLINE = "online"
    """There is a network again."""
    WOKE = "woke"
    """The computer has woken up."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds around the agent; None is what was not asked, or cannot be told here."""

    on_battery: bool | None = None
    is_metered: bool | None = None
    in_meeting: bool | None = None


_SAID: Final = {
    Aspect.BATTERY: "this computer runs on battery (setting: pause_on_battery)",
    Aspect.METERED: "this network is metered (setting: pause_on_metered)",
}
Holds = Mapping[Aspect, frozenset[str]]
"""Which gates may not be passed, by what is to blame."""


def text_of(holds: Holds) -> str | None:
    """Return holds as they are stored; None for none."""
    plain = {str(aspect): sorted(gates) for aspect, gates in holds.items() if gates}
    return json.dumps(plain, sort_keys=True) if plain else None


def holds_in(text: str | None, overruled: str | None = None) -> Holds:
    """Return the holds that are in force.

    Args:
        text: what `text_of` gave; what cannot be read holds nothing.
        overruled: names of aspects that somebody wants to be left out of account.
    """
    if not text:
        return {}
    but = aspects_in(overruled)
    try:
        return {
            Aspect(name): frozenset(map(str, gates))
            for name, gates in json.loads(text).items()
            if name not in but
        }
    except (ValueError, TypeError, AttributeError):
        return {}


def aspects_in(text: str | None) -> frozenset[str]:
    """Return the names of aspects that stand in a row in *text*."""
    return frozenset((text or "").split())


def why_held(holds: Holds) -> str:
    """Return what keeps bytes from moving, without an end; empty where nothing does."""
    return " and ".join(_SAID[aspect] for aspect in _SAID if aspect in holds)


def why_slow(bytes_per_second: str | None) -> str:
    """Return why bytes move slowly, as a sentence; empty where they do not.

    Args:
        bytes_per_second: the limit, as it is stored.
    """
    if not bytes_per_second or not bytes_per_second.isdecimal():
        return ""
    rate = readable_size(int(bytes_per_second))
    return f"Slower: a Zoom meeting is running, so {rate}/s at most (meeting_bandwidth_limit)."
