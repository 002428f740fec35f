"""watchdog's events, reduced to hints where to look."""

from pathlib import Path

import pytest
from watchdog import events

from zoomsync_agent.sources.observer import Forwarder, Hint

ROOT = Path("/recordings")
INSIDE = ROOT / "2024-03-01 09.00.00 Weekly"


def _hints(event):
    told = []
    Forwarder(told.append).dispatch(event)
    return told


@pytest.mark.parametrize(
    ("event", "hints"),
    [
        (events.DirModifiedEvent(str(ROOT)), [Hint(ROOT, is_write=True)]),
        (events.DirModifiedEvent(str(INSIDE)), [Hint(INSIDE, is_write=True)]),
        (events.DirCreatedEvent(str(INSIDE)), [Hint(INSIDE, is_new_folder=True), Hint(ROOT)]),
        (events.DirDeletedEvent(str(INSIDE)), [Hint(ROOT)]),
        (events.FileCreatedEvent(str(INSIDE / "a.mp4")), [Hint(INSIDE)]),
        (events.FileModifiedEvent(str(INSIDE / "a.mp4")), [Hint(INSIDE, is_write=True)]),
        (events.FileMovedEvent(str(ROOT / "a.tmp"), str(INSIDE / "a.mp4")),
         [Hint(ROOT), Hint(INSIDE)]),
        (events.FileOpenedEvent(str(INSIDE / "a.mp4")), []),
    ],
)  # fmt: skip
def test_an_event_names_the_folder_to_look_into(event, hints):
    """A folder that was modified is that folder: the one above has nothing new in it."""
    assert _hints(event) == hints
