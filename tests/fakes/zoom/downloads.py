"""Downloads: who may, where the bytes are, and what stands in their place."""

import base64
import json
from typing import Final
from urllib.parse import urlencode

from tests.fakes.http_server import Answer, json_answer
from tests.fakes.http_server.ranges import span
from tests.fakes.zoom.errors import ApiError
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.pages import page
from tests.fakes.zoom.recordings import Meeting, RecordingFile
from tests.fakes.zoom.scopes import FILES
from tests.fakes.zoom.state import State

PREFIXES: Final = ("/rec/download/", "/rec/meeting/transcript/download/")
CDN_PREFIX: Final = "/cdn/"
_TYPES: Final = {
    "MP4": "video/mp4",
    "M4A": "audio/mp4",
    "VTT": "text/vtt",
    "TXT": "text/plain",
    "JSON": "application/json",
    "CSV": "text/csv",
    "JPG": "image/jpeg",
}


class Kept(Exception):
    """The bytes are not given; carries what is."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def handle(exchange: Exchange) -> Answer:
    """Answer a request for a `download_url`: usually with an address of the CDN."""
    zoom = exchange.zoom
    if exchange.request.method not in ("GET", "HEAD"):
        return page("Zoom", "This method is not allowed.", 405)
    try:
        file = _wanted(exchange)
    except Kept as kept:
        return kept.answer
    if not zoom.redirects:
        return sent(exchange, file)
    return Answer(302, headers={"location": signed_url(zoom, file), "cache-control": "no-store"})


def _wanted(exchange: Exchange) -> RecordingFile:
    """Return the file that is asked for.

    Raises:
        Kept: it is not given.
    """
    zoom, path = exchange.zoom, exchange.request.seen.path
    key, _, dated = path.rpartition("/")[2].partition(".")
    found = zoom.file_with(key)
    if found is None:
        raise _gone(zoom)
    meeting, file = found
    _expect_allowed(exchange, meeting, file)
    if zoom.download_url_life is not None and (
        not dated or int(dated, 16) + zoom.download_url_life <= zoom.clock()
    ):
        raise Kept(page("Zoom", "This link has expired."))
    now = zoom.clock()
    is_kept = meeting.trashed_at is None and any(one is file for one in meeting.every_file())
    if not is_kept or not file.is_there(now):
        raise _gone(zoom)
    if not file.is_complete(now):
        raise Kept(page("Zoom", "The recording is being processed."))
    return file


def _gone(zoom: State) -> Kept:
    status = 404 if zoom.deleted_download == "404" else 200
    return Kept(page("Zoom", "This recording does not exist.", status))


def _expect_allowed(exchange: Exchange, meeting: Meeting, file: RecordingFile) -> None:
    """Check the token, which may also stand in the query.

    Raises:
        Kept: it is none, too old, or not for this.
    """
    zoom = exchange.zoom
    name = exchange.token or exchange.query.get("access_token")
    if name is None:
        raise Kept(page("Sign In | Zoom", "Sign in to your Zoom account"))
    if zoom.opens(name, meeting):
        return
    try:
        grant = zoom.grant_of(name)
    except ApiError as error:
        raise _forbidden(zoom, 124) from error
    is_own = grant.user is meeting.host or (
        FILES.reaches_account(grant.scopes) and grant.user.account_id == meeting.host.account_id
    )
    if not FILES.is_let(grant.scopes) or file.only_download_token or not is_own:
        raise _forbidden(zoom, 401)


def _forbidden(zoom: State, code: int) -> Kept:
    told = {"status": False, "errorCode": code, "errorMessage": "Forbidden"}
    return Kept(json_answer(told, 200 if zoom.refusals_as_200 else 401))


def signed_url(zoom: State, file: RecordingFile) -> str:
    """Return an address of the CDN that holds for a while."""
    path = f"{CDN_PREFIX}replay/{file.key}/{file.name}"
    expires = int(zoom.clock() + zoom.signed_url_life)
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    policy = json.dumps({"Statement": [{"Resource": path, "Condition": condition}]})
    text = base64.urlsafe_b64encode(policy.encode()).decode()
    told = {"Policy": text, "Signature": zoom.sign(f"{path}?{text}"), "Key-Pair-Id": "APKAZOOM"}
    return f"{zoom.cdn_url}{path}?{urlencode(told)}"


def sent(exchange: Exchange, file: RecordingFile) -> Answer:
    """Answer with the bytes of a file, or with the range that is asked for."""
    zoom, content, size = exchange.zoom, file.content, file.content.size
    headers = {
        "content-type": _TYPES.get(file.file_extension, "application/octet-stream"),
        "content-disposition": f'attachment; filename="{file.name}"',
        "accept-ranges": "bytes",
        "etag": f'"{file.id}-{size}"',
    }
    asked = exchange.request.headers.get("range") if zoom.honours_range else None
    wanted = span(asked, size)
    if wanted is not None and wanted[0] > wanted[1]:
        return Answer(416, headers={"content-range": f"bytes */{size}"})
    first, last = wanted or (0, size - 1)
    if wanted is not None:
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    headers["content-length"] = str(last - first + 1)
    with zoom.guard:
        zoom.served.append((file.id, first, last - first + 1))
    pieces = content.pieces(first, last)
    return Answer(200 if wanted is None else 206, headers=headers, pieces=pieces)
