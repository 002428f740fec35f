"""A stand-in for Zoom on the loopback: sign-in, the REST interface, downloads and their CDN."""

from tests.fakes.http_server import (
    Seen,
    answer,
    cut_before_body,
    delay,
    html,
    lose_answer,
)
from tests.fakes.zoom.browser import visit
from tests.fakes.zoom.contents import Held, Pattern, all_of, sha256_of
from tests.fakes.zoom.faults import (
    Action,
    Exchange,
    Fault,
    api_error,
    break_after,
    fetching,
    forbidden_json,
    host_only_page,
    passcode_page,
    short_body,
    sign_in_page,
    stall_after,
    with_headers,
)
from tests.fakes.zoom.generating import generate
from tests.fakes.zoom.grants import challenge_of
from tests.fakes.zoom.recordings import FILE_KINDS, Meeting, RecordingFile, Summary, User
from tests.fakes.zoom.scopes import ADMIN_SCOPES, READ_SCOPES, TRASH_SCOPES
from tests.fakes.zoom.server import ZoomServer

__all__ = [
    "ADMIN_SCOPES",
    "FILE_KINDS",
    "READ_SCOPES",
    "TRASH_SCOPES",
    "Action",
    "Exchange",
    "Fault",
    "Held",
    "Meeting",
    "Pattern",
    "RecordingFile",
    "Seen",
    "Summary",
    "User",
    "ZoomServer",
    "all_of",
    "answer",
    "api_error",
    "break_after",
    "challenge_of",
    "cut_before_body",
    "delay",
    "fetching",
    "forbidden_json",
    "generate",
    "host_only_page",
    "html",
    "lose_answer",
    "passcode_page",
    "sha256_of",
    "short_body",
    "sign_in_page",
    "stall_after",
    "visit",
    "with_headers",
]
