"""The time zone in which Zoom names its folders: this machine's."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LOCALTIME: Final = Path("/etc/localtime")
_YEAR_OF_RULES: Final = 2000
"""A leap year, so that every date has its day in it."""


def local_zone() -> tzinfo:
    """Return this machine's zone with its rules, or the offset of today where none can be found.

    The rules matter: a folder name from last winter is in last winter's time.
    """
    for name in _names():
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    if sys.platform != "win32" and _LOCALTIME.is_file():
        try:
            with _LOCALTIME.open("rb") as file:
                return ZoneInfo.from_file(file, key="local")
        except (ValueError, OSError):
            pass
    if sys.platform == "win32":
        return _SystemZone()
    offset = datetime.now(UTC).astimezone().utcoffset()
    return timezone(offset or timedelta(0))


def _names() -> list[str]:
    names = []
    if os.environ.get("TZ"):
        names.append(os.environ["TZ"].removeprefix(":"))
    try:
        target = _LOCALTIME.readlink().as_posix()
    except (OSError, ValueError):
        return names
    if "zoneinfo/" in target:
        names.append(target.split("zoneinfo/", 1)[1])
    return names


class _SystemZone(tzinfo):
    """Windows: the C library knows the rules of the zone but not its IANA name.

    It knows them for the years 1970 to 3000 only; any other year has the rules of another one.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta:
        return timedelta(seconds=self._local(dt).tm_gmtoff) if dt else timedelta(0)

    def dst(self, dt: datetime | None) -> timedelta:
        return timedelta(hours=1) if dt and self._local(dt).tm_isdst > 0 else timedelta(0)

    def tzname(self, dt: datetime | None) -> str:
        return self._local(dt).tm_zone if dt else "local"

    @staticmethod
    def _local(dt: datetime | None) -> time.struct_time:
        moment = dt or datetime.now()  # noqa: DTZ005  the wall clock is what is asked about
        moment = moment.replace(tzinfo=None)
        try:
            return time.localtime(moment.timestamp())
        except (OSError, OverflowError, ValueError):
            return time.localtime(moment.replace(year=_YEAR_OF_RULES).timestamp())
