"""Does what an entry of the menu asks for."""

from datetime import datetime, time, timedelta
from typing import Final

from zoomsync_agent.desktop.zone import local_zone
from zoomsync_agent.tray.desk import TrayDesk
from zoomsync_agent.tray.menu import Action

_HOUR_SECONDS: Final = 3600.0
_MORNING: Final = time(8)


def seconds_until_tomorrow(now: datetime) -> float:
    """Return how long it is until eight o'clock of the next day; *now* has a zone."""
    morning = datetime.combine(now.date() + timedelta(days=1), _MORNING, now.tzinfo)
    return morning.timestamp() - now.timestamp()


def perform(  # noqa: C901, PLR0912  one case an action reads as the table it is
    desk: TrayDesk, action: Action, argument: str = "", *, now: datetime | None = None
) -> None:
    """Do what *action* asks for.

    Args:
        desk: does it.
        action: what.
        argument: which page, which recording.
        now: the time, with its zone; that of this machine where None.

    Raises:
        AgentError: it cannot be done.
    """
    match action:
        case Action.OPEN_PAGE:
            desk.open_page(argument)
        case Action.OPEN_ARCHIVE:
            desk.open_archive()
        case Action.OPEN_RECORDING:
            desk.open_recording(argument)
        case Action.WATCH:
            desk.watch(wanted=True)
        case Action.REST:
            desk.watch(wanted=False)
        case Action.PAUSE_HOUR:
            desk.pause(_HOUR_SECONDS)
        case Action.PAUSE_TOMORROW:
            desk.pause(seconds_until_tomorrow(now or datetime.now(local_zone())))
        case Action.RESUME:
            desk.resume()
        case Action.CHOOSE_FOLDER:
            desk.choose_folder()
        case Action.SIGN_IN:
            desk.sign_in_zoom()
        case Action.START_AT_LOGIN:
            desk.set_at_login(wanted=True)
        case Action.NOT_AT_LOGIN:
            desk.set_at_login(wanted=False)
        case Action.QUIT:
            desk.end()
