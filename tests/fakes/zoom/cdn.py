"""The store behind Zoom, at a host of its own: signed addresses, ranges, and no tokens."""

import base64
import json

from tests.fakes.http_server import Answer, HttpServer, Request
from tests.fakes.zoom.downloads import CDN_PREFIX, sent
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.state import State


class Cdn(HttpServer[Exchange]):
    """What a `download_url` leads to; it knows files by their keys."""

    def __init__(self, zoom: State) -> None:
        super().__init__(name="zoom-cdn")
        self._zoom = zoom

    def _open(self, request: Request) -> Exchange:
        return Exchange(request, self.stopping, self._zoom)

    def _respond(self, exchange: Exchange) -> Answer:
        zoom, request = self._zoom, exchange.request
        token = request.headers.get("authorization") or request.query.get("access_token")
        if token is not None:
            zoom.leaked.append(token)
            if zoom.cdn_refuses_bearer:
                return _refused(400, "InvalidArgument", "Only one auth mechanism allowed")
        if request.method not in ("GET", "HEAD") or not self._is_signed(request):
            return _refused(403, "AccessDenied", "Access denied")
        found = zoom.file_with(request.seen.path.split("/")[-2])
        if found is None:
            return _refused(404, "NoSuchKey", "The specified key does not exist.")
        return sent(exchange, found[1])

    def _is_signed(self, request: Request) -> bool:
        """Return whether the address is one that Zoom has signed, and is still good."""
        path, policy = request.seen.path, request.query.get("Policy", "")
        if not path.startswith(CDN_PREFIX):
            return False
        if request.query.get("Signature") != self._zoom.sign(f"{path}?{policy}"):
            return False
        try:
            told = json.loads(base64.urlsafe_b64decode(policy))
        except ValueError:
            return False
        expires = told["Statement"][0]["Condition"]["DateLessThan"]["AWS:EpochTime"]
        return bool(expires > self._zoom.clock())


def _refused(status: int, code: str, message: str) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code>'
    text += f"<Message>{message}</Message></Error>"
    return Answer(status, text.encode(), {"content-type": "text/xml"})
