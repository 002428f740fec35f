"""Stands before a real S3 server: lets requests pass, and things go wrong on their way."""

import http.client
from urllib.parse import urlsplit

from tests.fakes.http_server import Answer, Exchange, HttpServer, Request

_NOT_PASSED = ("connection", "keep-alive", "transfer-encoding", "content-length", "expect")


class S3Proxy(HttpServer[Exchange]):
    """A proxy on 127.0.0.1 in front of another server, as a context manager.

    Args:
        upstream: base address of the server.

    Attributes:
        spoils: every byte that passes towards the server arrives with a bit flipped.
    """

    def __init__(self, upstream: str) -> None:
        super().__init__(name="s3-proxy")
        self._upstream = urlsplit(upstream).netloc
        self.spoils = False

    def _open(self, request: Request) -> Exchange:
        return Exchange(request, self.stopping)

    def _respond(self, exchange: Exchange) -> Answer:
        """Ask the server behind, with the same Host: it is part of the signature."""
        request = exchange.request
        body = request.body.read()
        if self.spoils and request.method == "PUT":
            body = bytes(byte ^ 1 for byte in body)
        seen = request.seen
        headers = {name: value for name, value in seen.headers.items() if name not in _NOT_PASSED}
        if body or request.method in ("PUT", "POST"):
            headers["content-length"] = str(len(body))
        target = seen.path + (f"?{request.raw_query}" if request.raw_query else "")
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(request.method, target, body or None, headers)
            response = connection.getresponse()
            data = response.read()
        finally:
            connection.close()
        told = {name.lower(): value for name, value in response.getheaders()}
        kept = {name: value for name, value in told.items() if name not in _NOT_PASSED}
        if request.method == "HEAD" and "content-length" in told:
            kept["content-length"] = told["content-length"]
        return Answer(response.status, data, kept)
