"""The settings of power, network, meetings and notices."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator

from zoomsync_agent.settings.values import Word, as_rate, as_yes_or_no, setting

_FOUR_MBIT: Final = 500_000
"""A meeting with video takes up to 4 Mbit/s, and a slow line carries 10 up: half a MB is left."""


class SurroundingsSettings(BaseModel):
    """What the agent does while something else is more important, and what it tells."""

    pause_on_battery: Annotated[Literal["no", "yes"], BeforeValidator(as_yes_or_no)] = setting(
        "ZOOMSYNC_PAUSE_ON_BATTERY",
        "yes or no",
        "Whether nothing is uploaded or downloaded while this computer runs on battery.",
        "no",
    )
    pause_on_metered: Annotated[Literal["no", "yes"], BeforeValidator(as_yes_or_no)] = setting(
        "ZOOMSYNC_PAUSE_ON_METERED",
        "yes or no",
        "Whether nothing is uploaded or downloaded over a network that is paid by volume, such as "
        "a phone's. Windows, and Linux with NetworkManager, can tell; macOS cannot.",
        "no",
    )
    meeting_bandwidth_limit: Annotated[int, BeforeValidator(as_rate)] = setting(
        "ZOOMSYNC_MEETING_BANDWIDTH_LIMIT",
        "0 for no limit, or bytes per second from 1K to 1000G, as in 500K, 5M, 2 MB/s, 1MiB",
        "How many bytes per second all uploads and downloads together may use while a Zoom "
        "meeting runs on this computer.",
        _FOUR_MBIT,
    )
    notify: Annotated[Literal["problems", "all", "off"], Word] = setting(
        "ZOOMSYNC_NOTIFY",
        "problems, all or off",
        "What notices on the desktop tell: what needs you or failed, what is safe too, or nothing.",
        "problems",
    )
