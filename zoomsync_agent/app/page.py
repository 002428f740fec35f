"""The site of a run: served beside its agents, and longer than any of them."""

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Final, Self

from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.core.errors import NotAllowed
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.single_instance import holder
from zoomsync_agent.engine.supervisor import Supervisor
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.web.paths import UPLOADS
from zoomsync_agent.web.server import WebServer
from zoomsync_agent.web.site import Site

PAGE_KEY: Final = "page.token"
STOP_SECONDS: Final = 4.0


class Page:
    """Serves the site while the context lasts.

    Args:
        desk: what the page can do.
        home: keeps the token.
        on_url: told the address, each time that it is another one.
        log: where events go.
    """

    def __init__(self, desk: AppDesk, home: Home, on_url: Callable[[str], None], log: Log) -> None:
        settings = desk.settings()

        def announce(url: str) -> None:
            desk.url = url
            on_url(url)

        self._site = Site(desk, partial(page_token, home), settings.page_origins.split())
        server = WebServer(
            self._site,
            settings.port,
            announce,
            on_stop=self._site.close,
            takes_files=UPLOADS,
        )
        self._supervisor = Supervisor([server], clock=SystemClock(), log=log)

    def __enter__(self) -> Self:
        self._supervisor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._supervisor.stop(STOP_SECONDS)

    def check(self) -> None:
        """Bring the server back should it have died."""
        self._supervisor.check()


def page_token(home: Home) -> str:
    """Return the token that lets programs use the API of a home's agent; it is made on first use.

    Args:
        home: whose agent.
    """
    from zoomsync_agent.web.guard import load_token  # noqa: PLC0415  Flask costs 105 ms

    return load_token(home.ensure().data / PAGE_KEY)


def page_link(home: Home, page: str = "") -> str:
    """Return a link that opens the running agent's page once.

    Args:
        home: whose agent.
        page: which page, without a slash before it; the overview by default.

    Raises:
        NotAllowed: no agent runs, or it has no page.
    """
    from zoomsync_agent.web import guard  # noqa: PLC0415  Flask costs 105 ms

    owner = holder(home)
    if owner is None or not owner.url:
        raise NotAllowed("There is a page only while the agent runs: zoomsync run")
    return guard.link(owner.url, page_token(home), page)
