"""The façades for people over an engine's own stores."""

from datetime import UTC, tzinfo

from tests.fakes.workshop import Workshop
from zoomsync_agent.catalog.lists import Lists
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.control import Control, Library, Place
from zoomsync_agent.sqlite import Database
from zoomsync_agent.store.journal import SqliteJournal
from zoomsync_agent.store.overview import Overview


def library_of(shop: Workshop, catalog: Database, *, zone: tzinfo = UTC) -> Library:
    """Return what people see of the recordings of *shop*, whose rows are in *catalog*."""
    return Library(
        LocalCatalog(catalog),
        Lists(catalog),
        overview=Overview(shop.db),
        journal=SqliteJournal(shop.db),
        meetings=shop.meetings,
        state=shop.state,
        clock=shop.clock,
        zone=zone,
        destination=shop.destination.name,
    )


def control_of(shop: Workshop, catalog: Database, *, pid: int | None) -> Control:
    """Return what people see and do; *pid* is that of a running agent."""
    return Control(
        shop.jobs,
        Overview(shop.db),
        LocalCatalog(catalog),
        shop.state,
        journal=SqliteJournal(shop.db),
        library=library_of(shop, catalog),
        clock=shop.clock,
        place=Place(shop.root, "folder", "/archive", pid=pid),
    )
