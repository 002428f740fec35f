"""An account that looks lived in, made from a seed."""

import itertools
from random import Random
from typing import Final

from tests.fakes.zoom.library import Library
from tests.fakes.zoom.recordings import Meeting
from tests.fakes.zoom.uuids import KINDS, new_uuid

_TOPICS: Final = (
    "Weekly Sync",
    "Planning: part 2",
    "Jill Chill's Personal Meeting Room",
    "Reunión de Álvaro Núñez",
    "Интервью с Ольгой",
    "週次会議（例）",
    "a/b <test> \"quoted\" 'twice'",
    "  Data Basics (April)  ",
    "..",
    "",
)
_TEXTS: Final = (
    ("chat", 0.5),
    ("transcript", 0.6),
    ("timeline", 0.5),
    ("summary", 0.2),
    ("next_steps", 0.2),
    ("captions", 0.1),
)
_YEARS_SECONDS: Final = 2 * 365 * 86_400
_RECENT_SECONDS: Final = 3 * 86_400
# About what chance gives, with the rare kinds a little more often.
_KIND_WEIGHTS: Final = (60, 28, 6, 6)


def generate(
    library: Library,
    seed: int,
    meetings: int,
    *,
    sizes: tuple[int, int] = (2_000, 60_000),
    span_seconds: float = _YEARS_SECONDS,
) -> list[Meeting]:
    """Fill an account with meetings of the first user.

    Most are complete. A few were too short, are in the trash, or have a file of a kind that nobody
    knows. What is younger than three days has files that come later, up to a day from now.

    Args:
        library: whose account.
        seed: the same one gives the same account.
        meetings: how many.
        sizes: least and most bytes of a video or a sound, which are made as they are sent.
        span_seconds: how far back.
    """
    random = Random(seed)  # noqa: S311  the same account every time
    numbers = itertools.count(90_000_000_000 + 100_000 * seed % 9_000_000_000)
    series = [next(numbers) for _ in range(12)]
    now = library.clock()
    made = []
    for _ in range(meetings):
        kind = random.choices(KINDS, _KIND_WEIGHTS)[0]
        in_series = random.random() < 0.4
        meeting = library.add_meeting(
            random.choice(_TOPICS),
            now - 86_400 / 24 - random.random() * span_seconds,
            random.randrange(0, 90),
            None if random.random() < 0.02 else (),
            uuid=new_uuid(random, kind),
            number=random.choice(series) if in_series else next(numbers),
            kind=8 if in_series else 2,
        )
        if meeting.files is not None:
            _fill(library, random, meeting, sizes)
            if random.random() < 0.02:
                meeting.trashed_at = now - random.random() * 20 * 86_400
        made.append(meeting)
    return made


def _fill(library: Library, random: Random, meeting: Meeting, sizes: tuple[int, int]) -> None:
    """Give a meeting its files, late ones if it is young."""
    now = library.clock()
    is_recent = now - meeting.start < _RECENT_SECONDS

    def later() -> float:
        is_late = is_recent and random.random() < 0.5
        return now + random.random() * 86_400 if is_late else 0.0

    ready = later()
    for kind in ("video", "audio"):
        library.add_file(meeting, kind, random.randint(*sizes), completes_at=ready)
    if random.random() < 0.1:
        again = meeting.start + 30 * meeting.duration
        size = random.randint(*sizes)
        library.add_file(meeting, "video", size, start=again + 5, completes_at=ready)
    for kind, chance in _TEXTS:
        if random.random() < chance:
            library.add_file(meeting, kind, appears_at=max(ready, later()))
    if random.random() < 0.02:
        library.add_file(
            meeting,
            "chat",
            file_type="AIC",
            file_extension="BIN",
            recording_type="aic_conversation",
        )
    if random.random() < 0.3:
        library.add_summary(meeting, appears_at=later())
