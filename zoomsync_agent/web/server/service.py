"""Serves the site on loopback as a service that can be stopped.

cheroot is the server: it hands bodies on while they arrive, so that a recording of many gigabytes
goes to disk once, and it ends cleanly. What it lacks is added in `patient`: no thread is given to a
client before all of its request is there, but for the body of an upload. However many send however
slowly, those who do not are served.
"""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from zoomsync_agent.service import ThreadService

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

    from zoomsync_agent.web.server.patient import Patient

_log = logging.getLogger(__name__)
HOST: Final = "127.0.0.1"
DEADLINE_SECONDS: Final = 10.0
"""So long a client has for its request, and for taking an answer that is short."""


class WebServer(ThreadService):
    """The site's server on loopback.

    Args:
        site: the application.
        port: where to listen; where it is taken, or 0, any that is free.
        on_url: told the address once it is known.
        on_stop: called when the server is to end, before it waits for those who are served.
        takes_files: paths under which a body may be large; under others no thread waits for one.
        deadline_seconds: see `DEADLINE_SECONDS`.
    """

    def __init__(
        self,
        site: "WSGIApplication",
        port: int,
        on_url: Callable[[str], None],
        *,
        on_stop: Callable[[], None] = lambda: None,
        takes_files: Collection[str] = (),
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        super().__init__("web")
        self._site = site
        self._port = port
        self._on_url = on_url
        self._on_stop = on_stop
        self._takes_files = frozenset(takes_files)
        self._deadline_seconds = deadline_seconds
        self._server: Patient | None = None
        self._ending: threading.Thread | None = None

    def _run(self) -> None:
        from zoomsync_agent.web.server.patient import Patient  # noqa: PLC0415  see there

        server = Patient(
            (HOST, self._port if _is_free(self._port) else 0),
            self._site,
            deadline_seconds=self._deadline_seconds,
            takes_files=self._takes_files,
        )
        try:
            server.prepare()
            port = server.bind_addr[1]
            if self._port not in (0, port):
                _log.warning("port %d is taken; the page is at %d", self._port, port)
            self._server = server
            self._on_url(f"http://{HOST}:{port}/")
            if not self._stopping.is_set():
                server.serve()
        finally:
            self._end(server)
            self._server = self._ending = None

    def _wake(self) -> None:
        server = self._server
        if server is not None and self._ending is None:
            self._on_stop()
            # It waits for those who are served; whoever asks to stop does not.
            self._ending = threading.Thread(target=server.stop, name="web-stop", daemon=True)
            self._ending.start()

    def _end(self, server: "Patient") -> None:
        """Return when nobody is served any more and the port is free."""
        ending = self._ending
        if ending is not None:
            ending.join()
        server.stop()


def _is_free(port: int) -> bool:
    """Return whether a port can be had. cheroot leaves a socket open where it cannot."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would allow two servers on one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
