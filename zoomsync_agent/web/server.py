"""Serves the page as a service that can be stopped."""

import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from zoomsync_agent.service import ThreadService

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

_log = logging.getLogger(__name__)
HOST: Final = "127.0.0.1"


class WebServer(ThreadService):
    """The page's server on loopback.

    Args:
        make_app: makes the application; called on the service's thread, because Flask takes a
            tenth of a second to load and nothing waits for it.
        port: where to listen; where it is taken, or 0, any that is free.
        on_url: told the address once it is known.
    """

    def __init__(
        self, make_app: "Callable[[], Flask]", port: int, on_url: Callable[[str], None]
    ) -> None:
        super().__init__("web")
        self._make_app = make_app
        self._port = port
        self._on_url = on_url
        self._server: BaseWSGIServer | None = None

    def _run(self) -> None:
        from werkzeug.serving import make_server  # noqa: PLC0415  loaded on this thread

        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        app = self._make_app()
        port = self._port if _is_free(self._port) else 0
        self._server = make_server(HOST, port, app, threaded=True)
        if port != self._port:
            _log.warning("port %d is taken; the page is at %d", self._port, self._server.port)
        try:
            self._on_url(f"http://{HOST}:{self._server.server_port}/")
            while not self._stopping.is_set():
                self._server.timeout = 1.0
                self._server.handle_request()
        finally:
            server, self._server = self._server, None
            server.server_close()


def _is_free(port: int) -> bool:
    """Whether the port can be had. werkzeug ends the program when it cannot."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would allow two servers on one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
