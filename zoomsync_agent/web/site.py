"""The whole site: pages for people and the API for programs, each made when it is first asked for.

An agent that nobody looks at needs neither, and Flask costs 20 MB and a third of a second.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from zoomsync_agent.web.pulse import Pulse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from zoomsync_agent.web.desk import Desk

_PAGES: Final = ("/ui", "/static", "/auth/zoom/callback")
"""Where what belongs to people lies; and "/" itself."""


class Site:
    """A WSGI application.

    Args:
        desk: what the page can do.
        token: lets in, as the home keeps it.
        origins: web origins that may use the API from a browser.
    """

    def __init__(self, desk: "Desk", token: Callable[[], str], origins: Sequence[str] = ()) -> None:
        self._desk = desk
        self._token = token
        self._origins = tuple(origins)
        self._began = datetime.now(UTC)  # links may be made before the guard is
        self._making = threading.RLock()
        self._guard: Any = None
        self._made: dict[bool, WSGIApplication] = {}
        self.pulse = Pulse(desk)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        path = str(environ.get("PATH_INFO", ""))
        is_page = path == "/" or any(path == one or path.startswith(f"{one}/") for one in _PAGES)
        return self.application(is_page=is_page)(environ, start_response)

    def close(self) -> None:
        """End the streams."""
        self.pulse.close()

    def application(self, *, is_page: bool) -> "WSGIApplication":
        """Return the application for people, or the one for programs."""
        made = self._made.get(is_page)
        if made is None:
            with self._making:
                made = self._made.get(is_page) or self._make(is_page=is_page)
                self._made[is_page] = made
        return made

    def _make(self, *, is_page: bool) -> "WSGIApplication":
        # Loaded on first use, see above.
        from zoomsync_agent.web.guard import Guard  # noqa: PLC0415

        if self._guard is None:
            self._guard = Guard(
                self._token(),
                origins=self._origins,
                media=self._desk.media_hosts,
                since=self._began,
            )
        if is_page:
            from zoomsync_agent.web.pages import create_pages  # noqa: PLC0415

            return create_pages(self._desk, self._guard, self.pulse)
        from zoomsync_agent.web.api import create_api  # noqa: PLC0415

        return create_api(self._desk, self._guard, self.pulse)
