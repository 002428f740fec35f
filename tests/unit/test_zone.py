"""This machine's zone where only the C library knows its rules."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest

from zoomsync_agent.core.naming import meeting
from zoomsync_agent.desktop.zone import _SystemZone


@pytest.fixture
def narrow(monkeypatch):
    """A C library that knows the years 1970 to 3000 only, as that of Windows does."""
    real = time.localtime

    def localtime(seconds):
        if not 0 <= seconds < 32_536_799_999:
            raise OSError(22, "Invalid argument")
        return real(seconds)

    monkeypatch.setattr(time, "localtime", localtime)


@pytest.mark.parametrize("year", [1, 1601, 1969, 3001, 9999])
@pytest.mark.usefixtures("narrow")
def test_a_year_that_the_library_refuses_has_the_rules_of_another(year):
    """Summer is summer and winter is winter; nothing is raised."""
    zone = _SystemZone()
    for month in (1, 7):
        odd = datetime(year, month, 15, 12, tzinfo=zone)
        near = datetime(2000, month, 15, 12, tzinfo=zone)
        assert odd.utcoffset() == near.utcoffset()
        assert (odd.dst(), odd.tzname()) == (near.dst(), near.tzname())


@pytest.mark.usefixtures("narrow")
def test_the_leap_day_of_a_refused_year_is_a_day():
    """The year that stands in has a 29 February."""
    assert isinstance(datetime(1904, 2, 29, tzinfo=_SystemZone()).utcoffset(), timedelta)


def test_an_ordinary_moment_is_local_time():
    """It is what the C library says."""
    moment = datetime(2024, 7, 1, 12, tzinfo=_SystemZone())
    assert moment.timestamp() == time.mktime((2024, 7, 1, 12, 0, 0, 0, 0, -1))
    assert moment.astimezone(UTC).tzinfo is UTC


@pytest.mark.usefixtures("narrow")
def test_a_folder_of_an_impossible_year_is_undated():
    """It is a folder with a name and without a start."""
    found = meeting(PurePosixPath("1901-01-01 09.00.00 Old/video1.mp4"), zone=_SystemZone())
    assert (found.title, found.started_at) == ("1901-01-01 09.00.00 Old", None)
