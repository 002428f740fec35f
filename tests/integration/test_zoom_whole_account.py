"""Whatever an account looks like and however it grows: in the end each file is safe, once."""

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.zoom import break_after, forbidden_json, generate, html, short_body, sign_in_page
from tests.fakes.zoom_world import DAY, HOUR, TWO_YEARS, ZoomWorld
from zoomsync_agent.core.job import State

_DOWNLOADS = "/rec/"
_STORE = "/cdn/"


def _disturb(world, random):
    """Let some of what is asked go wrong, each thing a few times."""
    downloads = [sign_in_page(), forbidden_json(), forbidden_json(401), html(502)]
    for action in downloads:
        world.fault(_sometimes(random, _DOWNLOADS), action, random.randrange(4))
    for action in (break_after(random.randrange(3_000)), short_body(random.randrange(3_000))):
        world.fault(_sometimes(random, _STORE), action, random.randrange(6), at_cdn=True)
    world.fault(_sometimes(random, "/recordings"), html(503), random.randrange(4))


def _sometimes(random, prefix):
    return lambda seen: prefix in seen.path and random.random() < 0.2


def _grow(world, random, seed):
    """Let a day pass in which meetings are held, trashed, taken back, and files come late."""
    world.clock.advance(random.random() * 12 * HOUR)
    generate(world.zoom, seed, random.randrange(6), sizes=(2_000, 8_000), span_seconds=2 * DAY)
    meetings = list(world.zoom.meetings.values())
    now = world.clock.now()
    for meeting in random.sample(meetings, min(3, len(meetings))):
        if meeting.trashed_at is None and meeting.files and not meeting.is_running:
            meeting.trashed_at = now
        else:
            meeting.trashed_at = None
    for meeting in random.sample(meetings, min(2, len(meetings))):
        if meeting.files and now - meeting.start < 5 * DAY:
            world.zoom.add_file(meeting, "chat", appears_at=now + random.random() * DAY)
            if random.random() < 0.3:
                world.zoom.add_participant(meeting, f"Ann {seed}")


@pytest.mark.timeout(600)  # together the examples may take minutes on a busy machine
@settings(max_examples=4, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    meetings=st.sampled_from([0, 5, 40, 120]),
    shuffles=st.booleans(),
    hides=st.booleans(),
    days=st.integers(0, 5),
)
def test_every_file_of_an_account_is_safe_once(seed, meetings, shuffles, hides, days):
    """Byte for byte, however it was disturbed, and the spool is empty."""
    random = Random(seed)  # noqa: S311  the same story every time
    with tempfile.TemporaryDirectory() as folder, ZoomWorld(Path(folder), since=TWO_YEARS) as world:
        world.zoom.shuffles, world.zoom.hides_processing = shuffles, hides
        generate(world.zoom, seed, meetings, sizes=(2_000, 8_000))
        _disturb(world, random)
        for day in range(days):
            world.bring_home()
            _grow(world, random, seed + day + 1)
            if random.random() < 0.4:
                world.restart()
        world.settle(8, step_seconds=12 * HOUR)  # each week everything is read again
        missing = world.wanted() - set(world.stored())
        assert not missing, f"{len(missing)} of {len(world.wanted())} files are not safe"
        assert not world.waiting()
        assert not world.shop.jobs.counts()[State.BLOCKED]
        world.expect_honest()
