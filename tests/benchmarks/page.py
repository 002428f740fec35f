"""A hundred thousand recordings: lists, filters, searches, the journal, and the first glance."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.big_catalog import RECORDINGS, TRANSCRIPTS, Questions, big_catalog
from tests.benchmarks.browsing import measure_site
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import median, percentile
from zoomsync_agent.app.controls import build_control
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.control import Control
from zoomsync_agent.core.listing import Query, Sort
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.desktop import paths
from zoomsync_agent.settings import load

LISTED_MS: Final = 30.0
GLANCE_MS: Final = 15.0
_TIMES: Final = 10
_YEAR_SECONDS: Final = 365 * 86_400.0
_SOME_DAY: Final = 1_580_000_000.0
_FILTERS: Final = (
    Query(),
    *(Query(sort=sort, ascending=up) for sort in Sort for up in (False, True)),
    Query(status=ProcessingStatus.FAILED),
    Query(status=ProcessingStatus.COMPLETED, sort=Sort.TITLE),
    Query(source="zoom", sort=Sort.SIZE),
    Query(kind=Kind.AUDIO),
    Query(since=_SOME_DAY, until=_SOME_DAY + _YEAR_SECONDS),
    Query(kind=Kind.VIDEO, source="local", since=_SOME_DAY, until=_SOME_DAY + _YEAR_SECONDS),
)


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Ask for everything that a page shows; *quick* does so over a small part of it."""
    share = 200 if quick else 1
    began = time.monotonic()
    questions = big_catalog(place, recordings=RECORDINGS // share, transcripts=TRANSCRIPTS // share)
    made = Figure("page: catalog made", time.monotonic() - began, "s")
    with opened(place) as control:
        found = [made, *_lists(control), *_searches(control, questions), *_others(control)]
        first = control.library.listing(Query(questions.rare[0])).found[0].row.recording_id
    return found + measure_site(place, questions, first, quick=quick)


@contextmanager
def opened(place: Path) -> Iterator[Control]:
    """Give the façade over the home at *place*, as if an agent ran there."""
    environ = {**os.environ, paths.HOME_VARIABLE: str(place)}
    home = paths.home(environ).ensure()
    databases = Databases(home)
    with closing(databases):
        databases.open_beside()
        settings = load(home, environ, cwd=place)
        yield build_control(databases, settings, pid=1)


def _lists(control: Control) -> list[Figure]:
    library = control.library
    first = library.listing(Query())
    later = [
        lambda query=query: library.listing(query)
        for query in (*_FILTERS, Query(cursor=first.next))
    ]
    return _figures("list or filter", later, LISTED_MS, f"{first.total:,} recordings, with total")


def _searches(control: Control, questions: Questions) -> list[Figure]:
    library = control.library
    figures = []
    for name, texts in questions.by_name.items():
        asked = [lambda text=text: library.listing(Query(text)) for text in texts]
        hits = [library.listing(Query(text)).total for text in texts]
        note = f"{min(hits):,} to {max(hits):,} hits, with total"
        figures += _figures(f"search for {name}", asked, LISTED_MS, note)
    filtered = [
        lambda text=text: library.listing(
            Query(text, source="zoom", sort=Sort.TITLE, ascending=True)
        )
        for text in (*questions.common, *questions.rare)
    ]
    return figures + _figures("search, filtered and sorted", filtered, LISTED_MS)


def _others(control: Control) -> list[Figure]:
    library = control.library
    row = next(
        found.row for found in library.listing(Query(status=ProcessingStatus.COMPLETED)).found
    )
    return [
        *_figures("snapshot", [control.snapshot], GLANCE_MS, "of 100,000 finished jobs"),
        *_figures("journal", [lambda: library.activity(limit=100)], LISTED_MS),
        *_figures("journal, a word that is nowhere", [lambda: library.activity(text="nowhere")]),
        *_figures("history of a file", [lambda: library.history(row)], LISTED_MS),
        *_figures("30 days", [lambda: library.days(30)], LISTED_MS),
        *_figures("one by its id", [lambda: control.recording(row.recording_id)], LISTED_MS),
    ]


def _figures(
    name: str, calls: list[Callable[[], object]], target: float | None = None, note: str = ""
) -> list[Figure]:
    """Measure *calls* several times each, in turn, so that none finds its own pages at hand."""
    spent = []
    for _ in range(_TIMES):
        for call in calls:
            began = time.perf_counter()
            call()
            spent.append((time.perf_counter() - began) * 1_000)
    return [
        Figure(f"page: {name}, median", median(spent), "ms", None, note),
        Figure(f"page: {name}, p95", percentile(spent, 95), "ms", target, note),
    ]
